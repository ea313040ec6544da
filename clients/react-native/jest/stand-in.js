'use strict';
/** The preset's part in each test file: quiet imports, and connections that end with the file. */
const { uninstall } = require('../index');
const { mute } = require('../lib/load');
const state = require('../lib/state');

state.jest = 'stand-in';
mute();
afterAll(uninstall);
