'use strict';

const vm = require('node:vm');

const { ModuleMocker } = require('jest-mock');

require('./typescript-hook');

/**
 * Stands for the main context of this process, which has no object of its own: what Jest compiles for this one is compiled
 * for the main context instead.
 */
const MAIN = vm.createContext({});

const { compileFunction } = vm;

vm.compileFunction = (code, parameters, options) => {
  if (options?.parsingContext !== MAIN) return compileFunction(code, parameters, options);
  const { parsingContext: _, ...others } = options;
  // `import()` of a library is Node's own, from where the file lies.
  return compileFunction(code, parameters, {
    ...others,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
};

/** Globals that libraries rely on from when they were loaded. */
const ofLibraries = new Set();

const worker = { requireLibrary, kept: new Map(), atRest: [] };
globalThis[Symbol.for('moql.worker')] = worker;

/** No other file followed by then: what is kept for it must not keep the process from its end. */
const REST_AFTER_MS = 300;
let rest;

/** In production mode, as users run it, graphql-js does not look through prototypes at each `instanceof`. It comes before what needs it. */
function requireGraphql() {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  require('graphql');
  process.env.NODE_ENV = NODE_ENV;
}

/** Node's `require`, whose modules live as long as this process. */
function requireLibrary(path) {
  const before = new Set(Reflect.ownKeys(globalThis));
  try {
    requireGraphql();
    return require(path);
  } finally {
    for (const key of Reflect.ownKeys(globalThis)) if (!before.has(key)) ofLibraries.add(key);
  }
}

/**
 * Runs test files in the main context of Jest's worker, each with modules of its own, but with libraries and the project's
 * own code loaded once for all files (library.js). Jest's default, a new context for each file, has every file load and
 * compile all of them again, WebAssembly included, which took most of the time of most files.
 *
 * What a file leaves in the global object, in `process.env` or on `process` is taken away after it.
 */
class MainEnvironment {
  constructor() {
    clearTimeout(rest);
    this.global = globalThis;
    this.moduleMocker = new ModuleMocker(globalThis);
    this.fakeTimers = null;
    this.fakeTimersModern = null;
    this.before = {
      globals: new Map(
        Reflect.ownKeys(globalThis).map((key) => [key, Object.getOwnPropertyDescriptor(globalThis, key)]),
      ),
      env: { ...process.env },
      exit: process.exit,
      stackTraceLimit: Error.stackTraceLimit,
      prepareStackTrace: Error.prepareStackTrace,
      listeners: new Map(process.eventNames().map((name) => [name, process.rawListeners(name)])),
    };
    globalThis.global = globalThis;
  }

  async setup() {
    // Jest's 100 makes every error of a fuzzed input dear.
    Error.stackTraceLimit = 25;
  }

  async teardown() {
    rest = setTimeout(() => worker.atRest.forEach((end) => end()), REST_AFTER_MS).unref();
    const { globals, env, exit, stackTraceLimit, prepareStackTrace, listeners } = this.before;
    for (const key of Reflect.ownKeys(globalThis)) {
      const before = globals.get(key);
      const now = Object.getOwnPropertyDescriptor(globalThis, key);
      if (now?.configurable !== true || ofLibraries.has(key)) continue;
      if (before === undefined) delete globalThis[key];
      else if (before.value !== now.value || before.get !== now.get) Object.defineProperty(globalThis, key, before);
    }
    for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name];
    Object.assign(process.env, env);
    for (const name of process.eventNames()) {
      const kept = listeners.get(name) ?? [];
      for (const listener of process.rawListeners(name)) {
        if (!kept.includes(listener) && name !== 'exit') process.removeListener(name, listener);
      }
    }
    Object.assign(process, { exit });
    Object.assign(Error, { stackTraceLimit, prepareStackTrace });
  }

  exportConditions() {
    return ['node', 'node-addons'];
  }

  getVmContext() {
    return MAIN;
  }
}

module.exports = MainEnvironment;
