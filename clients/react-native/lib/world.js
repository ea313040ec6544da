'use strict';
/**
 * A world of the simulator, for a test: the few requests to the control plane that every test makes.
 */
const { Connections, baseUrl } = require('./http');

/** A fresh world, where time stands still unless `scale` says otherwise; `client` makes its clients. */
async function worldWith(client, { url, ...options } = {}) {
  const connections = new Connections(baseUrl(url));
  const { name, url: address } = await connections.control('POST', '', { scale: 0, ...options });
  return new World(connections, name, address, client);
}

class World {
  #connections;
  #client;
  #clients = [];

  constructor(connections, name, url, client) {
    this.#connections = connections;
    this.#client = client;
    this.name = name;
    this.url = url;
  }

  /** A client of the SDK in this world. */
  client(options, load) {
    const made = this.#client({ ...options, url: this.url }, load);
    this.#clients.push(made);
    return made;
  }

  /** A client access token; `expiresIn` in seconds. */
  async token(externalId, { expiresIn, scopes, condition } = {}) {
    return (await this.control('POST', '/tokens', { externalId, expiresIn, scopes, condition })).token;
  }

  /** Something goes wrong: `{operation: 'open', kind: 'status', status: 503}`, once unless `times` says otherwise. */
  fail(fault) {
    return this.control('POST', '/faults', fault.recipe ? fault : { times: 1, ...fault });
  }

  /** Nothing goes wrong any more. */
  heal() {
    return this.control('DELETE', '/faults');
  }

  /** Time passes, in seconds; gives what happened. */
  advance(seconds) {
    return this.control('POST', '/clock/advance', { milliseconds: Math.round(seconds * 1000) });
  }

  /** What was asked: the entries of the journal that fit, such as `{operation: 'open', status: 201}`. */
  async journal(filter = {}) {
    return (await this.control('GET', `/journal?${new URLSearchParams(filter)}`)).entries;
  }

  /** What is left behind: `{sessions, faults}`, both empty after a test that cleans up. */
  left() {
    return this.control('GET', '/left');
  }

  /** Closes the clients of this world, and drops it. */
  async drop() {
    for (const client of this.#clients) client.close();
    await this.control('DELETE', '');
    this.#connections.close();
  }

  /** Any other request to the control plane: docs/simulator.md lists them. */
  control(method, path, body) {
    return this.#connections.control(method, `/${this.name}${path}`, body);
  }
}

module.exports = { worldWith };
