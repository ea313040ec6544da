'use strict';
/**
 * A stand-in for the `react-native` and `react` modules: just what the SDK touches, when it is imported and after.
 *
 * Each call makes a runtime of its own around the given native modules, so that two clients share no listener.
 */
const { EventEmitter } = require('node:events');

function createRuntime(NativeModules) {
  // React Native has one emitter for the whole device; every NativeEventEmitter is a view of it.
  const DeviceEventEmitter = new EventEmitter().setMaxListeners(0);

  class NativeEventEmitter {
    addListener(type, listener) {
      DeviceEventEmitter.on(type, listener);
      return { remove: () => void DeviceEventEmitter.off(type, listener) };
    }
  }

  class PureComponent {
    constructor(props) {
      this.props = props;
    }
  }

  return {
    NativeModules,
    NativeEventEmitter,
    DeviceEventEmitter,
    PureComponent,
    createElement: (type, props, ...children) => ({ type, props, children }),
    requireNativeComponent: (name) => name,
    findNodeHandle: () => null,
    LogBox: { ignoreLogs() {} },
    Platform: { OS: 'ios', select: (byPlatform) => byPlatform.ios },
    StyleSheet: { create: (styles) => styles },
    UIManager: { dispatchViewManagerCommand() {} },
    View: 'View',
  };
}

module.exports = { createRuntime };
