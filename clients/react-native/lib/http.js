'use strict';
/**
 * Requests and event streams over HTTP. Not `fetch`: a Jest environment may lack it, or replace it, or fake the timers under it.
 */
const http = require('node:http');
const https = require('node:https');

/** Where the simulator is, checked: the URL as a text without a slash at its end. */
function baseUrl(url = process.env.OPENFIRST_URL || 'http://127.0.0.1:8765') {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    parsed = null;
  }
  if (!parsed || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new TypeError(
      `The url ${JSON.stringify(url)} is not the address of a simulator. ` +
        'Give the one that `openfirst simulate` prints, such as http://127.0.0.1:8765.',
    );
  }
  return String(url).replace(/\/+$/, '');
}

/** A connection that failed. `absent` says that nobody is there at all. */
class ConnectionError extends Error {
  constructor(url, error) {
    const absent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH'].includes(error.code);
    const reason = error.code ?? error.message;
    super(
      absent
        ? `No simulator answers at ${url} (${reason}). Start one with \`openfirst simulate\`, ` +
            'and give its address as { url } or in OPENFIRST_URL.'
        : `The connection to ${url} broke before the answer was there (${reason}).`,
    );
    this.absent = absent;
  }
}

/** The connections of one client: kept for the next request, and gone together. */
class Connections {
  constructor(url) {
    this.url = url;
    /** Where the control plane is: above the worlds. */
    this.root = url.replace(/\/w\/[^/]+$/, '');
    this.transport = url.startsWith('https:') ? https : http;
    this.agent = new this.transport.Agent({ keepAlive: true });
    this.closed = false;
  }

  /** Asks, and gives `{status, headers, text}`. Once the connections are closed nothing is asked, or answered. */
  ask(method, path, options) {
    return this.#ask(method, this.url + path, options);
  }

  /**
   * Asks the control plane about the worlds, at a path within them, and gives what it answers. Rejects with Error, and the
   * `status` where there is one.
   */
  async control(method, path, body) {
    const url = `${this.root}/_openfirst/worlds${path}`;
    const headers = { 'content-type': 'application/json' };
    const { status, text } = await this.#ask(method, url, { headers, body: body && JSON.stringify(body) });
    const answer = readJson(text);
    if (status < 400 && answer !== undefined) return answer;
    const refused = answer?.detail
      ? `${method} ${url} was refused: ${answer.detail}`
      : `The answer to ${method} ${url} is HTTP ${status}, and not that of a simulator. Give the address that \`openfirst simulate\` prints.`;
    throw Object.assign(new Error(refused), { status });
  }

  #ask(method, url, { headers = {}, body } = {}) {
    return new Promise((resolve, reject) => {
      if (this.closed) return;
      const failed = (error) => {
        if (!this.closed) reject(new ConnectionError(this.url, error));
      };
      if (body !== undefined) headers = { ...headers, 'content-length': Buffer.byteLength(body) };
      const request = this.transport.request(url, { method, headers, agent: this.agent }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => (text += chunk));
        response.on('error', failed);
        response.on('end', () => {
          if (!this.closed) resolve({ status: response.statusCode, headers: response.headers, text });
        });
      });
      request.on('error', failed);
      request.end(body);
    });
  }

  /**
   * Reads server-sent events until the stream ends. `onOpen(headers)` is told when it begins, `onEvent({id, event, data})` of each.
   * Gives `{stop, ended}`; `ended` is a promise of `{status, text}` where the stream was refused, of `{error}` where the
   * connection broke, of `{}` otherwise.
   */
  stream(path, headers, { onOpen, onEvent }) {
    let request;
    const ended = new Promise((resolve) => {
      const failed = (error) => resolve({ error: new ConnectionError(this.url, error) });
      const options = { headers: { ...headers, accept: 'text/event-stream' }, agent: this.agent };
      request = this.transport.request(this.url + path, options, (response) => {
        response.setEncoding('utf8');
        response.on('error', failed);
        const streams = response.statusCode === 200 && /^text\/event-stream\b/.test(response.headers['content-type']);
        if (streams) onOpen(response.headers);
        let text = '';
        const read = streams ? eventReader(onEvent) : (chunk) => (text += chunk);
        response.on('data', read);
        response.on('end', () => resolve(streams ? {} : { status: response.statusCode, text }));
        response.on('close', () => resolve({}));
      });
      request.on('error', failed);
      request.end();
    });
    return { stop: () => request.destroy(), ended };
  }

  close() {
    this.closed = true;
    this.agent.destroy();
  }
}

/** Takes chunks of a text/event-stream, and calls `onEvent` for each event that is whole. */
function eventReader(onEvent) {
  let rest = '';
  let fields = {};
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines.map((each) => each.replace(/\r$/, ''))) {
      const [, name, value] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line);
      if (line === '') {
        if (fields.data !== undefined) onEvent(fields);
        fields = {};
      } else if (name === 'data') fields.data = fields.data === undefined ? value : `${fields.data}\n${value}`;
      else if (name !== '') fields[name] = value; // without a name it is a comment
    }
  };
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

module.exports = { ConnectionError, Connections, baseUrl, readJson };
