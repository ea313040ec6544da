'use strict';
/**
 * A stand-in for the native side of the SDK (the iOS one), backed by a platform over HTTP.
 *
 * It asks the platform about everything and decides no rule. What it has to know by itself is what a native SDK knows:
 * whether it was initialised, when a token is due, and which session it opened. Before it has opened one, `current` in a
 * path is the bearer's own session, open or not.
 */

// The native module behind each service, by the name that the contract gives the service.
const SERVICE_OF_MODULE = {
  CommsAPIAudioPreviewModule: 'audioPreview',
  CommsAPICommandServiceModule: 'command',
  CommsAPIConferenceServiceModule: 'conference',
  CommsAPIFilePresentationServiceModule: 'filePresentation',
  CommsAPILocalAudioModule: 'localAudio',
  CommsAPILocalVideoModule: 'localVideo',
  CommsAPIMediaDeviceServiceModule: 'mediaDevice',
  CommsAPINotificationServiceModule: 'notification',
  CommsAPIRecordingServiceModule: 'recording',
  CommsAPIRemoteAudioModule: 'remoteAudio',
  CommsAPIRemoteVideoModule: 'remoteVideo',
  CommsAPIVideoPresentationServiceModule: 'videoPresentation',
};

// The only native method whose name and arguments differ from those of the SDK method that calls it.
const RENAMED = {
  setVideoForwarding: (strategy, max, participants) => ['videoForwarding', [{ strategy, max, participants }]],
};

const REFRESH_AT = [1 / 2, 3 / 4, 1];

/** What an iOS app sees of a native failure, and, for the adapter alone, the code that the platform gave. */
class NativeError extends Error {
  constructor(code, message, platformCode) {
    super(message);
    this.code = code;
    this.domain = 'openfirst';
    Object.defineProperty(this, 'platformCode', { value: platformCode });
  }
}

/**
 * One native SDK. `emit(event, body)` sends an event to JavaScript; `onUse()` is told of every call from there.
 * Times are milliseconds; `now` is virtual and moves with `advance` only.
 */
class Native {
  constructor({ baseUrl, now, emit, onUse }) {
    this.baseUrl = baseUrl;
    this.now = now;
    this.emit = emit;
    this.onUse = onUse;
    this.login = null; // how to get a token with key and secret, if that is how it was initialised
    this.token = null; // a promise of the current token; null before any initialisation
    this.due = []; // instants at which the current token is to be refreshed
    this.session = 'current'; // a fresh token is not known to the platform as this client's until it names the session
    this.lastKnownOpen = false;
    this.busy = new Set(); // promises that have not settled
    this.NativeModules = this.modules();
  }

  modules() {
    const modules = {
      CommsAPIModule: this.listed({
        initialize: (key, secret) => this.initialize(key, secret),
        initializeToken: (token) => this.initializeToken(token),
        onAccessTokenOk: (token) => this.useToken(token),
        onAccessTokenKo: () => null,
      }),
      CommsAPISessionServiceModule: this.listed({
        open: (info) => this.open(info),
        close: () => this.close(),
        isOpen: () => this.isOpen(),
        getParticipant: () => this.getParticipant(),
        updateParticipantInfo: (name, avatarUrl) => this.ask('PATCH', '/participant', { name, avatarUrl }),
      }),
    };
    for (const [module, service] of Object.entries(SERVICE_OF_MODULE)) modules[module] = this.anyMethodOf(service);
    return modules;
  }

  listed(methods) {
    const entries = Object.entries(methods);
    return Object.fromEntries(entries.map(([name, method]) => [name, (...given) => this.run(method, given)]));
  }

  anyMethodOf(service) {
    const methodNamed = (name) => async (...given) => {
      const [method, args] = RENAMED[name] ? RENAMED[name](...given) : [name, given];
      const answer = await this.ask('POST', `/services/${service}/${method}`, { arguments: args });
      return answer?.result;
    };
    return new Proxy({}, { get: (_, name) => (...given) => this.run(methodNamed(name), given) });
  }

  /** Every call from JavaScript passes here: it always gives a promise, as the bridge does. */
  run(method, given) {
    this.onUse();
    return this.track((async () => method(...given))());
  }

  track(promise) {
    const done = () => this.busy.delete(promise);
    this.busy.add(promise);
    promise.then(done, done);
    return promise;
  }

  // Initialising resolves before anything is known of the token: the first call that needs it finds out.

  initialize(key, secret) {
    this.session = 'current';
    this.login = () => this.logIn(key, secret);
    this.token = null;
    this.due = [];
    return null;
  }

  initializeToken(token) {
    this.session = 'current';
    this.login = null;
    return this.useToken(token);
  }

  useToken(token) {
    this.token = Promise.resolve(token);
    this.due = refreshInstants(token, this.now);
    return null;
  }

  async bearer() {
    if (!this.token && this.login) this.renew();
    if (!this.token) throw new NativeError('credential', 'The SDK is not initialized.');
    return this.token;
  }

  renew() {
    const login = this.login;
    const renewed = login().then((token) => {
      // A second initialisation may have come in between; its token stays.
      if (this.login === login) this.useToken(token);
      return token;
    });
    this.token ??= renewed;
    // A refused login is not kept: the next call asks again.
    renewed.catch(() => {
      if (this.token === renewed) this.token = null;
    });
    this.track(renewed);
  }

  async logIn(key, secret) {
    const answer = await this.http('POST', '/v1/oauth2/token', {
      headers: { authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    });
    if (!answer?.access_token) throw new NativeError('error', 'The platform gave no token.');
    return answer.access_token;
  }

  /** Moves the clock, and asks for a new token at each instant that has come. */
  advance(milliseconds) {
    this.now += milliseconds;
    while (this.due.length > 0 && this.due[0] <= this.now) {
      this.due.shift();
      if (this.login) this.renew();
      else this.emit('EVENT_SDK_TOKEN_REFRESH', null);
    }
  }

  async open(info) {
    const answer = await this.request('POST', '', info);
    this.session = answer?.sessionId ?? this.session;
    this.lastKnownOpen = true;
    return null;
  }

  async close() {
    await this.ask('DELETE', '');
    this.session = 'current';
    this.lastKnownOpen = false;
    return null;
  }

  /**
   * The real one is a flag and cannot fail: a client whom the platform refuses has no session that it can tell of, and
   * where the platform does not answer, the flag stays as it was.
   */
  async isOpen() {
    try {
      const answer = await this.ask('GET', '');
      this.lastKnownOpen = answer?.open ?? this.lastKnownOpen;
    } catch (error) {
      if (error.platformCode) this.lastKnownOpen = false;
    }
    return this.lastKnownOpen;
  }

  async getParticipant() {
    try {
      return await this.ask('GET', '/participant');
    } catch (error) {
      if (error.platformCode !== 'session-not-open') throw error;
      throw new NativeError('noCurrentParticipant', 'No current session user.', error.platformCode);
    }
  }

  /** Asks about the session. */
  ask(method, path, body) {
    return this.request(method, `/${this.session}${path}`, body);
  }

  async request(method, path, body) {
    return this.http(method, `/v1/sessions${path}`, {
      headers: { authorization: `Bearer ${await this.bearer()}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  }

  async http(method, path, options) {
    let status, text;
    try {
      const response = await fetch(this.baseUrl + path, { method, ...options });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new NativeError('error', error.cause?.message ?? error.message);
    }
    const answer = readJson(text);
    if (status >= 400) {
      // The session interface answers with problem details, the token endpoint as the old platform did.
      const message = answer?.detail ?? answer?.error_description ?? `HTTP status ${status}`;
      throw new NativeError('error', message, answer?.code);
    }
    if (answer === undefined) throw new NativeError('error', 'The answer of the platform is not JSON.');
    return answer;
  }
}

/** The value, null for an empty text, undefined for what is not JSON. */
function readJson(text) {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** When a token is to be refreshed, as far as that lies ahead; never, for one that does not tell its expiry. */
function refreshInstants(token, now) {
  const claims = readJson(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString());
  if (!claims?.exp) return [];
  const issued = (claims.iat ?? now / 1000) * 1000;
  const lifetime = claims.exp * 1000 - issued;
  return REFRESH_AT.map((share) => issued + share * lifetime).filter((instant) => instant > now);
}

module.exports = { Native, NativeError };
