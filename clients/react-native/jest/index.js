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
// Not a mock of react-native: all registries of modules would share it, and with it one emitter of events. The mock of
// NativeModules that react-native's preset has is shared: each SDK captures what is in it when it is imported.
state.fill = (native) => {
  const RN = require(reactNative);
  Object.assign(RN.NativeModules, native.NativeModules);
  native.attach((name, body) => RN.DeviceEventEmitter.emit(name, body));
};
install({ platform: require(reactNative).Platform.OS });
mute();
afterAll(uninstall);
