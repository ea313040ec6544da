// local.mjs
import dolbyio from '@dolbyio/dolbyio-rest-apis-client';

dolbyio.urls.initialize({ api: 'localhost', comms: 'localhost' });
