'use strict';
/** The stream of events, as it comes and as it breaks. */
const assert = require('node:assert/strict');
const { test } = require('node:test');

const { client, world } = require('..');
const { fake } = require('./fake');

/** A client with an open session at a fake, and the stream of its events. */
async function opened(t, options) {
  const server = await fake(t);
  const ana = client({ url: server.url, ...options });
  t.after(ana.close);
  await ana.sdk.initializeToken('first', async () => 'second');
  await ana.sdk.session.open({ name: 'Ana' });
  return { server, ana, stream: await server.stream() };
}

const BOB = { participant: { id: 'b', info: { name: 'Bob', avatarUrl: null }, status: 'CONNECTED' } };

test('an event reaches the listener of the SDK, with its body and its type', async (t) => {
  const { ana, stream } = await opened(t);
  const heard = new Promise((resolve) => ana.sdk.conference.onParticipantsChange((...given) => resolve(given)));
  stream.send(1, 'conference.participantAdded', BOB);
  assert.deepEqual(await heard, [BOB, 'EVENT_CONFERENCE_PARTICIPANT_ADDED']);
});

test('the first stream begins with the session, and says whose it is', async (t) => {
  const { stream } = await opened(t);
  assert.equal(stream.headers.authorization, 'Bearer first');
  assert.equal(stream.headers['last-event-id'], undefined);
});

test('an event may come in pieces, with characters cut in two, and with carriage returns', async (t) => {
  const { ana, stream } = await opened(t);
  const bytes = Buffer.from('id: 1\r\nevent: command.messageReceived\r\ndata: {"message":\r\ndata: "né"}\r\n\r\n');
  const middle = bytes.indexOf('é') + 1;
  stream.write(bytes.subarray(0, middle));
  await new Promise((resolve) => setImmediate(resolve));
  stream.write(bytes.subarray(middle));
  assert.deepEqual(await ana.native.event('EVENT_COMMAND_MESSAGE_RECEIVED'), { message: 'né' });
});

test('Android leaves out what a participant has not told, iOS has null there', async (t) => {
  const { ana, stream } = await opened(t, { platform: 'android' });
  stream.send(1, 'conference.participantAdded', BOB);
  const { participant } = await ana.native.event('conference.participantAdded');
  assert.deepEqual(participant, { id: 'b', info: { name: 'Bob' }, status: 'CONNECTED' });
});

test('a stream that breaks is taken up behind the last event', async (t) => {
  const { ana, server, stream } = await opened(t);
  stream.send(1, 'command.messageReceived', { message: 'one' });
  await ana.native.event('command.messageReceived');
  server.refuse(null);
  server.refuse(503);
  stream.cut();
  const again = await server.stream();
  assert.equal(again.headers['last-event-id'], '1');
  again.send(2, 'command.messageReceived', { message: 'two' });
  assert.deepEqual(await ana.native.event('command.messageReceived'), { message: 'two' });
});

test('after a gap the stream is taken up behind it', async (t) => {
  const { ana, server, stream } = await opened(t);
  stream.send(7, 'gap', { from: 1, to: 7 });
  stream.send(8, 'command.messageReceived', { message: 'eight' });
  await ana.native.event('command.messageReceived');
  assert.deepEqual(ana.native.events[0], { name: 'gap', body: { from: 1, to: 7 } });
  stream.end();
  assert.equal((await server.stream()).headers['last-event-id'], '8');
});

test('where a stream may not be taken up it begins anew, and nothing is heard twice', async (t) => {
  const { ana, server, stream } = await opened(t);
  stream.send(1, 'command.messageReceived', { message: 'one' });
  await ana.native.event('command.messageReceived');
  server.refuse(410);
  stream.cut();
  const again = await server.stream();
  assert.equal(again.headers['last-event-id'], undefined);
  again.send(1, 'command.messageReceived', { message: 'one' });
  again.send(2, 'command.messageReceived', { message: 'two' });
  assert.deepEqual(await ana.native.event('command.messageReceived'), { message: 'two' });
  again.cut();
  assert.equal((await server.stream()).headers['last-event-id'], '2');
});

test('a stream that is refused for its token goes on with the refreshed one', async (t) => {
  const { ana, server, stream } = await opened(t);
  const refused = server.refuse(401);
  stream.cut();
  await refused;
  await ana.sdk.session.isOpen(); // by now it knows of the refusal
  ana.native.refreshToken();
  assert.equal(await ana.native.refreshed(), 'second');
  const again = await server.stream();
  assert.equal(again.headers.authorization, 'Bearer second');
});

test('a session that is over has no more events, and who waits for one is told', async (t) => {
  const { ana, server, stream } = await opened(t);
  stream.send(1, 'conference.statusUpdated', { status: 'LEFT' });
  server.refuse(409);
  stream.end();
  await assert.rejects(
    ana.native.event('command.messageReceived'),
    /The session is over. EVENT_COMMAND_MESSAGE_RECEIVED had not come. These had: EVENT_CONFERENCE_STATUS_UPDATED./,
  );
});

test('where the simulator has stopped, who waits is told what to do', async (t) => {
  const { ana, server } = await opened(t);
  const waiting = [ana.native.event('command.messageReceived'), ana.native.refreshed()];
  server.stop();
  const stopped = /^No simulator answers at http.* Start one with `openfirst simulate`.* had not come. No event had.$/;
  for (const each of waiting) await assert.rejects(each, { message: stopped });
  await assert.rejects(ana.native.settled(), /^Error: No simulator answers at http/);
});

test('a stream that is refused for good is over, and who waits is told why', async (t) => {
  const { ana, server, stream } = await opened(t);
  const waiting = ana.native.event('command.messageReceived');
  server.refuse(404);
  stream.cut();
  await assert.rejects(waiting, /^Error: No. Begin anew in a world that there is: .* EVENT_COMMAND_MESSAGE_RECEIVED had not come./);
});

test('a stream that comes as something else is asked for again', async (t) => {
  const { ana, server, stream } = await opened(t);
  server.refuse(200);
  stream.cut();
  (await server.stream()).send(1, 'command.messageReceived', { message: 'one' });
  assert.deepEqual(await ana.native.event('command.messageReceived'), { message: 'one' });
});

test('settled does not wait for events whose network is down, and has them as soon as it is up', async (t) => {
  const { ana, server, stream } = await opened(t);
  server.has(1);
  const offline = server.offline();
  stream.cut();
  await ana.native.settled();
  assert.deepEqual(ana.native.events, []);
  offline.end();
  const settled = ana.native.settled();
  (await server.stream()).send(1, 'command.messageReceived', { message: 'one' });
  await settled;
  assert.deepEqual(ana.native.events.map(({ body }) => body), [{ message: 'one' }]);
});

test('what was sent before a close still comes', async (t) => {
  const { ana, stream } = await opened(t);
  await ana.sdk.session.close();
  stream.send(1, 'conference.statusUpdated', { status: 'LEFT' });
  stream.end();
  await ana.native.settled();
  assert.deepEqual(await ana.native.event('conference.statusUpdated'), { status: 'LEFT' });
});

test('settled waits until the events that there are have come, and the calls that they cause', async (t) => {
  const { ana, server, stream } = await opened(t);
  server.has(1);
  server.answers['POST /v1/sessions/s/services/command/send'] = () => [200, { result: null }];
  ana.sdk.command.onMessageReceived(() => ana.sdk.command.send('thanks'));
  let settled = false;
  const settling = ana.native.settled().then(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(settled, false);
  stream.send(1, 'command.messageReceived', { message: 'hello' });
  await settling;
  assert.equal(server.requests.at(-2).url, '/v1/sessions/s/services/command/send');
});

test('an event is given once, in order, and only where it fits', async (t) => {
  const { ana, stream } = await opened(t);
  for (const id of [1, 2, 3]) stream.send(id, 'command.messageReceived', { message: id });
  assert.deepEqual(await ana.native.event('command.messageReceived', ({ message }) => message > 1), { message: 2 });
  assert.deepEqual(await ana.native.event('command.messageReceived'), { message: 1 });
  assert.deepEqual(await ana.native.event('command.messageReceived'), { message: 3 });
});

test('a client that is closed tells those who wait, and nobody who does not', async (t) => {
  const { ana, server, stream } = await opened(t);
  ana.native.event('command.messageReceived'); // nobody waits for this one: no unhandled rejection
  const waiting = ana.native.event('recording.statusUpdated');
  ana.sdk.session.isOpen().then(() => assert.fail('A call that was underway is answered.'), assert.fail);
  ana.close();
  await assert.rejects(waiting, /The client was closed. EVENT_RECORDING_STATUS_UPDATED had not come. No event had./);
  await stream.gone;
  await assert.rejects(ana.sdk.session.close(), /The client was closed/);
  await ana.native.settled();
  const bob = client({ url: server.url, events: false });
  t.after(bob.close);
  await bob.sdk.initializeToken('his', async () => null);
  await bob.sdk.session.open();
  const after = server.requests.filter(({ url }) => !url.endsWith('/events')).map(({ headers }) => headers.authorization);
  assert.deepEqual(after, ['Bearer first', 'Bearer his'], 'Of what was underway nothing is asked any more.');
});

test('an event that the SDK does not have is refused', async (t) => {
  const { ana } = await opened(t);
  assert.throws(() => ana.native.event('EVENT_COMMAND_RECEIVED'), /There is no event "EVENT_COMMAND_RECEIVED" in the SDK. There are EVENT_/);
});

test('an answer that is not that of a simulator is told, with where it came from', async (t) => {
  const server = await fake(t);
  server.answers['POST /_openfirst/worlds'] = () => [404];
  await assert.rejects(world({ url: server.url }), /The answer to POST http:.*worlds is HTTP 404, and not that of a simulator/);
  server.answers['POST /v1/sessions'] = () => [404];
  const ana = client({ url: server.url });
  t.after(ana.close);
  await ana.sdk.initializeToken('first', async () => 'second');
  await assert.rejects(ana.sdk.session.open(), /The answer to POST http:.*sessions is HTTP 404, and not that of a simulator/);
});

test('with events: false nothing is listened to', async (t) => {
  const server = await fake(t);
  const ana = client({ url: server.url, events: false });
  t.after(ana.close);
  await ana.sdk.initializeToken('first', async () => 'second');
  await ana.sdk.session.open();
  await ana.native.settled();
  assert.deepEqual(server.requests.map(({ method }) => method), ['POST']);
});

test('a second initialisation ends what the first one listened to', async (t) => {
  const { ana, stream } = await opened(t);
  await ana.sdk.initializeToken('other', async () => 'second');
  await stream.gone;
});
