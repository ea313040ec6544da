'use strict';
/**
 * What the copies of this package share: Jest loads a module once for each registry, and all of them are about the same clients.
 */
const KEY = Symbol.for('openfirst.react-native');

/**
 * - `clients`: the native sides that are not closed.
 * - `installed`: `{native, runtime}` that an import of `react-native` gets.
 * - `loading`: the same for as long as a client's SDK is being loaded.
 * - `jest`: how Jest was told of this package: by the preset (`stand-in`), or beside the real react-native (`filled`).
 * - `fill`: beside the real react-native, puts a native side into the `NativeModules` of the registry that is loading.
 */
globalThis[KEY] ??= { clients: new Set(), installed: null, loading: null, jest: null, fill: null };

module.exports = globalThis[KEY];
