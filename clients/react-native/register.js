'use strict';
/** `node --import @openfirst/react-native/register`, or the first import of all: installs with OPENFIRST_URL. */
require('./index').install();
