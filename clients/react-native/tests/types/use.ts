// What the types permit, and, below `@ts-expect-error`, what they do not. It is compiled, and never run.
import { client, install, uninstall, world, type NativeError } from '@openfirst/react-native';

export async function use(): Promise<void> {
  const native = install({ url: 'http://127.0.0.1:8765', platform: 'android' });
  await native.settled();

  const platform = await world({ scale: 0 });
  const ana = platform.client();
  await ana.sdk.initializeToken(await platform.token('ana', { expiresIn: 3600 }), () => platform.token('ana'));
  await ana.sdk.session.open({ name: 'Ana' });
  const { message } = await ana.native.event('EVENT_COMMAND_MESSAGE_RECEIVED', (body) => body.message !== '');
  const refreshed: string = await ana.native.refreshed();
  await platform.fail({ operation: 'open', kind: 'status', status: 503 });
  await ana.sdk.session.open().catch((error: NativeError) => [error.code, error.problem?.rule, message, refreshed]);

  const bob = client({}, () => ({ join: (alias: string) => alias.length }));
  const length: number = bob.loaded.join('rehearsal');
  bob.native.close();

  // @ts-expect-error: there are two platforms
  install({ platform: 'windows' });
  // @ts-expect-error: what was loaded is not the SDK
  bob.sdk;
  // @ts-expect-error: it is a text
  await platform.token(length);
  await platform.drop();
  uninstall();
}
