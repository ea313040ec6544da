'use strict';
/**
 * A server that answers as it is told: for what a simulator does not do when one wants it to.
 */
const { once } = require('node:events');
const http = require('node:http');

/** Listens, and gives what is at the end; closed when the test `t` ends. */
async function fake(t) {
  const requests = [];
  const streams = [];
  const waiting = [];
  const refusals = [];
  let isOffline = false;
  const answers = {
    'POST /v1/sessions': () => [201, { sessionId: 's', participant: { id: 'p', info: {} } }],
    'DELETE /v1/sessions/s': () => [204],
    'GET /_openfirst/worlds/here/sessions/s/events': () => [200, { events: [] }],
  };
  const server = http.createServer(async (request, response) => {
    const [path] = request.url.split('?');
    let body = '';
    for await (const chunk of request) body += chunk;
    requests.push({ method: request.method, url: request.url, headers: request.headers, body });
    if (request.headers.accept === 'text/event-stream') {
      const refusal = isOffline ? { status: null } : refusals.shift();
      if (refusal) {
        if (refusal.done) response.once('close', refusal.done);
        if (refusal.status === null) return void response.destroy();
        const type = { 'content-type': 'application/problem+json' };
        const problem = { code: refusal.status === 409 ? 'session-not-open' : 'fault', detail: 'No.' };
        return void response.writeHead(refusal.status, type).end(JSON.stringify(problem));
      }
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'openfirst-world': 'here' });
      response.write(': open\n\n');
      const stream = {
        headers: request.headers,
        send: (id, name, data) => response.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
        write: (text) => response.write(text),
        end: () => response.end(),
        cut: () => response.destroy(),
        gone: once(response, 'close'),
      };
      const next = waiting.shift();
      if (next) next(stream);
      else streams.push(stream);
      return;
    }
    const [status, answer] = answers[`${request.method} ${path}`]?.(body, request.url) ?? [404, { code: 'not-found', detail: 'No such thing.' }];
    response.writeHead(status, { 'content-type': 'application/json' }).end(answer && JSON.stringify(answer));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  t.after(stop);
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    answers,
    stop,
    /** Tells the control plane's last event by its number. */
    has: (id) => (answers['GET /_openfirst/worlds/here/sessions/s/events'] = () => [200, { events: [{ id }] }]),
    /** Answers the next request for events with a status, or breaks its connection (null); resolves when that is done. */
    refuse: (status) => new Promise((done) => refusals.push({ status, done })),
    /** Breaks each request for events until it ends. */
    offline: () => {
      isOffline = true;
      return { end: () => (isOffline = false) };
    },
    /** The next stream that is asked for. */
    stream: () => (streams.length > 0 ? Promise.resolve(streams.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

module.exports = { fake };
