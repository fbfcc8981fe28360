/**
 * Types for client.ts, made of the gateway's schema and operations.graphql by @graphql-codegen:
 *
 *     MOQL_URL=http://127.0.0.1:4000 MOQL_KEY=... node codegen.js generated.ts
 */
'use strict';

const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const { codegen } = require('@graphql-codegen/core');
const typedDocumentNode = require('@graphql-codegen/typed-document-node');
const typescriptOperations = require('@graphql-codegen/typescript-operations');
const { parse } = require('graphql');

/** What the gateway's own scalars are in JSON; the reference of the schema says what each looks like. */
const scalars = { DateTime: 'string', Duration: 'string', JSON: 'unknown' };

async function main(output) {
  const response = await fetch(`${process.env.MOQL_URL ?? 'http://127.0.0.1:4000'}/schema.graphql`, {
    headers: { authorization: `Bearer ${process.env.MOQL_KEY}` },
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const text = await codegen({
    filename: output,
    schema: parse(await response.text()),
    documents: [{ document: parse(readFileSync(join(__dirname, 'operations.graphql'), 'utf8')) }],
    pluginMap: { operations: typescriptOperations, documents: typedDocumentNode },
    plugins: [{ operations: {} }, { documents: {} }],
    config: { scalars, strictScalars: false, useTypeImports: true, enumsAsTypes: true },
  });
  writeFileSync(output, text);
}

main(process.argv[2] ?? 'generated.ts').catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
