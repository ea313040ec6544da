'use strict';
/**
 * The native side of one SDK, backed by a simulator.
 *
 * It asks the simulator about everything and decides no rule. What it has to know by itself is what a native SDK knows: whether
 * it was initialised, and which session it opened. Before it has opened one, `current` in a path is the bearer's own session.
 */
const timers = require('node:timers'); // a test may fake the global ones

const { Feed } = require('./feed');
const { Connections, baseUrl, readJson } = require('./http');
const { EVENTS, RENAMED, SERVICES, nativeEvent } = require('./modules');
const { Waiting, quiet } = require('./waiting');

const EVENTS_KEPT = 1000;
// What is wrong with a token that a world still knows: events come again with a fresh one.
const STILL_KNOWN = ['token-expired', 'token-revoked'];

// What an app sees of a native failure, by platform. Sources: `ios/Services/Errors` and `android/…/utils/Promises.kt` of the SDK.
const FAILURES = {
  ios: {
    any: { code: 'error' },
    'not-initialized': { code: 'credential' },
    'no-participant': { code: 'noCurrentParticipant', message: 'No current session user.' },
  },
  android: {
    any: { code: 'EUNSPECIFIED' },
    'not-initialized': { code: 'EUNSPECIFIED' },
    'no-participant': { code: 'EUNSPECIFIED', message: "No current user's session" },
  },
};

/** What an app sees of a native failure; and, hidden from it, the problem document that the simulator answered with. */
class NativeError extends Error {
  constructor({ code, message, domain, problem }) {
    super(message);
    this.name = 'NativeError';
    this.code = code;
    if (domain) this.domain = domain;
    Object.defineProperty(this, 'problem', { value: problem });
  }
}

class Native {
  #onCall;
  #connections;
  #emit = () => {};
  #login = null; // how to get a token with key and secret, if that is how it was initialised
  #token = null; // a promise of the current token; null before any initialisation
  #inUse = null;
  #isUnused = false; // whether nothing was asked of the session with a refreshed token
  #session = 'current';
  #lastKnownOpen = false;
  #follows; // whether events are listened to
  #feed = null; // the events that are followed, or were
  #busy = new Set(); // promises that have not settled
  #heard = []; // events not yet asked for
  #refreshes = []; // outcomes of refreshes not yet asked for
  #refreshing = 0; // how many have not come to an outcome
  #askedInVain = false; // a fresh token was asked for since the one at hand was refused, and no stream has been open since
  #waiting = new Waiting();
  #closed = false;
  #end; // a promise that resolves when it is closed
  #ends;

  constructor(options = {}) {
    this.#end = new Promise((resolve) => (this.#ends = resolve));
    /** Every event that has come, in order: `{name, body}`, the last 1,000 of them. */
    this.events = [];
    /** The native modules, as `NativeModules` of react-native has them. */
    this.NativeModules = this.#modules();
    this.configure(options);
  }

  /** Takes other options, as long as nobody has used it. */
  configure({ url, platform = 'ios', events = true, onCall = () => {}, ...unknown } = {}) {
    for (const name of Object.keys(unknown)) {
      throw new TypeError(`There is no option ${name}. There are url, platform, events and onCall.`);
    }
    if (!Object.hasOwn(FAILURES, platform)) {
      throw new TypeError(`The platform is ${JSON.stringify(platform)}, and must be "ios" or "android".`);
    }
    this.url = baseUrl(url);
    this.platform = platform;
    this.#follows = events;
    this.#onCall = onCall;
    this.#connections?.close();
    this.#connections = new Connections(this.url);
    return this;
  }

  /** Whether the SDK has called it, or it is closed. */
  get used() {
    return this.#token !== null || this.#login !== null || this.#busy.size > 0 || this.#closed;
  }

  /** The token in use; null before any initialisation, and with key and secret before a token was needed. */
  get token() {
    return this.#inUse;
  }

  /** Sends events to JavaScript with `emit(name, body)` from now on. */
  attach(emit) {
    this.#emit = emit;
  }

  // --- what JavaScript calls ---------------------------------------------------------------------------------------

  #modules() {
    const modules = {
      CommsAPIModule: {
        initialize: (key, secret) => this.#initialize(key, secret),
        initializeToken: (token) => this.#initializeToken(token),
        onAccessTokenOk: (token) => this.#refreshed({ token }),
        onAccessTokenKo: (reason) => this.#refreshed({ reason }),
      },
      CommsAPISessionServiceModule: {
        open: (info) => this.#open(info),
        close: () => this.#closeSession(),
        isOpen: () => this.#isOpen(),
        getParticipant: () => this.#getParticipant(),
        updateParticipantInfo: (name, avatarUrl) => this.#ask('PATCH', '/participant', { name, avatarUrl }),
      },
    };
    for (const [service, { module, methods }] of Object.entries(SERVICES)) {
      modules[module] = Object.fromEntries(methods.map((name) => [name, (...given) => this.#call(service, name, given)]));
    }
    for (const [name, methods] of Object.entries(modules)) modules[name] = this.#module(name, methods);
    return modules;
  }

  #module(name, methods) {
    const module = {};
    for (const [method, body] of Object.entries(methods)) {
      // It always gives a promise, as the bridge does.
      module[method] = (...given) => {
        const from = {};
        Error.captureStackTrace(from, module[method]);
        this.#onCall({ module: name, method, arguments: given });
        const refused = this.#closed && this.#error('The client was closed: by close(), by uninstall(), or since the test is over.');
        return this.#track(calledFrom(from, refused ? Promise.reject(refused) : (async () => body(...given))()));
      };
    }
    // NativeEventEmitter asks for these two; events are sent whether somebody listens or not.
    module.addListener = () => {};
    module.removeListeners = () => {};
    // The SDK prints each module when it is imported.
    Object.defineProperty(module, Symbol.for('openfirst.native-module'), { value: true });
    return module;
  }

  #track(promise) {
    const done = () => this.#busy.delete(promise);
    this.#busy.add(promise);
    promise.then(done, done);
    return promise;
  }

  // Initialising resolves before anything is known of the token: the first call that needs it finds out.

  #initialize(key, secret) {
    this.#begin();
    this.#login = () => this.#logIn(key, secret);
    this.#token = null;
    this.#inUse = null;
    return null;
  }

  #initializeToken(token) {
    this.#begin();
    this.#login = null;
    this.#use(token);
    this.#isUnused = false;
    return null;
  }

  #begin() {
    this.#session = 'current';
    this.#askedInVain = false;
    this.#follow(null);
  }

  async #bearer() {
    if (!this.#token && this.#login) this.#renew();
    if (this.#token) return this.#token;
    throw this.#error('The SDK is not initialized.', undefined, 'not-initialized');
  }

  #renew() {
    const login = this.#login;
    const renewed = login().then((token) => {
      // A second initialisation may have come in between; its token stays.
      if (this.#login === login) this.#take(token);
      return token;
    });
    this.#token ??= renewed;
    // A refused login is not kept: the next call asks again.
    renewed.catch(() => {
      if (this.#token === renewed) this.#token = null;
    });
    return this.#track(renewed);
  }

  async #logIn(key, secret) {
    const answer = await this.#http('POST', '/v1/oauth2/token', {
      headers: {
        authorization: `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    });
    if (!answer?.access_token) throw this.#error('The simulator gave no token.');
    return answer.access_token;
  }

  async #open(info) {
    // The platform takes a refreshed token for another client's until it has come with the session's ID.
    if (this.#isUnused && this.#lastKnownOpen) await this.#isOpen();
    const answer = await this.#request('POST', '', info);
    this.#opened(answer?.sessionId);
    return null;
  }

  #opened(session = this.#session) {
    this.#session = session;
    this.#lastKnownOpen = true;
    this.#follow(session);
  }

  async #closeSession() {
    const feed = this.#feed;
    await this.#ask('DELETE', '');
    this.#lastKnownOpen = false;
    feed?.letEnd();
    return null;
  }

  /**
   * Asks, and never rejects: where the platform refuses to answer there is no open session that it can tell of, and
   * where the platform does not answer, the flag stays as it was.
   */
  async #isOpen() {
    try {
      const answer = await this.#ask('GET', '');
      this.#lastKnownOpen = answer?.open ?? this.#lastKnownOpen;
      if (answer?.open) await this.#found();
    } catch (error) {
      if (error.problem && !(error.problem.status >= 500)) this.#lastKnownOpen = false;
    }
    return this.#lastKnownOpen;
  }

  /** A session is open: an open whose answer was lost has opened it, if we do not know of it. */
  async #found() {
    if (this.#session === 'current') {
      // `current` is the bearer's own, and a refreshed token is taken for the same bearer's by the session's ID alone.
      const answer = await this.#request('GET', '');
      this.#session = answer?.sessions?.[0]?.sessionId ?? 'current';
    }
    this.#follow(this.#session);
  }

  async #getParticipant() {
    try {
      return this.#body(await this.#ask('GET', '/participant'));
    } catch (error) {
      if (error.problem?.code !== 'session-not-open') throw error;
      throw this.#error(error.message, error.problem, 'no-participant');
    }
  }

  async #call(service, name, given) {
    const [method, args] = RENAMED[name] ? RENAMED[name](...given) : [name, given];
    const answer = await this.#ask('POST', `/services/${service}/${method}`, { arguments: args });
    return this.#body(answer?.result);
  }

  #use(token) {
    this.#token = Promise.resolve(token);
    this.#inUse = token;
  }

  #take(token) {
    this.#use(token);
    this.#isUnused = true;
    // The events may have stopped for want of a good one.
    if (this.#feed?.refused) this.#follow(this.#feed.session);
    else this.#feed?.renew();
  }

  // --- the token's refresh -----------------------------------------------------------------------------------------

  /** Asks for a new token, as at half, at three quarters and at the end of the token's life: JavaScript, or with key and secret itself. */
  refreshToken() {
    this.#refreshing++;
    if (!this.#login) return void this.#tell(EVENTS['sdk.tokenRefresh'], null);
    this.#renew().then(
      (token) => this.#renewed(token),
      ({ message }) => this.#outcome({ reason: `Key and secret gave no new token: ${message}` }),
    );
  }

  #refreshed({ token, reason }) {
    // Without a new token the one at hand stays in use, as long as it lives.
    if (token && !this.#login) this.#take(token);
    if (token) this.#renewed(token);
    else this.#outcome({ reason: `The app gave no new token: ${reason}.` });
    return null;
  }

  /** There is a fresh token: it is known of as soon as the platform knows of it as well, and so minds its life. */
  async #renewed(token) {
    const feed = this.#feed;
    if (feed) await this.#until(feed, () => feed.open);
    this.#outcome({ token });
  }

  #outcome(outcome) {
    this.#refreshing--;
    this.#refreshes.push(outcome);
    this.#waiting.look();
  }

  /** The token of the next refresh that nobody has asked for yet; rejects if there was none to be had. */
  refreshed() {
    this.#feed?.wake();
    const given = this.#waiting.wait(() => this.#refreshes.shift(), () => this.#whyNever('A refreshed token', this.#refreshing > 0));
    return quiet(
      given.then(({ token, reason }) => {
        if (token) return token;
        throw new Error(reason);
      }),
    );
  }

  // --- events ------------------------------------------------------------------------------------------------------

  /** Follows the events of a session, in place of those of another one; of none, for null. */
  #follow(session) {
    const before = this.#feed;
    if (before?.session === session && !before.over) return;
    before?.stop();
    if (!session || !this.#follows || this.#closed) return;
    this.#feed = new Feed({
      connections: this.#connections,
      session,
      last: before?.session === session ? before.last : 0,
      bearer: () => this.#bearer(),
      onEvent: (name, data) => this.#receive(name, data),
      onChange: () => this.#changed(),
    });
  }

  #changed() {
    const { open, refused } = this.#feed ?? {};
    if (open) this.#askedInVain = this.#isUnused = false;
    // As at the end of its life: of that it may not have heard.
    if (refused?.code === 'token-expired' && !this.#askedInVain) {
      this.#askedInVain = true;
      this.refreshToken();
    }
    this.#waiting.look();
  }

  #receive(name, data) {
    if (name === 'sdk.tokenRefresh') this.refreshToken();
    else this.#tell(EVENTS[name] ?? name, this.#body(data));
  }

  #tell(name, body) {
    this.events.push({ name, body });
    this.#heard.push({ name, body });
    for (const list of [this.events, this.#heard]) if (list.length > EVENTS_KEPT) list.shift();
    try {
      this.#emit(name, body);
    } catch (error) {
      // A listener of the app that fails is the app's failure, and not the end of the stream.
      timers.setImmediate(() => {
        throw error;
      });
    }
    this.#waiting.look();
  }

  /** The body of the first event of that name that nobody has asked for yet, as soon as it is there. */
  event(name, fits = () => true) {
    const wanted = nativeEvent(name);
    const look = () => {
      const index = this.#heard.findIndex((event) => event.name === wanted && fits(event.body));
      return index < 0 ? undefined : this.#heard.splice(index, 1)[0];
    };
    this.#feed?.wake();
    const found = this.#waiting.wait(look, () => this.#whyNever(wanted, this.#feed?.refused && this.#refreshing > 0));
    return quiet(found.then(({ body }) => body));
  }

  /** Resolves as soon as no call is underway, and JavaScript has every event that the simulator has for it. */
  async settled() {
    do {
      while (this.#busy.size > 0 && !this.#closed) {
        await Promise.race([Promise.allSettled(this.#busy), this.#end]);
        await turn(); // what was waited for may start something new, a few promises later
      }
      await this.#delivered();
      await turn();
    } while (this.#busy.size > 0 && !this.#closed);
  }

  async #delivered() {
    const feed = this.#feed;
    if (!feed) return;
    if (!feed.over && !feed.ending) {
      feed.hurry();
      await this.#until(feed, () => feed.open);
      const last = feed.open ? await Promise.race([this.#lastOf(feed), this.#end]) : null;
      // Of a session that is not open the stream tells the rest, and ends.
      await this.#until(feed, () => last !== null && feed.last >= last);
    }
    if (feed.ending) await feed.done;
    const why = feed.sessionIsOver || STILL_KNOWN.includes(feed.refused?.code) ? null : feed.why;
    if (why) throw new Error(`${why} ${this.#came()}`);
  }

  /** Resolves as soon as it has come, or there is nothing to wait for: the stream is over, or its network is down. */
  #until(feed, come) {
    return this.#waiting.wait(() => this.#closed || feed.over || feed.ending || feed.down || come() || undefined, () => null);
  }

  /** The number of the last event that is still to come, or of the last that came; null where the session is not open. Nobody has listened then. */
  async #lastOf({ world, session, last }) {
    const path = `/${world}/sessions/${session}/events?after=${last}&limit=1`;
    try {
      const { events } = await this.#connections.control('GET', path);
      return events.at(-1)?.id ?? last;
    } catch (error) {
      if (error.status === 404) return null;
      throw error;
    }
  }

  /** Why something will not come any more, or not as long as nothing else is done; null where it may. */
  #whyNever(what, isUnderWay) {
    if (this.#closed) return `The client was closed. ${what} had not come. ${this.#came()}`;
    const why = isUnderWay ? null : this.#feed?.why;
    return why ? `${why} ${what} had not come. ${this.#came()}` : null;
  }

  #came() {
    const names = [...new Set(this.events.map(({ name }) => name))];
    return names.length === 0 ? 'No event had.' : `These had: ${names.join(', ')}.`;
  }

  // --- asking ------------------------------------------------------------------------------------------------------

  /** Asks about the session. */
  async #ask(method, path, body) {
    const token = this.#inUse;
    const answer = await this.#request(method, `/${this.#session}${path}`, body);
    if (token === this.#inUse) this.#isUnused = false;
    return answer;
  }

  async #request(method, path, body) {
    return this.#http(method, `/v1/sessions${path}`, {
      headers: { authorization: `Bearer ${await this.#bearer()}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    });
  }

  async #http(method, path, options) {
    const { status, text } = await this.#connections.ask(method, path, options).catch((error) => {
      throw this.#error(error.message);
    });
    const answer = readJson(text);
    if (status >= 400) {
      // The session interface answers with problem documents, the token endpoint as the old platform did.
      const message = answer?.detail ?? answer?.error_description;
      if (message) throw this.#error(message, answer);
      throw this.#error(`The answer to ${method} ${this.url}${path} is HTTP ${status}, and not that of a simulator.`);
    }
    if (answer === undefined) throw this.#error(`The answer to ${method} ${this.url}${path} is not JSON.`);
    return answer;
  }

  #error(message, problem, kind = problem?.code) {
    const failures = FAILURES[this.platform];
    const failure = Object.hasOwn(failures, kind) ? failures[kind] : failures.any;
    const domain = this.platform === 'ios' ? 'openfirst' : undefined;
    return new NativeError({ message, domain, problem, ...failure });
  }

  /** iOS sends null for what a participant has not told, Android leaves it out. */
  #body(value) {
    if (this.platform === 'ios' || value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map((each) => this.#body(each));
    const entries = Object.entries(value).map(([name, each]) => [name, name === 'info' ? told(each) : this.#body(each)]);
    return Object.fromEntries(entries);
  }

  /** Ends its connections. A call that is underway is never answered, and a later one is refused. */
  close() {
    this.#closed = true;
    this.#ends();
    this.#feed?.stop();
    this.#connections.close();
    this.#waiting.look();
  }
}

/** The promise; where it fails, the error tells who called, and not how we asked the simulator. */
async function calledFrom({ stack }, promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof NativeError) error.stack = `${error.name}: ${error.message}${stack.slice(stack.indexOf('\n    at '))}`;
    throw error;
  }
}

function told(info) {
  if (info === null || typeof info !== 'object') return info;
  return Object.fromEntries(Object.entries(info).filter(([, value]) => value !== null));
}

function turn() {
  return new Promise((resolve) => timers.setImmediate(resolve));
}

module.exports = { Native, NativeError };
