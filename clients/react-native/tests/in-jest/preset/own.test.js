/** jest.test.js runs this with the preset. The SDK is imported first, as in an app. */
const CommsAPI = require('@dolbyio/comms-sdk-react-native').default;
const { NativeModules, Platform } = require('react-native');
const { client, install, world } = require('@openfirst/react-native');

test('the SDK that is imported first is configured afterwards, and its timers may be faked', async () => {
  jest.useFakeTimers();
  const platform = await world();
  const native = install({ url: platform.url, platform: 'android' });
  expect(Platform.OS).toBe('android');
  expect(NativeModules).toBe(native.NativeModules);
  await CommsAPI.initializeToken(await platform.token('ana', { expiresIn: 3600 }), () => platform.token('ana'));
  await CommsAPI.session.open({ name: 'Ana' });
  await platform.advance(1800);
  expect(await native.refreshed()).toBe(native.token);
  await CommsAPI.session.close();
  await platform.drop();
  jest.useRealTimers();
});

test('what the SDK is asked before it is initialised is refused with an Error of this realm', async () => {
  const ana = client();
  await expect(ana.sdk.session.open()).rejects.toBeInstanceOf(Error);
  await expect(ana.sdk.session.open()).rejects.toMatchObject({ code: 'credential' });
});

test('a session is left open, and Jest ends all the same', async () => {
  const platform = await world();
  const ana = client({ url: platform.url });
  await ana.sdk.initializeToken(await platform.token('ana'), async () => null);
  await ana.sdk.session.open();
});
