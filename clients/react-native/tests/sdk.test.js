'use strict';
/** What the SDK's JavaScript layer asks for, and what there is: read from the SDK as it was published, and from the contract. */
const assert = require('node:assert/strict');
const { readFileSync, readdirSync } = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');

const { EVENTS, RENAMED, SERVICES } = require('../lib/modules');
const { Native } = require('../lib/native');

const SDK = path.join(path.dirname(require.resolve('@dolbyio/comms-sdk-react-native/package.json')), 'src');
const sources = readdirSync(SDK, { recursive: true })
  .filter((name) => /\.tsx?$/.test(name) && !/__tests__|setupTest/.test(name))
  .map((name) => readFileSync(path.join(SDK, name), 'utf8'));

test('every native method that the SDK calls is there, and no other', () => {
  const called = new Set();
  for (const source of sources) {
    const [, module] = /const \{ (CommsAPI\w+) \} = NativeModules/.exec(source) ?? [];
    const calls = source.matchAll(/(?:this\._(?:nativeModule|audioPreview|localAudio|remoteAudio|localVideo|remoteVideo)|CommsAPIModule)\.(\w+)\(/g);
    if (module) for (const [, method] of calls) called.add(`${module}.${method}`);
  }
  const there = Object.entries(new Native().NativeModules).flatMap(([module, methods]) =>
    Object.keys(methods)
      .filter((name) => !['addListener', 'removeListeners'].includes(name))
      .map((name) => `${module}.${name}`),
  );
  assert.deepEqual(there.sort(), [...called].sort());
});

test('every event of the SDK is told, but for those of a view', () => {
  const named = sources.flatMap((source) => [...source.matchAll(/= '(EVENT_\w+)'/g)].map(([, name]) => name));
  const expected = named.filter((name) => !name.startsWith('EVENT_VIDEOVIEW'));
  assert.deepEqual(Object.values(EVENTS).sort(), expected.sort());
});

test('the contract lists the methods under the same names', () => {
  const contract = readFileSync(path.join(__dirname, '../../../spec/openfirst_spec/session.yaml'), 'utf8');
  const [, services] = /^services:\n(.*?)^\w/ms.exec(contract);
  const listed = [];
  let service;
  for (const line of services.split('\n')) {
    service = /^  (\w+):$/.exec(line)?.[1] ?? service;
    const method = /^      (\w+): \{ gate: (?:platform|local),/.exec(line)?.[1];
    if (method) listed.push(`${service}.${method}`);
  }
  const here = Object.entries(SERVICES).flatMap(([name, { methods }]) =>
    methods.map((method) => `${name}.${RENAMED[method]?.()[0] ?? method}`),
  );
  assert.deepEqual(here.sort(), listed.sort());
});

test('the types name the same events, and what the package gives', () => {
  const types = readFileSync(path.join(__dirname, '../index.d.ts'), 'utf8');
  const [, names] = /export type EventName =\n(.*?);/s.exec(types);
  assert.deepEqual(names.match(/EVENT_\w+/g).sort(), Object.values(EVENTS).sort());
  const functions = [...types.matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(functions)].sort(), Object.keys(require('..')).sort());
});
