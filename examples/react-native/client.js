'use strict';
/**
 * One client: a fresh copy of the unmodified SDK on a fresh native side, and the operations of the contract on it.
 */
const { AsyncLocalStorage } = require('node:async_hooks');

const { client } = require('@openfirst/react-native');

const PACKAGE = '@dolbyio/comms-sdk-react-native';
const REFRESH_AT = [1 / 2, 3 / 4, 1]; // of a token's life

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

// One for all clients: each that has run is carried along with every promise there is, from then on.
const calls = new AsyncLocalStorage();

const isSubscription = (method) => /^on[A-Z]/.test(method);

class Unsupported extends Error {}

class Client {
  /**
   * `requestToken(callback)` asks for a new token; `callback` says which of those given asks: `first` or `later`. `now` is in
   * milliseconds, and moves with `advance` only: the judge's time, of which the native side is told when it is to refresh a token.
   */
  constructor({ baseUrl, now, requestToken }) {
    this.now = now;
    this.requestToken = requestToken;
    this.callbackGiven = false;
    this.asked = new Set(); // tokens that are being asked for
    const onCall = () => Object.assign(calls.getStore() ?? {}, { layer: 'stand-in' });
    Object.assign(this, client({ url: baseUrl, events: false, onCall }));
  }

  refreshCallback() {
    const callback = this.callbackGiven ? 'later' : 'first';
    this.callbackGiven = true;
    return () => {
      const asked = this.requestToken(callback).finally(() => this.asked.delete(asked));
      this.asked.add(asked);
      return asked;
    };
  }

  advance(milliseconds) {
    const before = this.now;
    this.now += milliseconds;
    const due = refreshInstants(this.native.token).filter((instant) => before < instant && instant <= this.now);
    for (const _ of due) this.native.refreshToken();
  }

  /** The outcome of one operation, as the protocol words it; `layer` tells whose code answered. */
  async call(operation, args) {
    const call = { layer: 'sdk' };
    try {
      if (!OPERATIONS[operation]) throw new Unsupported(`The SDK has no operation ${operation}.`);
      const value = await calls.run(call, () => OPERATIONS[operation](this, args));
      // A subscription gives the function that ends it, which JSON cannot carry.
      return { outcome: 'value', value: typeof value === 'function' ? null : (value ?? null), layer: call.layer };
    } catch (error) {
      if (error instanceof Unsupported) return { outcome: 'unsupported', reason: error.message };
      return {
        outcome: 'error',
        code: error.problem?.code,
        message: error.message ?? String(error),
        native: error.code ?? error.name,
        layer: error.name === 'NativeError' ? 'stand-in' : 'sdk',
      };
    }
  }

  async settled() {
    do {
      await Promise.allSettled(this.asked);
      await this.native.settled();
    } while (this.asked.size > 0);
  }
}

/** When a token is to be refreshed; never, if it does not tell its expiry. */
function refreshInstants(token) {
  const { iat, exp } = claimsOf(token);
  return exp && iat ? REFRESH_AT.map((share) => (iat + share * (exp - iat)) * 1000) : [];
}

function claimsOf(token) {
  try {
    return JSON.parse(Buffer.from(String(token).split('.')[1], 'base64url').toString()) ?? {};
  } catch {
    return {};
  }
}

module.exports = { Client, PACKAGE, operations: Object.keys(OPERATIONS) };
