'use strict';
/**
 * Loads the SDK, and what uses it, on a native side.
 *
 * The SDK captures its native modules when it is imported, and keeps the first refresh callback for good: a client of its own
 * needs an import of its own.
 */
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const vm = require('node:vm');

const { createRuntime, react } = require('./runtime');
const state = require('./state');

const SDK = '@dolbyio/comms-sdk-react-native';
const OWN_FILES = [__dirname + path.sep, path.join(__dirname, '..', 'index.js')];
const PARAMETERS = ['exports', 'require', 'module'];
const IN_JEST = typeof jest !== 'undefined';

/** The file that an import of the SDK means; looked for from the test file, from the folder it runs in, and from here. */
function resolveSdk() {
  const test = IN_JEST ? globalThis.expect?.getState().testPath : process.argv[1];
  const tried = [test && path.resolve(test), path.join(process.cwd(), 'index.js'), __filename].filter(Boolean);
  for (const from of tried) {
    try {
      return Module.createRequire(from).resolve(SDK);
    } catch {
      // The next one may find it.
    }
  }
  throw new Error(
    `${SDK} is not installed in ${process.cwd()}. Run \`npm install --save-dev ${SDK}@3.10.1\`, ` +
      'or say how to load it: client(options, () => require(…)).',
  );
}

/** What `load()` gives, with everything that it imports loaded anew on that native side. */
function loadOn(native, load) {
  const before = state.loading;
  state.loading = native;
  try {
    return quietly(() => {
      if (!IN_JEST) return load ? anew(load) : sdkAnew();
      const file = load ? null : resolveSdk();
      let loaded;
      jest.isolateModules(() => {
        state.fill?.(native);
        loaded = load ? load() : require(file);
      });
      return loaded;
    });
  } finally {
    state.loading = before;
    if (state.installed) state.fill?.(state.installed);
  }
}

/** Runs `load` with Node's module cache empty, and puts back what was in it. */
function anew(load) {
  hook();
  const concerned = (file) => !OWN_FILES.some((own) => file.startsWith(own));
  const before = new Map();
  for (const file of Object.keys(require.cache).filter(concerned)) {
    before.set(file, require.cache[file]);
    delete require.cache[file];
  }
  runtime = createRuntime(state.loading);
  try {
    return load();
  } finally {
    runtime = null;
    for (const file of Object.keys(require.cache).filter(concerned)) delete require.cache[file];
    for (const [file, module] of before) require.cache[file] = module;
  }
}

// --- the SDK alone, in Node ------------------------------------------------------------------------------------------

const compiled = new Map(); // the SDK's files, as functions: reading and compiling them is what takes time
const resolved = new Map();

/** The SDK, run anew. Node's own cache has no part in it. */
function sdkAnew() {
  const modules = new Map();
  const standIn = createRuntime(state.loading);
  const main = resolveSdk();
  const folder = main.slice(0, main.lastIndexOf(path.join('comms-sdk-react-native', 'lib')));

  const requireFrom = (from) => (name) => {
    if (name === 'react-native') return standIn;
    if (name === 'react') return reactFor(() => Module.createRequire(from)(name));
    const key = `${from}\n${name}`;
    if (!resolved.has(key)) resolved.set(key, Module.createRequire(from).resolve(name));
    const file = resolved.get(key);
    return file.startsWith(folder) ? run(file) : Module.createRequire(from)(name);
  };
  const run = (file) => {
    if (!modules.has(file)) {
      const module = { exports: {} };
      modules.set(file, module);
      if (!compiled.has(file)) compiled.set(file, vm.compileFunction(readFileSync(file, 'utf8'), PARAMETERS, { filename: file }));
      compiled.get(file)(module.exports, requireFrom(file), module);
    }
    return modules.get(file).exports;
  };
  return run(main);
}

/** React as it is installed, or what the SDK needs of it. */
function reactFor(load) {
  try {
    return load();
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return react;
  }
}

// --- Node's `require` -----------------------------------------------------------------------------------------------

let runtime = null; // of the client that is being loaded
let installedRuntime = null;
let hooked = false;

/** From now on `react-native` is the stand-in, wherever it is required, as long as there is a native side to stand on. */
function hook() {
  if (hooked) return;
  hooked = true;
  const { _load } = Module;
  Module._load = function load(name, ...rest) {
    const standIn = runtime ?? installedRuntime;
    if (!standIn || (name !== 'react-native' && name !== 'react')) return _load.call(this, name, ...rest);
    if (name === 'react-native') return standIn;
    return reactFor(() => _load.call(this, name, ...rest));
  };
}

/** Makes `require('react-native')` give the stand-in on this native side. */
function installInNode(native) {
  // An import of an ECMAScript module puts what it has only looked at into the cache as well.
  if (sdkInCache().some((file) => require.cache[file].loaded)) {
    throw new Error(
      `${SDK} was imported before install(), and has captured the native modules that were there. Call install() before ` +
        "the first import of the SDK, or import '@openfirst/react-native/register' as the first thing of all.",
    );
  }
  hook();
  installedRuntime = createRuntime(native);
  mute();
}

function uninstallInNode() {
  installedRuntime = null;
  for (const file of sdkInCache()) delete require.cache[file];
  unmute();
}

function sdkInCache() {
  const files = path.join('node_modules', SDK, 'lib') + path.sep;
  return Object.keys(require.cache).filter((file) => file.includes(files));
}

// --- what the SDK prints --------------------------------------------------------------------------------------------

let original = null;
let muted = null;

/** Keeps the SDK from printing each native module when it is imported, and nothing else. */
function mute() {
  if (muted && console.log === muted) return;
  const log = console.log;
  original = log;
  muted = console.log = function (...given) {
    if (given.length !== 1 || !isNativeModule(given[0])) log.apply(this, given);
  };
}

function unmute() {
  if (muted && console.log === muted) console.log = original;
  muted = null;
}

function quietly(run) {
  if (muted && console.log === muted) return run();
  mute();
  try {
    return run();
  } finally {
    unmute();
  }
}

function isNativeModule(value) {
  return value !== null && typeof value === 'object' && value[Symbol.for('openfirst.native-module')] === true;
}

module.exports = { IN_JEST, SDK, installInNode, loadOn, mute, uninstallInNode };
