'use strict';
/** A test that forgets to close: simulator.test.js runs it. */
const { test } = require('node:test');

const { client, world } = require('..');

test('a session is left open', async () => {
  const platform = await world();
  const ana = client({ url: platform.url });
  await ana.sdk.initializeToken(await platform.token('ana'), async () => null);
  await ana.sdk.session.open();
});
