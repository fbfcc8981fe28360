'use strict';

const { dependencies } = require('./package.json');

/** Loaded once for all test files of a worker (test/support/environment.js): what Jest itself does not use. */
const LIBRARIES = [
  ...Object.keys(dependencies),
  '@graphql-tools',
  'eslint',
  'fast-check',
  'playwright-core',
  'typescript',
];

/** @type {import('jest').Config} */
module.exports = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/test/support/environment.js',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  transformIgnorePatterns: [],
  transform: {
    // The project's own code, too, is loaded once for all test files of a worker; it keeps no state from one to the next.
    [`^${__dirname}/(?:src|adapters|schema)/.+\\.ts$`]: '<rootDir>/test/support/library.js',
    [`/node_modules/(?:${LIBRARIES.join('|')})/.+\\.c?js$`]: '<rootDir>/test/support/library.js',
    '^.+\\.ts$': [
      '@swc/jest',
      {
        // swc must not pick up a configuration of the folder it happens to run in.
        swcrc: false,
        configFile: false,
        sourceMaps: true,
        module: { type: 'commonjs' },
        jsc: {
          target: 'es2022',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
      },
    ],
  },
  testSequencer: '<rootDir>/test/support/sequencer.js',
  maxWorkers: 2,
  // A PGlite database takes about two seconds to start, and many times that on a busy machine.
  testTimeout: 180_000,
};
