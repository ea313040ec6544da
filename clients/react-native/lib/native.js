'use strict';
/**
 * The native side of one SDK, backed by a simulator.
 *
 * It asks the simulator about everything and decides no rule. What it has to know by itself is what a native SDK knows: whether
 * it was initialised, and which session it opened. Before it has opened one, `current` in a path is the bearer's own session.
 */
const timers = require('node:timers'); // a test may fake the global ones

const { Connections, baseUrl, readJson } = require('./http');
const { EVENTS, RENAMED, SERVICES, nativeEvent } = require('./modules');

const EVENTS_KEPT = 1000;
const FIRST_WAIT = 50; // ms before the second attempt to connect again; each further one waits twice as long
const LONGEST_WAIT = 1000;
const KEEPS_ALIVE = 10; // attempts

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
  #session = 'current';
  #lastKnownOpen = false;
  #streams; // whether events are listened to
  #stream = null; // the stream of events that is followed
  #cursor = { session: null, last: 0 }; // how far the events of which session were read
  #sessionOver = false; // whether the stream has ended for good
  #busy = new Set(); // promises that have not settled
  #heard = []; // events not yet asked for
  #refreshes = []; // outcomes of refreshes not yet asked for
  #waiters = new Set();
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
    this.#streams = events;
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
    return null;
  }

  #begin() {
    this.#session = 'current';
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
    this.#track(renewed);
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
    const stream = this.#stream;
    await this.#ask('DELETE', '');
    this.#lastKnownOpen = false;
    // What was sent until now still comes; then the simulator ends the stream.
    stream?.letEnd();
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
    // The events may have stopped for want of a good token.
    if (this.#stream?.refused) this.#follow(this.#stream.session);
  }

  // --- the token's refresh -----------------------------------------------------------------------------------------

  /** Asks JavaScript for a new token, as at half, at three quarters and at the end of the token's life. */
  refreshToken() {
    if (this.#login) this.#renew();
    else this.#tell(EVENTS['sdk.tokenRefresh'], null);
  }

  #refreshed({ token, reason }) {
    // Without a new token the one at hand stays in use, as long as it lives.
    if (token && !this.#login) this.#take(token);
    this.#refreshes.push({ token, reason });
    this.#look();
    return null;
  }

  /** The token of the next refresh that nobody has asked for yet; rejects if the app had none to give. */
  refreshed() {
    const given = this.#wait(() => this.#refreshes.shift(), 'a refreshed token');
    return quiet(
      given.then(({ token, reason }) => {
        if (token) return token;
        throw new Error(`The app gave no new token: ${reason}.`);
      }),
    );
  }

  // --- events ------------------------------------------------------------------------------------------------------

  /** Follows the events of a session, in place of those of another one; of none, for null. */
  #follow(session) {
    if (this.#stream && this.#stream.session === session && !this.#stream.over) return;
    this.#stream?.stop();
    this.#stream = null;
    this.#sessionOver = false;
    if (!session || !this.#streams || this.#closed) return;
    if (this.#cursor.session !== session) this.#cursor = { session, last: 0 };
    const stream = {
      session,
      over: false, // nothing comes any more
      ending: false, // what comes is the rest
      refused: false, // for want of a good token
      wake: () => {},
      letEnd: () => {
        stream.ending = true;
        stream.wake();
        this.#look();
      },
      stop: () => {
        stream.over = true;
        stream.connection?.stop();
        stream.wake();
      },
    };
    this.#stream = stream;
    stream.done = this.#listen(stream).finally(() => {
      stream.over = true;
      this.#sessionOver = this.#stream === stream && !stream.refused;
      this.#look();
    });
  }

  async #listen(stream) {
    let attempts = 0;
    while (!stream.over) {
      const token = await this.#bearer().catch(() => null);
      if (stream.over || token === null) return;
      const headers = { authorization: `Bearer ${token}` };
      if (this.#cursor.last > 0) headers['last-event-id'] = String(this.#cursor.last);
      stream.connection = this.#connections.stream(`/v1/sessions/${stream.session}/events`, headers, {
        onEvent: (event) => {
          attempts = 0;
          if (!stream.over) this.#receive(event);
        },
      });
      const { status } = await stream.connection.ended;
      if (stream.over || stream.ending) return;
      if (status === 401) {
        // It may have been refreshed meanwhile.
        if (token !== (await this.#bearer().catch(() => token))) continue;
        stream.refused = true;
        return;
      }
      // Any other refusal says that the session is over.
      if (status < 500 && status !== 429) return;
      if (attempts > 0) await this.#pause(stream, attempts);
      attempts += 1;
    }
  }

  /** Waits before it connects again, until it is woken at the latest. */
  #pause(stream, attempts) {
    return new Promise((resolve) => {
      const timer = timers.setTimeout(resolve, Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT));
      // A simulator that has gone for long keeps nobody from ending.
      if (attempts > KEEPS_ALIVE) timer.unref();
      stream.wake = () => {
        timers.clearTimeout(timer);
        resolve();
      };
    });
  }

  #receive({ id, event, data }) {
    const body = readJson(data);
    const last = event === 'gap' ? body?.to : Number(id);
    if (last > this.#cursor.last) this.#cursor.last = last;
    if (event === 'sdk.tokenRefresh') this.refreshToken();
    else this.#tell(EVENTS[event] ?? event, this.#body(body));
    this.#look();
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
    this.#look();
  }

  /** The body of the first event of that name that nobody has asked for yet, as soon as it is there. */
  event(name, fits = () => true) {
    const wanted = nativeEvent(name);
    const look = () => {
      const index = this.#heard.findIndex((event) => event.name === wanted && fits(event.body));
      return index < 0 ? undefined : this.#heard.splice(index, 1)[0];
    };
    this.#stream?.wake();
    return quiet(this.#wait(look, wanted, () => this.#sessionOver).then(({ body }) => body));
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
    const stream = this.#stream;
    if (!stream || stream.over) return;
    if (!stream.ending) {
      try {
        const { last } = await this.#request('GET', `/${stream.session}/events?after=${this.#cursor.last}`);
        stream.wake();
        await this.#wait(() => stream.over || stream.ending || this.#cursor.last >= last || undefined, 'all events');
        if (!stream.ending) return;
      } catch (error) {
        // Of a session that is over the stream tells the rest, and ends.
        if (error.problem?.code !== 'session-not-open') throw error;
      }
    }
    await stream.done;
  }

  /**
   * What `look()` gives as soon as that is something; it is called again whenever something has come. Rejects when the
   * client is closed, or nothing more can come because it is `over()`.
   */
  #wait(look, what, over = () => false) {
    const promise = new Promise((resolve, reject) => this.#waiters.add({ look, what, over, resolve, reject }));
    this.#look();
    return promise;
  }

  #look() {
    for (const waiter of this.#waiters) {
      const found = waiter.look();
      const end = this.#closed ? 'The client was closed' : waiter.over() ? 'The session is over' : null;
      if (found === undefined && end === null) continue;
      this.#waiters.delete(waiter);
      if (found !== undefined) waiter.resolve(found);
      else waiter.reject(new Error(`${end}, and ${waiter.what} had not come. ${this.#came()}`));
    }
  }

  #came() {
    const names = [...new Set(this.events.map(({ name }) => name))];
    return names.length === 0 ? 'No event had.' : `These had: ${names.join(', ')}.`;
  }

  // --- asking ------------------------------------------------------------------------------------------------------

  /** Asks about the session. */
  #ask(method, path, body) {
    return this.#request(method, `/${this.#session}${path}`, body);
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
    this.#stream?.stop();
    this.#connections.close();
    this.#look();
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

/** The promise; who no longer cares for it is not told by an unhandled rejection. */
function quiet(promise) {
  promise.catch(() => {});
  return promise;
}

function turn() {
  return new Promise((resolve) => timers.setImmediate(resolve));
}

module.exports = { Native, NativeError };
