'use strict';
/**
 * The simulator behind React Native's `NativeModules`. README.md tells how it is used, index.d.ts what it gives.
 */
const { IN_JEST, installInNode, loadOn, uninstallInNode } = require('./lib/load');
const { Native } = require('./lib/native');
const state = require('./lib/state');
const { worldWith } = require('./lib/world');

/** Stands in for `react-native` (in Node), or for its native modules (in Jest), for all that is imported from now on. */
function install(options = {}) {
  if (state.installed) {
    if (!state.installed.used) {
      state.fill?.(state.installed);
      return state.installed.configure(options);
    }
    throw new Error('install() was called before, and that client is in use. Call uninstall() first, or make another with client().');
  }
  if (IN_JEST && !state.jest) {
    throw new Error(
      "Jest does not know of this package yet. Add preset: '@openfirst/react-native' to its configuration; or, beside the preset " +
        "of react-native, setupFilesAfterEnv: ['@openfirst/react-native/jest'].",
    );
  }
  const native = new Native(options);
  if (!IN_JEST) installInNode(native);
  state.fill?.(native);
  state.clients.add(native);
  return (state.installed = native);
}

/** Closes every client, and lets `react-native` be what it was. */
function uninstall() {
  for (const native of state.clients) native.close();
  state.clients.clear();
  state.installed = null;
  if (!IN_JEST) uninstallInNode();
}

/** A participant of its own: the SDK, or what `load` gives, loaded anew on a native side of its own. */
function client(options = {}, load = undefined) {
  const native = new Native(options);
  const loaded = loadOn(native, load);
  state.clients.add(native);
  const close = () => {
    state.clients.delete(native);
    native.close();
  };
  return load ? { native, loaded, close } : { native, sdk: loaded.default, loaded, close };
}

/** A fresh world of the simulator, for a test. */
function world(options) {
  return worldWith(client, options);
}

// `node --test` waits for connections that are open, and a test that fails does not come to close them.
if (!IN_JEST && process.env.NODE_TEST_CONTEXT) require('node:test').after(uninstall);

module.exports = { client, install, uninstall, world };
