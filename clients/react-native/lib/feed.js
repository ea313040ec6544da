'use strict';
/**
 * What a session hears: its events, one after another, taken up again where the connection breaks.
 */
const timers = require('node:timers'); // a test may fake the global ones

const { readJson } = require('./http');

const FIRST_WAIT = 50; // ms before the second attempt to connect again; each further one waits twice as long
const LONGEST_WAIT = 1000;
const KEEPS_ALIVE = 10; // attempts

class Feed {
  /** Nothing comes any more. */
  over = false;
  /** The session is closed, and what comes is the rest. */
  ending = false;
  /** It is over for want of a good token. */
  refused = false;
  /** It is over because nobody listens. */
  stopped = false;

  #connections;
  #connection;
  #bearer;
  #onEvent;
  #onChange;
  #wake = () => {};
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
      onChange();
    });
  }

  /** Whether it is over because the session is. */
  get sessionIsOver() {
    return this.over && !this.refused && !this.stopped;
  }

  /** Connects at once, if it waits before doing so again. */
  wake() {
    this.#wake();
  }

  /** The session is closed: what was sent until now still comes, then the simulator ends the stream. */
  letEnd() {
    this.ending = true;
    this.#wake();
    this.#onChange();
  }

  stop() {
    this.stopped = this.stopped || !this.over;
    this.over = true;
    this.#connection?.stop();
    this.#wake();
  }

  async #listen() {
    for (let attempts = 0; !this.over && !this.ending; attempts++) {
      const token = await this.#bearer().catch(() => null);
      if (this.over || token === null) return;
      const headers = { authorization: `Bearer ${token}` };
      if (this.last > this.#heardAlready) headers['last-event-id'] = String(this.last);
      this.#connection = this.#connections.stream(`/v1/sessions/${this.session}/events`, headers, {
        onEvent: (event) => {
          attempts = 0;
          if (!this.over) this.#receive(event);
        },
      });
      const { status } = await this.#connection.ended;
      if (this.over || this.ending) return;
      if (status === 401) {
        this.refused = token === (await this.#bearer().catch(() => token));
        if (this.refused) return;
        continue; // the token was refreshed meanwhile
      }
      if (status === 410 && this.#heardAlready < this.last) {
        // It may not go on from where it was: it begins anew, and leaves out what was heard already.
        this.#heardAlready = this.last;
        continue;
      }
      // Any other refusal says that the session is over.
      if (status < 500 && status !== 429) return;
      if (attempts > 0) await this.#pause(attempts);
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
    return new Promise((resolve) => {
      const timer = timers.setTimeout(resolve, Math.min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT));
      // A simulator that has gone for long keeps nobody from ending.
      if (attempts > KEEPS_ALIVE) timer.unref();
      this.#wake = () => {
        timers.clearTimeout(timer);
        resolve();
      };
    });
  }
}

module.exports = { Feed };
