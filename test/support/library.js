'use strict';

/** "Translates" a library's file for Jest: to what Node's own `require` has loaded already (environment.js). */
module.exports = {
  process: (_source, path) => ({
    code: `module.exports = globalThis[Symbol.for('moql.worker')].requireLibrary(${JSON.stringify(path)});`,
  }),
  getCacheKey: (_source, path) => Buffer.from(`2 ${path}`).toString('hex').slice(-200),
};
