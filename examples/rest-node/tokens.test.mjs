// tokens.test.mjs
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tokenFor } from './tokens.mjs';

const worlds = `${process.env.OPENFIRST_URL}/_openfirst/worlds`;

test('a token is for whom it was asked for, and opens a session', async (t) => {
  const answer = await fetch(worlds, { method: 'POST', body: '{"scale": 0}' });
  const { name, url, key, secret } = await answer.json(); // a platform of this test's own
  t.after(() => fetch(`${worlds}/${name}`, { method: 'DELETE' }));

  const headers = { Authorization: `Bearer ${await tokenFor('ana', key, secret)}` };
  const opened = await fetch(`${url}/v1/sessions`, { method: 'POST', headers, body: '{"name": "Ana"}' });
  assert.equal((await opened.json()).participant.info.externalId, 'ana');
});
