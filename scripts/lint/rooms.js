'use strict';

/**
 * Which room of the house may know which: the table in ARCHITECTURE.md ("Rooms") as data, and an ESLint rule over it.
 *
 * Paths are relative to the checkout and name a folder or a file without its extension. A room knows itself only where
 * it says so, so that `adapters/adapter` can be a room of one file.
 *
 *   knows      may be imported
 *   knowsTypes may be imported by `import type` only
 *   never      exceptions from `knows`
 *   without    kinds of packages (see PACKAGES) that are none of the room's business
 */

const ADAPTER = 'adapters/adapter';
/** The grammar of ACLs, which callers of the middle write themselves. */
const ACL = 'adapters/dm1/acl';
/** What every bearer is; which there are is known to the configuration alone. */
const BEARER = 'src/bearers/bearer';

/** Packages by what they are for. A trailing slash means every package of that scope or every path below. */
const PACKAGES = {
  graphql: [
    'graphql',
    'graphql/',
    'graphql-ws',
    'graphql-sse',
    'graphql-jit',
    'type-graphql',
    '@apollo/',
    '@as-integrations/',
    'dataloader',
    '@graphql-yoga/',
  ],
  graphqlServer: [
    'type-graphql',
    '@apollo/',
    '@as-integrations/',
    'dataloader',
    '@graphql-yoga/',
    'graphql-ws',
    'graphql-sse',
    'graphql-jit',
  ],
  http: ['fastify', '@fastify/', 'ws', 'node:http', 'node:https', 'node:http2', 'node:net'],
  httpServer: ['fastify', '@fastify/', 'ws'],
  database: ['pg', '@prisma/', 'prisma', '@electric-sql/', 'pglite-prisma-adapter'],
};

const ROOMS = {
  [ADAPTER]: { knows: [], without: ['graphql', 'http', 'database'] },
  'adapters/http': { knows: ['adapters/http', ADAPTER], without: ['graphql', 'http', 'database'] },
  'adapters/wap': { knows: ['adapters/wap', ADAPTER], without: ['graphql', 'http', 'database'] },
  'adapters/dm1': {
    knows: ['adapters/dm1', 'adapters/http', 'adapters/wap', ADAPTER],
    without: ['graphql', 'http', 'database'],
  },
  'adapters/dm2': {
    knows: ['adapters/dm2', 'adapters/http', 'adapters/wap', ADAPTER],
    without: ['graphql', 'http', 'database'],
  },
  'schema/catalogue': { knows: [], without: ['graphql', 'http', 'database'] },
  'schema/ddf': { knows: ['schema/ddf', 'schema/catalogue'], without: ['graphql', 'http', 'database'] },
  'schema/graphql': {
    knows: ['schema/graphql', 'schema/ddf'],
    without: ['graphqlServer', 'http', 'database'],
  },
  'src/config': { knows: ['src/config', 'src/graphql/limits'], without: ['graphql', 'http', 'database'] },
  'src/store': { knows: ['src/store'], knowsTypes: [ADAPTER], without: ['graphql', 'httpServer'] },
  'src/access': {
    knows: ['src/access', 'src/store', 'src/management/types', 'src/management/device-filter'],
    without: ['graphql', 'httpServer', 'database'],
  },
  'src/management': {
    knows: ['src/management', 'src/store', 'src/access', 'schema/ddf', ADAPTER, ACL],
    knowsTypes: [BEARER],
    without: ['graphql', 'httpServer', 'database'],
  },
  'src/bearers': { knows: ['src/bearers', 'src/config'], without: ['graphql', 'httpServer', 'database'] },
  'src/repository': {
    knows: ['src/repository', 'src/store'],
    without: ['graphql', 'httpServer', 'database'],
  },
  'src/graphql': {
    knows: ['src/graphql', 'src/management', 'src/access', 'src/store', 'schema/graphql', 'schema/ddf'],
    knowsTypes: [ADAPTER],
    without: ['database'],
  },
  'src/portal': {
    knows: ['src/portal', 'src/management', 'src/access', 'src/store'],
    without: ['graphql', 'database'],
  },
  'src/simulator': {
    knows: [
      'src/simulator',
      ADAPTER,
      ACL,
      'adapters/dm1/codec',
      'adapters/dm1/message',
      'adapters/dm1/credential',
      'adapters/dm1/notification',
      'adapters/dm1/bootstrap-security',
      'adapters/dm2',
      'adapters/http',
      'adapters/wap',
    ],
    never: ['adapters/dm2/session'],
    without: ['graphql', 'httpServer', 'database'],
  },
  'src/http': {
    knows: ['src', 'adapters', 'schema'],
    never: ['src/cli', 'src/simulator'],
    without: ['database'],
  },
  'src/cli': { knows: ['src', 'adapters', 'schema'], without: ['database'] },
};

const { dirname, isAbsolute, relative, resolve, sep } = require('node:path');

const ROOT = resolve(__dirname, '..', '..');
const PRODUCT = /^(src|adapters|schema)\//;

/** Whether `path` is `place`, or lies below it. */
function isIn(path, place) {
  return path === place || path.startsWith(`${place}/`);
}

function withoutExtension(path) {
  return path.replace(/\.(d\.)?[cm]?[jt]s$/, '');
}

/** The name of the room a file lies in; undefined when it lies in none. */
function findRoom(path) {
  return Object.keys(ROOMS).find((room) => isIn(withoutExtension(path), room));
}

function isPackageOf(source, names) {
  const bare = source.replace(/^node:/, '');
  return names.some((name) => {
    if (name.endsWith('/')) return source.startsWith(name);
    return bare === name.replace(/^node:/, '');
  });
}

/** Why the room may not import this, or undefined when it may. */
function objectionTo({ room, file, source, isTypeOnly }) {
  const rule = ROOMS[room];
  if (!source.startsWith('.')) {
    const kind = rule.without.find((name) => isPackageOf(source, PACKAGES[name]));
    return kind === undefined ? undefined : `${room} must not know the package ${source}`;
  }
  const target = withoutExtension(toPosix(relative(ROOT, resolve(dirname(file), source))));
  const listed = (places = []) => places.some((place) => isIn(target, place));
  if (listed(rule.knows) && !listed(rule.never)) return undefined;
  if (!listed(rule.knowsTypes)) return `${room} must not know ${target}`;
  return isTypeOnly ? undefined : `${room} may know ${target} by \`import type\` only`;
}

function toPosix(path) {
  return path.split(sep).join('/');
}

/** `import type …`, or an import whose every name is marked `type`. */
function isTypeOnlyImport(node) {
  if (node.importKind === 'type' || node.exportKind === 'type') return true;
  const specifiers = node.specifiers ?? [];
  return (
    specifiers.length > 0 &&
    specifiers.every((specifier) => specifier.importKind === 'type' || specifier.exportKind === 'type')
  );
}

const rooms = {
  meta: {
    type: 'problem',
    docs: { description: 'imports stay within the rooms that ARCHITECTURE.md allows' },
    schema: [],
    messages: { forbidden: '{{objection}} (ARCHITECTURE.md, "Rooms")' },
  },
  create(context) {
    const file = isAbsolute(context.filename) ? context.filename : resolve(context.cwd, context.filename);
    const path = toPosix(relative(ROOT, file));
    if (!PRODUCT.test(path)) return {};
    const room = findRoom(path);

    function check(node, source, isTypeOnly) {
      if (typeof source?.value !== 'string') return;
      const objection =
        room === undefined
          ? `${path} lies in no room, so it may import nothing`
          : objectionTo({ room, file, source: source.value, isTypeOnly });
      if (objection !== undefined) context.report({ node, messageId: 'forbidden', data: { objection } });
    }

    return {
      ImportDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ExportNamedDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ExportAllDeclaration: (node) => check(node, node.source, isTypeOnlyImport(node)),
      ImportExpression: (node) => check(node, node.source, false),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal, true),
      TSImportEqualsDeclaration: (node) => check(node, node.moduleReference.expression, node.importKind === 'type'),
      'CallExpression[callee.name="require"]': (node) => check(node, node.arguments[0], false),
    };
  },
};

module.exports = { ROOMS, rules: { rooms } };
