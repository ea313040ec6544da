/** What matters of the real react-native: one emitter for a registry of modules, and NativeModules in a module of its own. */
const listeners = new Map();
const DeviceEventEmitter = { emit: (name, body) => listeners.get(name)?.forEach((listener) => listener(body)) };

module.exports = {
  get NativeModules() {
    return require('./NativeModules').default;
  },
  DeviceEventEmitter,
  NativeEventEmitter: class {
    constructor(module) {
      if (!module) throw new Error('`new NativeEventEmitter()` requires a non-null argument.');
    }
    addListener(name, listener) {
      if (!listeners.has(name)) listeners.set(name, new Set());
      listeners.get(name).add(listener);
      return { remove: () => listeners.get(name).delete(listener) };
    }
  },
  Platform: { OS: 'android', select: ({ android }) => android },
  StyleSheet: { create: (styles) => styles },
  LogBox: { ignoreLogs() {} },
  requireNativeComponent: (name) => name,
};
