'use strict';
/** Jest, with the preset, and beside the real react-native. */
const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const PACKAGE = path.dirname(__dirname);

/** Runs Jest in a folder of `in-jest` with this configuration. */
function runJest(folder, config) {
  const rootDir = path.join(__dirname, 'in-jest', folder);
  const given = ['--config', JSON.stringify({ rootDir, ...config }), '--ci'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [require.resolve('jest/bin/jest'), ...given], {
    cwd: PACKAGE,
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { status, printed: stdout + stderr };
}

test('with the preset nothing is to be called, and nothing is printed by the SDK', () => {
  const { status, printed } = runJest('preset', { preset: PACKAGE });
  assert.equal(status, 0, printed);
  assert.doesNotMatch(printed, /console|did not exit/);
});

test('beside the preset of react-native its NativeModules are filled', () => {
  const { status, printed } = runJest('beside', {
    moduleNameMapper: { '^react-native$': '<rootDir>/react-native.js', '^react$': path.join(PACKAGE, 'jest', 'react.js') },
    setupFiles: ['<rootDir>/setup.js'],
    setupFilesAfterEnv: ['@openfirst/react-native/jest'],
  });
  assert.equal(status, 0, printed);
  assert.doesNotMatch(printed, /console|did not exit/);
});

test('without either Jest is told what is missing', () => {
  const { status, printed } = runJest('preset', {});
  assert.equal(status, 1);
  assert.match(printed, /Cannot find module 'react-native'/);
});
