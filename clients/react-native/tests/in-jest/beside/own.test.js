/** jest.test.js runs this with what stands for the real react-native. */
const CommsAPI = require('@dolbyio/comms-sdk-react-native').default;
const { NativeModules } = require('react-native');
const { install, world } = require('@openfirst/react-native');

/** Opens a session, and counts who comes. */
async function meeting(platform, name, sdk) {
  const who = [];
  await sdk.initializeToken(await platform.token(name), () => platform.token(name));
  await sdk.session.open({ name });
  sdk.conference.onParticipantsChange(({ participant }) => who.push(participant.info.name));
  await sdk.conference.join(await sdk.conference.create({ alias: 'rehearsal' }), {});
  return who;
}

test('NativeModules are filled, and each client hears what is for it alone', async () => {
  const platform = await world();
  const native = install({ url: platform.url, platform: 'android' });
  expect(NativeModules.Clipboard).toEqual({});
  const ana = await meeting(platform, 'ana', CommsAPI);
  const others = [platform.client(), platform.client({}, () => require('@dolbyio/comms-sdk-react-native'))];
  const [bob, cleo] = [others[0].sdk, others[1].loaded.default];
  const heard = [ana, await meeting(platform, 'bob', bob), await meeting(platform, 'cleo', cleo)];
  for (const each of [native, ...others.map((other) => other.native)]) await each.settled();
  // Who comes is heard of by those who were there before.
  expect(heard.map((who) => [...new Set(who)])).toEqual([['bob', 'cleo'], ['cleo'], []]);
  expect(NativeModules.CommsAPIModule).toBe(native.NativeModules.CommsAPIModule);
  for (const sdk of [CommsAPI, bob, cleo]) await sdk.conference.leave({ leaveRoom: true });
  expect((await platform.left()).sessions).toEqual([]);
  await platform.drop();
});
