// Every `communications` call of the platform's own Node client, unmodified, over TLS, in the life of a conference.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(`${process.cwd()}/`); // The client is installed in the example's folder.
const client = require('@dolbyio/dolbyio-rest-apis-client');
const { https } = require('follow-redirects');

// The client always asks port 443, which is not everybody's to listen on.
client.urls.initialize({ api: 'localhost', comms: 'localhost' });
const { port } = new URL(process.env.OPENFIRST_TLS_URL);
const request = https.request;
https.request = (options, heard) => {
  const headers = { ...options.headers, Host: options.hostname };
  return request({ ...options, hostname: 'localhost', port, headers }, heard);
};
console.log = () => {}; // It logs each call.

const { monitor, ...own } = client.communications;
// Its index leaves out one of its own modules.
const remixes = require('@dolbyio/dolbyio-rest-apis-client/dist/communications/remix');
const modules = { ...own, remix: remixes, ...Object.fromEntries(Object.entries(monitor).map(([name, each]) => [`monitor.${name}`, each])) };
const called = new Set();
const calls = Object.fromEntries(
  Object.entries(modules).map(([module, functions]) => [
    module,
    new Proxy(functions, {
      get: (of, name) => (...given) => (called.add(`${module}.${name}`), of[name](...given)),
    }),
  ]),
);
const everyCall = Object.entries(modules).flatMap(([module, functions]) =>
  Object.keys(functions)
    .filter((name) => typeof functions[name] === 'function')
    .map((name) => `${module}.${name}`),
);

async function control(method, path, body) {
  const url = `${process.env.OPENFIRST_URL}/_openfirst/worlds${path}`;
  const answer = await fetch(url, { method, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.status === 204 ? null : answer.json();
}

const participant = (world, token) => ({
  async ask(method, path, body) {
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${world.url}/v1/sessions${path}`, { method, headers, body: JSON.stringify(body) });
    const said = answer.status === 204 ? null : await answer.json();
    assert.ok(answer.ok, JSON.stringify(said));
    return said;
  },
  async use(method, ...given) {
    return (await this.ask('POST', `/current/services/${method}`, { arguments: given })).result;
  },
  async heard(name) {
    const { events } = await this.ask('GET', '/current/events');
    return events.filter((event) => event.name === name).map((event) => event.data);
  },
});

test('every call has a true answer', async (t) => {
  const world = await control('POST', '', { scale: 0 }); // time stands still there
  t.after(() => control('DELETE', `/${world.name}`));
  const pass = (seconds) => control('POST', `/${world.name}/clock/advance`, { milliseconds: seconds * 1000 });
  const began = Math.round(world.now * 1000);
  const api = await client.authentication.getApiAccessToken(world.key, world.secret);
  const { conference, recording, streaming, remix } = calls;

  const permissions = ['JOIN', 'SEND_AUDIO'];
  const participants = ['ana', 'ben'].map((externalId) => ({ externalId, permissions, notify: true }));
  const made = await conference.createConference(api, {
    ownerExternalId: 'ana', alias: 'rehearsal', pinCode: '1234', ttl: 300, participants, recordingFormats: ['mp3'], region: 'eu',
  });
  const id = made.conferenceId;
  assert.deepEqual([made.conferenceAlias, made.conferencePincode, made.isProtected], ['rehearsal', '1234', true]);
  assert.deepEqual(Object.keys(made.usersTokens), ['ana', 'ben']);

  const people = {};
  for (const externalId of ['ana', 'ben']) {
    const token = await calls.authentication.getClientAccessTokenV2({ accessToken: api, sessionScope: ['*'], externalId });
    people[externalId] = participant(world, token.access_token);
    await people[externalId].ask('POST', '', { name: externalId });
    const conferenceAccessToken = made.usersTokens[externalId];
    await people[externalId].use('conference/join', { id }, { conferenceAccessToken });
  }
  const { ana, ben } = people;

  const there = (await conference.participants(api, id)).participants;
  assert.deepEqual(there.map((one) => [one.externalId, one.lastJoinTimestamp, one.nbSession]), [['ana', began, 1], ['ben', began, 1]]);
  await conference.sendMessage(api, id, 'ana', [], 'Louder!');
  assert.deepEqual((await ben.heard('command.messageReceived')).map((event) => event.message), ['Louder!']);
  const invited = await conference.invite(api, id, [...participants, { externalId: 'cleo', permissions, notify: false }]);
  assert.deepEqual(Object.keys(invited), ['cleo']);
  const updated = await conference.updatePermissions(api, id, [{ externalId: 'ben', permissions: ['JOIN'] }]);
  assert.deepEqual(Object.keys(updated), ['ben']);
  assert.deepEqual(await ben.heard('conference.permissionsUpdated'), [{ permissions: ['JOIN'] }]);
  const point = { x: 1, y: 0, z: 0 };
  const environment = { scale: point, forward: point, up: point, right: point };
  await conference.setSpatialListenersAudio(api, id, environment, { position: point, direction: point }, { ben: point });

  const mix = { accessToken: api, conferenceId: id };
  await recording.start({ ...mix, resolution: { width: 1280, height: 720 }, mixId: 'wide' });
  await streaming.startRtmp({ ...mix, uri: 'rtmp://127.0.0.1/live' });
  const stream = await streaming.startRts(mix);
  assert.deepEqual([stream.streamName, stream.streamAccountId], [id, 'openfirst']);
  await pass(10);
  await recording.stop(api, id);
  await streaming.stopRtmp(api, id);
  await streaming.stopRts(api, id);
  await conference.kick(api, id, ['ben']);
  assert.equal(await ben.use('conference/current'), null);
  assert.equal((await remix.start({ ...mix, mixId: 'again' })).status, 'IN_PROGRESS');
  await pass(60);
  assert.deepEqual(await remix.getStatus(api, id), { status: 'COMPLETED', region: 'eu', alias: 'rehearsal' });

  const { conferences: [live] } = await calls['monitor.conferences'].listConferences(api, { active: true, livestats: true, alias: 'rehear.*' });
  assert.deepEqual([live.confId, live.live, live.nbUsers, live.start], [id, true, 1, began]);
  await conference.terminate(api, id);
  assert.ok((await ana.heard('conference.statusUpdated')).some((event) => event.status === 'ENDED'));
  for (const person of Object.values(people)) await person.ask('DELETE', '/current');

  await itsMonitor(api, id, there[1].userId);
  assert.deepEqual([...called].sort(), everyCall.sort());
});

async function itsMonitor(api, id, ben) {
  const conferences = calls['monitor.conferences'];
  const over = await conferences.getConference(api, id);
  assert.deepEqual([over.live, over.duration, over.presenceDuration, over.nbUsers], [false, 70_000, 80_000, 2]);
  assert.equal((await conferences.getConferenceStatistics(api, id)).maxParticipants.USER, 2);
  assert.equal((await conferences.listAllConferences(api, { page_size: 1 })).length, 1);
  const page = await conferences.getConferenceParticipants(api, { confId: id, max: 1 });
  assert.equal(Object.keys(page.participants).length, 1);
  const rest = await conferences.getConferenceParticipants(api, { confId: id, max: 1, start: page.next });
  assert.deepEqual(Object.keys(rest.participants), [ben]);
  const every = await conferences.getAllConferenceParticipants(api, { confId: id, page_size: 1 });
  assert.deepEqual(Object.values(every).map((one) => one.connections[0].duration), [70_000, 10_000]);
  const one = await conferences.getConferenceParticipants(api, { confId: id, userId: 'ben' });
  assert.equal(one.participants[ben].connections[0].reason, 'forced');

  const recordings = calls['monitor.recordings'];
  assert.deepEqual((await recordings.getRecordings(api, { mediaType: 'video/mp4' })).recordings, []);
  const all = await recordings.getAllRecordings(api, { region: 'eu', page_size: 1 });
  assert.deepEqual(all.map((each) => [each.mix.mixId, each.duration]), [['wide', 10_000], ['again', 10_000]]);
  const file = await fetch(all[0].url);
  assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'audio/mpeg']);
  const mine = await recordings.getConferenceRecordings(api, { confId: id });
  assert.deepEqual([mine.conference.confAlias, mine.liveConference, mine.recordings.length], ['rehearsal', false, 2]);
  assert.equal((await recordings.getAllConferenceRecordings(api, { confId: id, page_size: 1 })).length, 2);
  await recordings.deleteRecording(api, id);
  await assert.rejects(recordings.deleteRecording(api, id), (text) => {
    assert.match(text, /^This request has been rejected with the response code 404 and description: /);
    return JSON.parse(text.slice(text.indexOf('{'))).type === 'ErrorResponse';
  });

  const webhooks = calls['monitor.webhooks'];
  assert.deepEqual((await webhooks.getEvents(api, { conferenceId: id, type: 'Rec.*' })).webhooks, []);
  assert.deepEqual(await webhooks.getAllEvents(api, {}), []);
}
