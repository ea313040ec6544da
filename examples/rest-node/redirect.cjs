// redirect.cjs: loaded by `node --require ./redirect.cjs`, it leads the platform's host names to the simulator, in this process.
// Whatever asks for them is connected to it: node:https, fetch, and what is built on these. No other host is concerned.
const net = require('node:net');

const HOSTS = /^(([a-z]+\.)?comms\.)?api\.dolby\.io\.?$|^(api|session)\.voxeet\.com\.?$/i;
const { OPENFIRST_URL, OPENFIRST_TLS_URL } = process.env;
if (!OPENFIRST_TLS_URL) throw new Error('There is no simulator here. Run this behind `openfirst simulate --tls -- node …`.');
const places = { 80: new URL(OPENFIRST_URL), 443: new URL(OPENFIRST_TLS_URL) };
const connect = net.Socket.prototype.connect;

net.Socket.prototype.connect = function (...args) {
  const normalized = Array.isArray(args[0]);
  const options = normalized ? args[0][0] : args[0];
  if (typeof options !== 'object' || !HOSTS.test(options?.host)) return connect.apply(this, args);
  const { hostname, port } = places[options.port] ?? { hostname: '127.0.0.1', port: 0 }; // Port 0 is refused.
  const there = { ...options, host: hostname, port };
  if (normalized) args[0][0] = there;
  else args[0] = there;
  return connect.apply(this, args);
};
