'use strict';
/** What an import of `react` gives in Jest where that is not installed. */
module.exports = require('../lib/runtime').react;
