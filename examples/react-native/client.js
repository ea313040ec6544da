'use strict';
/**
 * One client: a fresh copy of the unmodified SDK on a fresh native side, and the operations of the contract on it.
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const Module = require('node:module');
const path = require('node:path');

const { Native, NativeError } = require('./native');
const { createRuntime } = require('./react-native');

const PACKAGE = '@dolbyio/comms-sdk-react-native';
const PACKAGE_FILES = path.dirname(require.resolve(`${PACKAGE}/package.json`)) + path.sep;

// Where the SDK keeps each service of the contract.
const SERVICES = {
  audioPreview: (sdk) => sdk.audio.getLocal().preview(),
  command: (sdk) => sdk.command,
  conference: (sdk) => sdk.conference,
  filePresentation: (sdk) => sdk.filePresentation,
  localAudio: (sdk) => sdk.audio.getLocal(),
  localVideo: (sdk) => sdk.video.getLocal(),
  mediaDevice: (sdk) => sdk.mediaDevice,
  notification: (sdk) => sdk.notification,
  recording: (sdk) => sdk.recording,
  remoteAudio: (sdk) => sdk.audio.getRemote(),
  remoteVideo: (sdk) => sdk.video.getRemote(),
  videoPresentation: (sdk) => sdk.videoPresentation,
};

const OPERATIONS = {
  initialize: ({ sdk }, { credential }) => sdk.initialize(credential.key, credential.secret),
  initializeToken: (client, { credential }) => client.sdk.initializeToken(credential.token, client.refreshCallback()),
  // null is how JSON says that an argument is absent; the SDK knows undefined only.
  open: ({ sdk }, { info }) => sdk.session.open(info ?? undefined),
  close: ({ sdk }) => sdk.session.close(),
  isOpen: ({ sdk }) => sdk.session.isOpen(),
  getParticipant: ({ sdk }) => sdk.session.getParticipant(),
  updateParticipantInfo: ({ sdk }, { name, avatarUrl }) => sdk.session.updateParticipantInfo(name, avatarUrl),
  use: ({ sdk }, { service, method, arguments: given }) => {
    const object = SERVICES[service]?.(sdk);
    if (typeof object?.[method] !== 'function') throw new Unsupported(`The SDK has no ${service}.${method}.`);
    return object[method](...(isSubscription(method) ? [() => {}] : given));
  },
};

const isSubscription = (method) => /^on[A-Z]/.test(method);

class Unsupported extends Error {}

class Client {
  /** `requestToken(callback)` asks for a new token; `callback` says which of those given asks: `first` or `later`. */
  constructor({ baseUrl, now, requestToken }) {
    this.requestToken = requestToken;
    this.callbackGiven = false;
    this.calls = new AsyncLocalStorage();
    this.native = new Native({
      baseUrl,
      now,
      emit: (event, body) => runtime.DeviceEventEmitter.emit(event, body),
      onUse: () => Object.assign(this.calls.getStore() ?? {}, { layer: 'stand-in' }),
    });
    const runtime = createRuntime(this.native.NativeModules);
    this.sdk = loadSdk(runtime);
  }

  refreshCallback() {
    const callback = this.callbackGiven ? 'later' : 'first';
    this.callbackGiven = true;
    return () => this.native.track(this.requestToken(callback));
  }

  /** The outcome of one operation, as the protocol words it; `layer` tells whose code answered. */
  async call(operation, args) {
    const call = { layer: 'sdk' };
    try {
      if (!OPERATIONS[operation]) throw new Unsupported(`The SDK has no operation ${operation}.`);
      const value = await this.calls.run(call, () => OPERATIONS[operation](this, args));
      // A subscription gives the function that ends it, which JSON cannot carry.
      return { outcome: 'value', value: typeof value === 'function' ? null : (value ?? null), layer: call.layer };
    } catch (error) {
      if (error instanceof Unsupported) return { outcome: 'unsupported', reason: error.message };
      return {
        outcome: 'error',
        code: error.platformCode,
        message: error.message ?? String(error),
        native: error.code ?? error.name,
        layer: error instanceof NativeError ? 'stand-in' : 'sdk',
      };
    }
  }

  async settled() {
    while (this.native.busy.size > 0) {
      await Promise.allSettled(this.native.busy);
      // What was waited for may start something new, a few promises later.
      await new Promise(setImmediate);
    }
  }
}

/**
 * The SDK captures its native modules when it is imported, and keeps the first refresh callback for good: a client
 * of its own needs an import of its own.
 */
function loadSdk(runtime) {
  for (const file of Object.keys(require.cache)) {
    if (file.startsWith(PACKAGE_FILES)) delete require.cache[file];
  }
  const { _load } = Module;
  const { log } = console;
  Module._load = (name, ...rest) => (name === 'react-native' || name === 'react' ? runtime : _load(name, ...rest));
  console.log = () => {}; // it prints each native module
  try {
    // Not our own `require`: that one would remember every copy as a child.
    return Module.createRequire(__filename)(PACKAGE).default;
  } finally {
    Module._load = _load;
    console.log = log;
  }
}

module.exports = { Client, PACKAGE, operations: Object.keys(OPERATIONS) };
