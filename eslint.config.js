'use strict';

const eslint = require('@eslint/js');
const { createNodeResolver, importX } = require('eslint-plugin-import-x');
const tseslint = require('typescript-eslint');

const moql = require('./scripts/lint/rooms');

/** What CommonJS files of Node.js find without importing it. */
const NODE_GLOBALS = { __dirname: 'readonly', module: 'writable', process: 'readonly', require: 'readonly' };

/** Rules that need no types, for TypeScript and for the few scripts alike. */
const EVERYWHERE = {
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  complexity: ['error', { max: 25, variant: 'modified' }],
  'max-depth': ['error', 4],
  'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
  'no-console': 'error',
  'no-var': 'error',
  'prefer-const': 'error',
  'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'not implemented'], location: 'anywhere' }],
  'import-x/no-duplicates': 'error',
  'import-x/order': [
    'error',
    {
      groups: ['builtin', 'external', ['internal', 'parent', 'sibling', 'index']],
      'newlines-between': 'always',
    },
  ],
};

module.exports = tseslint.config(
  { ignores: ['dist/', 'data/', 'coverage/', 'node_modules/', '.tmp/', 'src/store/generated/', 'docs/'] },
  {
    plugins: { 'import-x': importX, moql },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js'] })],
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
      // Following imports into packages costs seconds and overflows the stack on minified code.
      'import-x/ignore': ['node_modules'],
      'import-x/external-module-folders': ['node_modules'],
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
  },
  {
    files: ['**/*.ts'],
    extends: [eslint.configs.recommended, tseslint.configs.recommended],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: __dirname } },
    rules: {
      ...EVERYWHERE,
      'moql/rooms': 'error',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ regex: '^\\.{1,2}/.*\\.[cm]?[jt]s$', message: 'Relative imports have no extension.' }],
        },
      ],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      // A `switch` over a tagged union shows the place that forgot a new kind; one with a `default` says it needs not.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts', 'adapters/**/*.ts', 'schema/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/explicit-module-boundary-types': 'error' },
  },
  {
    files: ['**/*.js'],
    extends: [eslint.configs.recommended, tseslint.configs.recommended],
    languageOptions: { sourceType: 'commonjs', globals: NODE_GLOBALS },
    rules: {
      ...EVERYWHERE,
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
);
