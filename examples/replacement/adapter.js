'use strict';
// An adapter for openfirst: it makes the calls it is told to make, and reports what came of them.
// The session of the Dolby.io Communications SDK: contract session 1.0.0.
const net = require('node:net');
const readline = require('node:readline');

// Thrown where the replacement refuses a call; the message is the code of the reason.
// session-not-open, session-already-open, external-id-mismatch, token-expired, token-invalid, token-revoked,
// scope-missing, not-initialized, already-initialized, closure-canceled, not-simulated
class Refused extends Error {}

const { Session } = require('./session.js');

// One client of the replacement, fresh for each case.
class Client {
  constructor(credential, platform) {
    this._session = new Session(platform.baseUrl);
    if (credential.kind === 'token') this.initializeToken({ credential });
  }
  initializeToken({ credential }) {
    this._session.initializeToken(credential.token);
  }
  open({ info }) {
    return this._told(this._session.open(info));
  }
  close() {
    return this._told(this._session.close());
  }
  isOpen() {
    return this._told(this._session.isOpen());
  }
  getParticipant() {
    return this._told(this._session.getParticipant());
  }
  updateParticipantInfo({ name, avatarUrl }) {
    return this._told(this._session.updateParticipantInfo(name, avatarUrl));
  }
  use({ service, method, arguments: given }) {
    return this._told(this._session.use(service, method, ...given));
  }
  async _told(call) {
    try {
      return await call;
    } catch (error) {
      throw error.code ? new Refused(error.code) : error;
    }
  }
}

const operations = Object.getOwnPropertyNames(Client.prototype).filter((name) => !/^(constructor$|_)/.test(name));
let clients = {};
const methods = {
  initialize: ({ protocol }) => ({
    protocol,
    implementation: { name: 'replacement', version: '1.0.0', language: 'javascript' },
    capabilities: { operations, clock: 'real', clients: 2 },
  }),
  reset: ({ platform, clients: held }) => {
    clients = {};
    for (const name in held) clients[name] = new Client(held[name].credential, platform);
  },
  call: async ({ client, operation, arguments: given }) => {
    if (!operations.includes(operation)) return { outcome: 'unsupported', reason: `${operation} is not written yet` };
    try {
      return { outcome: 'value', value: await clients[client][operation](given) };
    } catch (error) {
      if (error instanceof Refused) return { outcome: 'error', code: error.message };
      throw error; // a mistake of the adapter's own
    }
  },
  settle: () => {},
  shutdown: () => {},
};

async function speak(input, output) {
  for await (const line of readline.createInterface({ input })) {
    const { id, method, params } = JSON.parse(line);
    const answer = { jsonrpc: '2.0', id };
    try {
      answer.result = { generation: params?.generation, ...(await methods[method](params)) };
    } catch (error) {
      answer.error = { code: method in methods ? -32000 : -32601, message: String(error.stack) };
    }
    output.write(JSON.stringify(answer) + '\n', () => method === 'shutdown' && process.exit());
  }
}

console.log = console.info = console.error; // standard output is the protocol's alone
const port = process.argv[2]; // it listens there, for `openfirst check --connect tcp://127.0.0.1:PORT`
if (port) net.createServer((socket) => speak(socket, socket).catch(console.error)).listen(port, '127.0.0.1');
else speak(process.stdin, process.stdout);
