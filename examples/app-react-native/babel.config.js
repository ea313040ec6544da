// An app has react-native's Babel preset here; this one needs no more than `import`.
module.exports = { plugins: ['@babel/plugin-transform-modules-commonjs'] };
