'use strict';
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Session } = require('./session.js');

async function control(method, path, body) {
  const url = `${process.env.OPENFIRST_URL}/_openfirst/worlds${path}`;
  const answer = await fetch(url, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text()); // a mistake of this test's own
  return answer.status === 204 ? null : answer.json();
}

test('a session is opened, used and closed', async (t) => {
  const world = await control('POST', '', { scale: 0 }); // a platform of its own, where time stands still
  t.after(() => control('DELETE', `/${world.name}`));
  const { token } = await control('POST', `/${world.name}/tokens`, { externalId: 'ana' });
  const session = new Session(world.url);
  session.initializeToken(token);
  await assert.rejects(session.use('conference', 'create', { alias: 'rehearsal' }), { code: 'session-not-open' });
  await session.open({ name: 'Ana' });
  assert.equal((await session.getParticipant()).info.externalId, 'ana');
  assert.equal((await session.use('conference', 'create', { alias: 'rehearsal' })).alias, 'rehearsal');
  await session.close();
  assert.equal(await session.isOpen(), false);
});
