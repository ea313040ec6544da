'use strict';
/**
 * What a session hears: its events, one after another, taken up again where the connection breaks.
 */
const timers = require('node:timers'); // a test may fake the global ones

const { readJson } = require('./http');

const FIRST_WAIT = 50; // ms before the second attempt to connect again; each further one waits twice as long
const LONGEST_WAIT = 1000;
const KEEPS_ALIVE = 10; // attempts
const OVER = 'The session is over.';
const ANEW = 'Begin anew in a world that there is: with a token of it, initializeToken and open.';
const AT_ONCE = 10; // attempts without a wait, where somebody asks for it

class Feed {
  /** Nothing comes any more. */
  over = false;
  /** The session is closed, and what comes is the rest. */
  ending = false;
  /** Events come. */
  open = false;
  /** Where events do not come, and may not be heard soon: why. Not of a connection that broke and is taken up. */
  why = null;
  /** It is over for want of a good token: the problem that the simulator has with this one. */
  refused = null;
  /** It has tried to connect as often as it was asked to, in vain, and tries again later. */
  down = false;
  /** The world of the session, as the simulator has named it; null before the first connection. */
  world = null;

  #connections;
  #connection;
  #bearer;
  #onEvent;
  #onChange;
  #wake = () => {};
  #atOnce = 0;
  #heardAlready = 0; // up to which event, where the log is read from its beginning again

  /**
   * Begins behind the event `last`. `bearer()` gives the token, `onEvent(name, data)` is told of each event, and `onChange()` of
   * everything that happens here.
   */
  constructor({ connections, session, last, bearer, onEvent, onChange }) {
    this.session = session;
    this.last = last;
    this.#connections = connections;
    this.#bearer = bearer;
    this.#onEvent = onEvent;
    this.#onChange = onChange;
    /** Resolves when it is over. */
    this.done = this.#listen().finally(() => {
      this.over = true;
      if (this.ending) this.why = OVER;
      onChange();
    });
  }

  /** Whether it is over because the session is. */
  get sessionIsOver() {
    return this.why === OVER;
  }

  /** Connects at once, if it waits before doing so again. */
  wake() {
    this.#wake();
  }

  /** Connects, and tries that ten times without a wait before it is `down`. */
  hurry() {
    this.#atOnce = AT_ONCE;
    this.down = false;
    this.#wake();
  }

  /** Goes on with the token that there is now: what the platform has not seen used, it does not remind of. */
  renew() {
    if (this.over || this.ending) return;
    this.open = false;
    this.#atOnce = Math.max(this.#atOnce, 1);
    this.#connection?.stop();
  }

  /** The session is closed: what was sent until now still comes, then the simulator ends the stream. */
  letEnd() {
    this.ending = true;
    this.#wake();
    this.#onChange();
  }

  stop() {
    this.over = true;
    this.#connection?.stop();
    this.#wake();
  }

  async #listen() {
    for (let attempts = 0; !this.over && !this.ending; attempts++) {
      const token = await this.#bearer().catch((error) => {
        this.why = error.message;
        return null;
      });
      if (this.over || token === null) return;
      const headers = { authorization: `Bearer ${token}` };
      if (this.last > this.#heardAlready) headers['last-event-id'] = String(this.last);
      this.#connection = this.#connections.stream(`/v1/sessions/${this.session}/events`, headers, {
        onOpen: (answered) => {
          this.open = true;
          this.down = false;
          this.#atOnce = 0;
          this.why = null;
          this.world = answered['openfirst-world'] ?? null;
          this.#onChange();
        },
        onEvent: (event) => {
          attempts = 0;
          if (!this.over) this.#receive(event);
        },
      });
      const { status, text, error } = await this.#connection.ended;
      this.open = false;
      if (this.over || this.ending) return;
      const problem = readJson(text ?? '') ?? { detail: `HTTP ${status}, and no word of a simulator.` };
      if (status === 401) {
        if (token !== (await this.#bearer().catch(() => token))) continue; // it was refreshed meanwhile
        this.refused = problem;
        this.why = `The platform refuses the token: ${problem.detail}`;
        if (problem.code === 'token-invalid') this.why += ` After a reset of its world no session is left. ${ANEW}`;
        return;
      }
      if (status === 410 && this.#heardAlready < this.last) {
        // It may not go on from where it was: it begins anew, and leaves out what was heard already.
        this.#heardAlready = this.last;
        continue;
      }
      // Any other refusal says that the session is over.
      if (status >= 400 && status < 500 && status !== 429) {
        this.why = problem.code === 'session-not-open' ? OVER : `${problem.detail} ${ANEW}`;
        return;
      }
      this.why = error?.absent ? error.message : null;
      if (this.#atOnce > 0) this.#atOnce--;
      else if (attempts > 0) await this.#pause(attempts);
    }
  }

  #receive({ id, event, data }) {
    const body = readJson(data);
    const last = event === 'gap' ? body?.to : Number(id);
    if (last <= this.#heardAlready) return;
    if (last > this.last) this.last = last;
    this.#onEvent(event, body);
    this.#onChange();
  }

  #pause(attempts) {
    this.down = true;
    this.#onChange();
    return new Promise((resolve) => {
      const timer = timers.setTimeout(resolve, Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT));
      // A simulator that has gone keeps nobody from ending.
      if (this.why || attempts > KEEPS_ALIVE) timer.unref();
      this.#wake = () => {
        timers.clearTimeout(timer);
        this.why = null; // it may be another by now
        resolve();
      };
    });
  }
}

module.exports = { Feed };
