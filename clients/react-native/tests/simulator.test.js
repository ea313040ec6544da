'use strict';
/** The unmodified SDK on a simulator that runs: `npm test` starts one and says where, in OPENFIRST_URL. */
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { client, world } = require('..');

const URL = process.env.OPENFIRST_URL;
assert.ok(URL, 'There is no OPENFIRST_URL. Run: npm test');

/** A world that is dropped when the test ends; nothing may be left in it. */
async function fresh(t, options) {
  const platform = await world(options);
  t.after(async () => {
    const left = await platform.left();
    await platform.drop();
    assert.deepEqual(left, { sessions: [], faults: [] });
  });
  return platform;
}

/** Somebody with an open session. */
async function opened(platform, name, options) {
  const somebody = platform.client(options);
  await somebody.sdk.initializeToken(await platform.token(name, { expiresIn: 3600 }), () => platform.token(name));
  await somebody.sdk.session.open({ name });
  return somebody;
}

test('two participants meet, talk, and go', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  const bob = await opened(platform, 'bob');
  const said = [];
  bob.sdk.command.onMessageReceived(({ message, participant }) => said.push([message, participant.info.name]));

  const rehearsal = await ana.sdk.conference.create({ alias: 'rehearsal' });
  await ana.sdk.conference.join(rehearsal, {});
  await bob.sdk.conference.join(await bob.sdk.conference.fetch(rehearsal.id), {});
  const { participant } = await ana.native.event('EVENT_CONFERENCE_PARTICIPANT_ADDED', (body) => body.participant.info.name === 'bob');
  assert.equal(participant.id, (await bob.sdk.session.getParticipant()).id);

  await ana.sdk.command.send('from the top please');
  await bob.native.settled();
  assert.deepEqual(said, [['from the top please', 'ana']]);

  await bob.sdk.conference.leave();
  await ana.native.event('EVENT_CONFERENCE_PARTICIPANT_UPDATED', (body) => body.participant.status === 'LEFT');
  await bob.sdk.session.close();
  await ana.sdk.conference.leave({ leaveRoom: true });
  assert.equal(await ana.sdk.session.isOpen(), false);
});

test('the token is refreshed at half of its life, and the new one is used, and refreshed in its turn', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  const first = ana.native.token;
  await platform.advance(1800);
  const second = await ana.native.refreshed();
  assert.notEqual(second, first);
  assert.equal(ana.native.token, second);
  const { happened } = await platform.advance(3000); // the first one is over
  const reminded = happened.filter(({ what }) => what === 'token-refresh').map(({ token }) => token);
  // With the second one nobody has called yet.
  assert.deepEqual(new Set(reminded), new Set([JSON.parse(Buffer.from(second.split('.')[1], 'base64url')).jti]));
  assert.notEqual(await ana.native.refreshed(), second);
  await ana.sdk.conference.create({ alias: 'rehearsal' });
  await ana.sdk.session.close();
});

test('a fresh token is that of the session, also where the session is opened again before anything is asked of it', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana', { events: false });
  ana.native.refreshToken();
  await ana.native.refreshed();
  await assert.rejects(ana.sdk.session.open({ name: 'Ana', externalId: 'zoe' }), { code: 'error' });
  assert.equal(await ana.sdk.session.isOpen(), true);
  await ana.sdk.session.close();
});

test('a refresh for which the app has no token is told, and the old token lives on', async (t) => {
  const platform = await fresh(t);
  const ana = platform.client();
  await ana.sdk.initializeToken(await platform.token('ana', { expiresIn: 3600 }), async () => {
    throw new Error('the token server is down');
  });
  await ana.sdk.session.open();
  await platform.advance(1800);
  await assert.rejects(ana.native.refreshed(), /The app gave no new token: Refreshing token failed./);
  await ana.sdk.session.close();
});

test('with key and secret the token is got and refreshed without the app', async (t) => {
  const platform = await fresh(t);
  const [{ key, secret }] = (await platform.control('GET', '/applications')).applications;
  const ana = platform.client();
  await ana.sdk.initialize(key, secret);
  await ana.sdk.session.open({ name: 'Ana' });
  const first = ana.native.token;
  await platform.advance(1800);
  const second = await ana.native.refreshed();
  assert.notEqual(second, first);
  assert.equal(ana.native.token, second);
  assert.equal((await platform.journal({ operation: 'getClientAccessTokenV1' })).length, 2);
  assert.deepEqual(ana.native.events, [], 'The app is not asked.');
  await platform.fail({ operation: 'getClientAccessTokenV1', kind: 'status', status: 503 });
  await platform.advance(1800);
  await assert.rejects(ana.native.refreshed(), /^Error: Key and secret gave no new token: The fault .* answers in the platform's place/);
  await ana.sdk.session.close();
});

const FAILURES = {
  ios: { participant: ['noCurrentParticipant', 'No current session user.'], before: 'credential', any: 'error' },
  android: { participant: ['EUNSPECIFIED', "No current user's session"], before: 'EUNSPECIFIED', any: 'EUNSPECIFIED' },
};
for (const [platformOfApp, codes] of Object.entries(FAILURES)) {
  test(`failures have the codes that an app sees on ${platformOfApp}`, async (t) => {
    const platform = await fresh(t);
    const ana = platform.client({ platform: platformOfApp });
    await assert.rejects(ana.sdk.session.open(), { code: codes.before, message: 'The SDK is not initialized.' });
    await ana.sdk.initializeToken(await platform.token('ana'), async () => null);
    const [code, message] = codes.participant;
    await assert.rejects(ana.sdk.session.getParticipant(), { code, message });
    await assert.rejects(ana.sdk.conference.create(), (error) => {
      assert.equal(error.code, codes.any);
      assert.equal(error.problem.code, 'session-not-open');
      assert.deepEqual(Object.keys(error).filter((name) => name === 'problem'), []);
      return error instanceof Error;
    });
    await platform.fail({ operation: 'open', kind: 'status', status: 503 });
    await assert.rejects(ana.sdk.session.open(), { code: codes.any });
  });
}

test('a participant on Android has no fields without a value', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana', { platform: 'android' });
  assert.deepEqual((await ana.sdk.session.getParticipant()).info, { name: 'ana', externalId: 'ana' });
  await ana.sdk.session.close();
});

test('what is not simulated says so', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  await assert.rejects(ana.sdk.conference.getLocalStats(), (error) => error.problem.code === 'not-simulated');
  await ana.sdk.session.close();
});

test('two opens at once: one is refused, the session is there, and it is closed', async (t) => {
  const platform = await fresh(t);
  const ana = platform.client();
  await ana.sdk.initializeToken(await platform.token('ana'), async () => null);
  const outcomes = await Promise.allSettled([ana.sdk.session.open({ name: 'Ana' }), ana.sdk.session.open({ name: 'Ana' })]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  await ana.sdk.session.close();
  assert.equal((await platform.journal({ operation: 'open' })).length, 2);
});

test('an open whose answer was lost is found again, with its events', async (t) => {
  const platform = await fresh(t);
  const ana = platform.client();
  await ana.sdk.initializeToken(await platform.token('ana', { expiresIn: 3600 }), () => platform.token('ana'));
  await platform.fail({ operation: 'open', kind: 'lost' });
  await assert.rejects(ana.sdk.session.open(), /The connection to .* broke before the answer was there/);
  assert.equal(await ana.sdk.session.isOpen(), true);
  await platform.advance(1800);
  await ana.native.refreshed();
  await ana.sdk.session.close();
});

test('a session that the platform closes has no more events', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  const waiting = ana.native.event('EVENT_COMMAND_MESSAGE_RECEIVED');
  const { sessions } = await platform.left();
  await platform.control('POST', `/sessions/${sessions[0].id}/close`);
  await assert.rejects(waiting, /The session is over/);
  assert.equal(await ana.sdk.session.isOpen(), false);
});

test('a closed session may be opened again, and is heard again', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  await ana.sdk.session.close();
  await ana.sdk.session.open({ name: 'Ana' });
  await ana.sdk.conference.join(await ana.sdk.conference.create({ alias: 'rehearsal' }), {});
  await ana.native.event('EVENT_CONFERENCE_STATUS_UPDATED', ({ status }) => status === 'JOINED');
  await ana.sdk.session.close();
});

test('settled is not one of the requests of the app: no fault strikes it, and no journal tells of it', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  await ana.native.settled(); // her stream is open
  const before = await platform.journal();
  for (const kind of ['status', 'gap']) await platform.fail({ operation: 'events', kind });
  await ana.native.settled();
  assert.deepEqual(await platform.journal(), before);
  const { faults } = await platform.control('GET', '/faults');
  assert.deepEqual(faults.map(({ fitted }) => fitted), [0, 0]);
  await platform.heal();
  await ana.sdk.session.close();
});

test('settled finds the world of a token that is used at the base URL', async (t) => {
  const platform = await fresh(t);
  const ana = client({ url: URL });
  t.after(ana.close);
  await ana.sdk.initializeToken(await platform.token('ana'), async () => null);
  await ana.sdk.session.open();
  await ana.sdk.conference.join(await ana.sdk.conference.create({ alias: 'rehearsal' }), {});
  await ana.native.settled();
  assert.deepEqual(ana.native.events.slice(0, 2).map(({ body }) => body.status), ['JOINING', 'JOINED']);
  await ana.sdk.session.close();
});

test('a world that is gone back to is listened to, and settles', async (t) => {
  const platform = await fresh(t);
  const ana = await opened(platform, 'ana');
  await ana.sdk.conference.join(await ana.sdk.conference.create({ alias: 'rehearsal' }), {});
  await ana.native.settled();
  await platform.control('PUT', '/snapshot', await platform.control('GET', '/snapshot'));
  await ana.native.settled();
  await ana.sdk.conference.leave();
  await ana.native.event('EVENT_CONFERENCE_STATUS_UPDATED', ({ status }) => status === 'LEFT');
  await ana.sdk.session.close();
});

const GONE = {
  'was reset': ['POST', '/reset', /^Error: The platform refuses the token: .* After a reset of its world no session is left. Begin anew/],
  'was dropped': ['DELETE', '', /^Error: There is no world `w-.*`.* Begin anew in a world that there is/],
};
for (const [what, [method, path, sentence]] of Object.entries(GONE)) {
  test(`who waits is told that the world ${what}`, async () => {
    const platform = await world();
    const ana = await opened(platform, 'ana');
    const waiting = [ana.native.event('command.messageReceived'), ana.native.refreshed()];
    await platform.control(method, path);
    for (const each of [...waiting, ana.native.event('command.messageReceived'), ana.native.settled()]) await assert.rejects(each, sentence);
    ana.close();
  });
}

test('a token that expires while no events come is refreshed when they may, and nothing is missed', async (t) => {
  const platform = await fresh(t);
  await platform.fail({ operation: 'events', kind: 'disconnect' });
  const ana = await opened(platform, 'ana');
  await ana.native.settled(); // her stream is open, and breaks behind its first event
  await platform.fail({ operation: 'events', kind: 'status', status: 503, times: null });
  const rehearsal = await ana.sdk.conference.create({ alias: 'rehearsal' });
  await ana.sdk.conference.join(rehearsal, { constraints: { audio: false, video: false } });
  await ana.native.settled();
  assert.equal(ana.native.events.length, 1);
  await platform.advance(3600);
  await platform.heal();
  await ana.native.refreshed();
  await ana.native.settled();
  const heard = ana.native.events.filter(({ name }) => name === 'EVENT_CONFERENCE_STATUS_UPDATED');
  assert.deepEqual(heard.map(({ body }) => body.status), ['JOINING', 'JOINED']);
  await ana.sdk.session.close();
});

// --- without a simulator, and in processes of their own --------------------------------------------------------------

test('where no simulator answers, the error says what to do', async (t) => {
  const ana = client({ url: 'http://127.0.0.1:9' });
  t.after(ana.close);
  await ana.sdk.initializeToken('token', async () => null);
  await assert.rejects(ana.sdk.session.open(), {
    code: 'error',
    message: /^No simulator answers at http:\/\/127.0.0.1:9 \(ECONNREFUSED\). Start one with `openfirst simulate`/,
  });
  assert.equal(await ana.sdk.session.isOpen(), false);
});

test('an address that is none is refused at once', () => {
  assert.throws(() => client({ url: '127.0.0.1:8765' }), /The url "127.0.0.1:8765" is not the address of a simulator/);
});

test('an option that there is not is refused, with those that there are', () => {
  assert.throws(() => client({ uri: URL }), /There is no option uri. There are url, platform, events and onCall./);
  assert.throws(() => client({ platform: 'windows' }), /The platform is "windows", and must be "ios" or "android"./);
});

/** Runs a script in a Node of its own, in this folder, until it ends by itself. */
function run(script, ...flags) {
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [...flags, '-e', script], {
    cwd: __dirname,
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, NODE_TEST_CONTEXT: '' },
  });
  return { status, signal, printed: stdout, failed: stderr };
}

const PACKAGE = path.dirname(__dirname);
const SDK = '@dolbyio/comms-sdk-react-native';
const OPENS = `
  const ended = (async () => {
    const platform = await world();
    install({ url: platform.url });
    await sdk.initializeToken(await platform.token('ana'), async () => null);
    await sdk.session.open({ name: 'Ana' });
    console.log((await sdk.session.getParticipant()).info.name, await sdk.session.isOpen());
    await sdk.session.close();
    await platform.drop();
  })();
`;

test('install() before the import: the SDK runs, prints nothing, and the process ends by itself', () => {
  const { status, printed, failed } = run(`
    const { install, world } = require(${JSON.stringify(PACKAGE)});
    install();
    const sdk = require('${SDK}').default;
    ${OPENS}
  `);
  assert.deepEqual([printed, failed, status], ['Ana true\n', '', 0]);
});

test('after the import install() says what to do', () => {
  const { status, failed } = run(`
    const { client, install } = require(${JSON.stringify(PACKAGE)});
    const load = require('node:module')._load;
    require('node:module')._load = (name, ...rest) => (/^react/.test(name) ? new Proxy(function () {}, { get: (t, n) => (n === 'NativeModules' ? {} : t) }) : load(name, ...rest));
    try { require('${SDK}'); } catch {}
    require('node:module')._load = load;
    install();
  `);
  assert.match(failed, /was imported before install\(\)/);
  assert.equal(status, 1);
});

test('uninstall() and install() begin anew; a second install() of a client in use is refused', () => {
  const { printed, failed } = run(`
    const { install, uninstall } = require(${JSON.stringify(PACKAGE)});
    const first = install();
    const sdk = require('${SDK}').default;
    console.log(install({ platform: 'android' }) === first, first.platform);
    sdk.initializeToken('token', async () => null);
    try { install(); } catch (error) { console.log(error.message.slice(0, 28)); }
    uninstall();
    const second = install();
    console.log(second !== first, require('${SDK}').default !== sdk);
    uninstall();
    try { require('${SDK}'); } catch (error) { console.log(error.code); }
  `);
  assert.equal(failed, '');
  assert.equal(printed, 'true android\ninstall() was called before,\ntrue true\nMODULE_NOT_FOUND\n');
});

test('an ECMAScript module imports the SDK after register', () => {
  const { status, printed, failed } = run(
    `
    import '../register.js';
    import { install, world } from '../index.js';
    import comms from '${SDK}';
    const sdk = comms.default;
    ${OPENS}
    await ended;
  `,
    '--input-type=module',
  );
  assert.deepEqual([printed, failed, status], ['Ana true\n', '', 0]);
});

test('the test in the README passes', () => {
  const readme = readFileSync(path.join(PACKAGE, 'README.md'), 'utf8');
  const [code] = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, block]) => block).filter((block) => block.includes('test('));
  const { status, printed } = run(code);
  assert.equal(status, 0, printed);
  assert.match(printed, /two meet, and talk/);
});

test('what load gives is loaded anew for each client, and what was loaded before is as it was', async () => {
  const before = require('./fake');
  const [ana, bob] = [client({}, () => require('./fake')), client({}, () => require('./fake'))];
  ana.close();
  bob.close();
  assert.notEqual(ana.loaded, bob.loaded);
  assert.notEqual(ana.loaded, before);
  assert.equal(require('./fake'), before);
});

test('node --test ends although a test has left a session open', () => {
  const script = path.join(__dirname, 'left-open.js');
  const { status, signal, stdout } = spawnSync(process.execPath, ['--test', script], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  assert.deepEqual([status, signal], [0, null], stdout);
});
