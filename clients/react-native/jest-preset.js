'use strict';
/**
 * For a Jest project without react-native: `preset: '@openfirst/react-native'`.
 */
const moduleNameMapper = { '^react-native$': require.resolve('./jest/react-native.js') };
try {
  require.resolve('react', { paths: [process.cwd()] });
} catch {
  moduleNameMapper['^react$'] = require.resolve('./jest/react.js');
}

module.exports = {
  moduleNameMapper,
  setupFilesAfterEnv: [require.resolve('./jest/stand-in.js')],
  testEnvironment: 'node',
  // Jest's own; and where this package is a link, its files are not for the app's Babel either.
  transformIgnorePatterns: ['/node_modules/', '\\.pnp\\.[^\\/]+$', `^${__dirname.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`],
};
