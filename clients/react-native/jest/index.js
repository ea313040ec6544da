'use strict';
/**
 * Beside the preset of react-native: `setupFilesAfterEnv: ['@openfirst/react-native/jest']`. It fills `NativeModules`, and leaves
 * everything else of react-native alone.
 */
const { createRequire } = require('node:module');
const path = require('node:path');

const { install, uninstall } = require('../index');
const { mute } = require('../lib/load');
const state = require('../lib/state');

// From the test file: this package may be a link to a folder from which react-native is out of reach.
const reactNative = createRequire(expect.getState().testPath ?? path.join(process.cwd(), 'index.js')).resolve('react-native');

state.jest = 'filled';
jest.mock(reactNative, () => {
  const RN = jest.requireActual(reactNative);
  const native = state.loading ?? state.installed ?? install({ platform: RN.Platform.OS });
  Object.assign(RN.NativeModules, native.NativeModules);
  native.attach((name, body) => RN.DeviceEventEmitter.emit(name, body));
  return RN;
});
mute();
afterAll(uninstall);
