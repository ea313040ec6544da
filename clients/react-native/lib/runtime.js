'use strict';
/**
 * A stand-in for the `react-native` and `react` modules: just what the SDK touches, when it is imported and after.
 *
 * Each call makes a runtime of its own around a native side, so that two clients share no listener.
 */
const { EventEmitter } = require('node:events');

function createRuntime(native) {
  // React Native has one emitter for the whole device; every NativeEventEmitter is a view of it.
  const emitter = new EventEmitter().setMaxListeners(0);
  native.attach((name, body) => emitter.emit(name, body));

  class NativeEventEmitter {
    addListener(type, listener) {
      emitter.on(type, listener);
      return { remove: () => void emitter.off(type, listener) };
    }
    removeAllListeners(type) {
      emitter.removeAllListeners(type);
    }
    listenerCount(type) {
      return emitter.listenerCount(type);
    }
  }

  const withoutMedia = () => {
    throw new Error('not-simulated: a VideoView shows nothing here, since there is no media.');
  };

  return {
    NativeModules: native.NativeModules,
    NativeEventEmitter,
    DeviceEventEmitter: new NativeEventEmitter(),
    Platform: {
      get OS() {
        return native.platform;
      },
      select: (choices) => choices[native.platform] ?? choices.native ?? choices.default,
    },
    StyleSheet: { create: (styles) => styles, flatten: (styles) => Object.assign({}, ...[styles].flat(Infinity)) },
    UIManager: {
      COMVideoView: { Commands: { attach: 'attach', detach: 'detach', isAttached: 'isAttached' } },
      dispatchViewManagerCommand: withoutMedia,
    },
    LogBox: { ignoreLogs() {}, ignoreAllLogs() {} },
    View: 'View',
    findNodeHandle: () => null,
    requireNativeComponent: (name) => name,
  };
}

/** What the SDK needs of `react` where that is not installed: nothing is rendered. */
const react = {
  PureComponent: class PureComponent {
    constructor(props) {
      this.props = props;
    }
  },
  createElement: (type, props, ...children) => ({ type, props, children }),
};

module.exports = { createRuntime, react };
