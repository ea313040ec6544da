'use strict';
/** What an import of `react-native` gives in Jest: a stand-in, on the native side of the client that is being loaded. */
const { install } = require('../index');
const { createRuntime } = require('../lib/runtime');
const state = require('../lib/state');

module.exports = createRuntime(state.loading ?? state.installed ?? install());
