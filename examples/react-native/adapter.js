'use strict';
/**
 * The adapter protocol on standard input and output: JSON-RPC 2.0, one message a line.
 */
// Standard output belongs to the protocol, and the SDK prints there: this comes before it is imported.
console.log = console.info = console.debug = console.error;

const { Client, PACKAGE, operations } = require('./client');

// The judge waits at least 2 s for a call. One that takes longer than this is reported as alive and not settled.
const PENDING_AFTER = 1500;

class ProtocolError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

let platform;
let current = { generation: null, clients: {} };

const methods = {
  initialize(params) {
    if (params.protocol !== 1) throw new ProtocolError(-32602, `protocol ${params.protocol} is not spoken here, 1 is`);
    platform = params.platform;
    return {
      protocol: 1,
      implementation: { name: PACKAGE, version: require(`${PACKAGE}/package.json`).version, language: 'javascript' },
      capabilities: {
        operations,
        clock: 'virtual',
        clients: 2,
        concurrency: 4,
        refresh: true,
        deprecatedInitialize: true,
      },
      errorMap: [
        { native: 'credential', code: 'not-initialized' },
        { native: 'noCurrentParticipant', code: 'session-not-open' },
      ],
    };
  },

  async reset({ generation, now, platform: { baseUrl } = platform, clients }) {
    for (const client of Object.values(current.clients)) client.close();
    current = { generation, clients: {} };
    const refusals = {};
    for (const [name, { credential }] of Object.entries(clients)) {
      const requestToken = async (callback) =>
        (await request('refreshToken', { generation, client: name, callback })).token;
      const client = new Client({ baseUrl, now: Date.parse(now), requestToken });
      current.clients[name] = client;
      const outcome = await hold(client, credential);
      if (outcome?.outcome === 'error') refusals[name] = { initialize: outcome };
    }
    return { generation, clients: refusals };
  },

  async call({ generation, client, operation, arguments: args }) {
    const outcome = await within(clientNamed(generation, client).call(operation, args ?? {}), { outcome: 'pending' });
    return { generation, ...outcome };
  },

  advance({ generation, milliseconds }) {
    for (const client of clientsOf(generation)) client.advance(milliseconds);
    return { generation };
  },

  async settle({ generation }) {
    await within(Promise.all(clientsOf(generation).map((client) => client.settled())));
    return { generation };
  },

  shutdown() {
    return null;
  },
};

function hold(client, credential) {
  if (credential.kind === 'token') return client.call('initializeToken', { credential });
  if (credential.kind === 'key-secret') return client.call('initialize', { credential });
  return null;
}

function clientsOf(generation) {
  if (generation === current.generation) return Object.values(current.clients);
  throw new ProtocolError(-32602, `generation ${generation} is not the current one, ${current.generation}`);
}

function clientNamed(generation, name) {
  clientsOf(generation);
  const client = current.clients[name];
  if (!client) throw new ProtocolError(-32602, `there is no client ${name}`);
  return client;
}

/** What the promise gives, or `otherwise` if that takes too long. */
function within(promise, otherwise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, PENDING_AFTER, otherwise);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

// --- messages --------------------------------------------------------------------------------------------------------

const asked = new Map();
let requests = 0;

function send(message, then) {
  process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n', then);
}

function request(method, params) {
  const id = `r${++requests}`;
  send({ id, method, params });
  return new Promise((resolve, reject) => asked.set(id, { resolve, reject }));
}

function receiveAnswer({ id, result, error }) {
  const { resolve, reject } = asked.get(id) ?? {};
  asked.delete(id);
  if (error) reject?.(new Error(error.message));
  else resolve?.(result);
}

async function receive(line) {
  let message;
  try {
    message = JSON.parse(line);
  } catch (error) {
    return send({ id: null, error: { code: -32700, message: error.message } });
  }
  const { id, method, params } = message;
  if (method === undefined) return receiveAnswer(message);
  try {
    if (!Object.hasOwn(methods, method)) throw new ProtocolError(-32601, `there is no method ${method}`);
    const result = await methods[method](params ?? {});
    // The case may have ended meanwhile: then nobody waits for the answer.
    if (result?.generation < current.generation) return;
    send({ id, result }, method === 'shutdown' ? () => process.exit() : undefined);
  } catch (error) {
    if (!(error instanceof ProtocolError)) console.error(error);
    send({ id, error: { code: error instanceof ProtocolError ? error.code : -32000, message: error.message } });
  }
}

// Not readline: newer versions take U+2028 and U+2029, which a JSON string may hold, for the end of a line.
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) if (line.trim()) receive(line);
});
process.stdin.on('end', () => process.exit());
