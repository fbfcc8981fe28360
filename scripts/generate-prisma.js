'use strict';

/**
 * Generates the Prisma client to src/store/generated, unless it is there already for this very schema.
 *
 * Prisma's CLI fetches its schema engine before every command, though `generate` does not use it. Pointing it at any
 * executable keeps the build offline.
 */

const { spawnSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join, resolve } = require('node:path');

const ROOT = resolve(__dirname, '..');
const OUTPUT = join(ROOT, 'src', 'store', 'generated');
const STAMP = join(OUTPUT, '.schema-sha256');

/** Changes whenever the generated code could: schema, configuration or generator. */
function fingerprint() {
  const hash = createHash('sha256');
  for (const path of ['prisma/schema.prisma', 'prisma.config.ts', 'node_modules/prisma/package.json']) {
    hash.update(readFileSync(join(ROOT, path))).update('\0');
  }
  return hash.digest('hex');
}

function generate() {
  const cli = join(ROOT, 'node_modules', 'prisma', 'build', 'index.js');
  return spawnSync(process.execPath, [cli, 'generate'], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
  });
}

const wanted = fingerprint();
const isCurrent =
  existsSync(join(OUTPUT, 'client.ts')) && existsSync(STAMP) && readFileSync(STAMP, 'utf8').trim() === wanted;

if (!isCurrent) {
  const done = generate();
  if (done.status !== 0) {
    process.stderr.write(`${done.stdout}${done.stderr}\n${done.error ?? ''}\nprisma generate failed\n`);
    process.exit(1);
  }
  writeFileSync(STAMP, `${wanted}\n`);
}
