import { world } from '@openfirst/react-native';

const HOUR = 3600; // seconds

/** A platform of its own for each test; whoever logs in logs out, and what is to go wrong does. */
let platform;
beforeEach(async () => {
  platform = await world();
});
afterEach(async () => {
  const left = await platform.left();
  await platform.drop();
  expect(left).toEqual({ sessions: [], faults: [] });
});

/** Somebody who uses the app: the app, and the SDK under it, loaded anew. */
function somebody() {
  return platform.client({}, () => require('../src/chat'));
}

async function loggedIn(name) {
  const person = somebody();
  await person.loaded.logIn(name, () => platform.token(name, { expiresIn: HOUR }));
  return person;
}

test('a session opens', async () => {
  const ana = await loggedIn('ana');
  expect((await platform.left()).sessions).toMatchObject([{ externalId: 'ana' }]);
  await ana.loaded.logOut();
});

test('a room is created and joined', async () => {
  const ana = await loggedIn('ana');
  await ana.loaded.enter('rehearsal');
  expect(await ana.native.event('EVENT_CONFERENCE_STATUS_UPDATED', ({ status }) => status === 'JOINED')).toBeTruthy();
  await ana.loaded.logOut();
});

test('two people meet, and one hears what the other says', async () => {
  const [ana, bob] = [await loggedIn('ana'), await loggedIn('bob')];
  const onPerson = jest.fn();
  const onMessage = jest.fn();
  await ana.loaded.enter('rehearsal', { onPerson });
  await bob.loaded.enter('rehearsal', { onMessage });
  await ana.native.settled(); // she has heard all that there is to hear
  expect(onPerson).toHaveBeenCalledWith('bob');

  await ana.loaded.say('from the top please');
  await bob.native.settled();
  expect(onMessage.mock.calls).toEqual([['ana', 'from the top please']]);

  await ana.loaded.logOut();
  await bob.loaded.logOut();
});

test('a token is refreshed, and the app goes on with the new one', async () => {
  const ana = await loggedIn('ana');
  await platform.advance(HOUR / 2); // time stands still until the test moves it
  await ana.native.refreshed();
  await platform.advance(HOUR * 0.6);
  await ana.loaded.enter('rehearsal');
  await ana.loaded.logOut();
});

test('a platform that is busy once is asked again', async () => {
  await platform.fail({ operation: 'open', kind: 'status', status: 503 });
  const ana = await loggedIn('ana');
  const opens = await platform.journal({ operation: 'open' });
  expect(opens.map(({ answer }) => answer.status)).toEqual([503, 201]);
  await ana.loaded.logOut();
});

test('a session whose answer was lost is not opened twice', async () => {
  await platform.fail({ operation: 'open', kind: 'lost' });
  const ana = await loggedIn('ana');
  expect(await platform.journal({ operation: 'open' })).toHaveLength(1);
  await ana.loaded.logOut();
});

test('whoever the platform does not let in is told why', async () => {
  const ana = somebody();
  const expired = () => platform.token('ana', { condition: 'expired' });
  await expect(ana.loaded.logIn('ana', expired)).rejects.toMatchObject({ code: 'error', problem: { code: 'token-expired' } });
});
