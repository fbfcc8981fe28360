/** Documents that are known by their hash: those of a directory, or of a file. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface TrustedDocuments {
  /** No other document is executed. */
  readonly required: boolean;
  /** The text of a SHA-256 in hexadecimal digits. */
  find(hash: string): string | undefined;
  /** Whether this text is one of them. */
  has(text: string): boolean;
  readonly size: number;
}

/**
 * Reads them: each file `*.graphql` of a directory, or a JSON file as tools for persisted documents write it, `{ "HASH": "TEXT" }`.
 *
 * @throws Error where something cannot be read, is no such file, or a hash is not its text's
 */
export function readTrustedDocuments(path: string, required: boolean): TrustedDocuments {
  return trustedDocuments(statSync(path).isDirectory() ? ofDirectory(path) : ofFile(path), required);
}

export function trustedDocuments(texts: readonly string[], required: boolean): TrustedDocuments {
  const byHash = new Map(texts.map((text) => [sha256(text), text]));
  const known = new Set(texts);
  return { required, find: (hash) => byHash.get(hash), has: (text) => known.has(text), size: byHash.size };
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function ofDirectory(path: string): readonly string[] {
  return readdirSync(path)
    .filter((name) => /\.(?:graphql|gql)$/.test(name))
    .sort()
    .map((name) => readFileSync(join(path, name), 'utf8'));
}

function ofFile(path: string): readonly string[] {
  const found: unknown = JSON.parse(readFileSync(path, 'utf8'));
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new Error(`${path}: is no object of documents by their hash`);
  return Object.entries(found).map(([hash, text]: [string, unknown]) => {
    if (typeof text !== 'string') throw new Error(`${path}: ${hash.slice(0, 80)} is no text`);
    const actual = sha256(text);
    if (hash.replace(/^sha256:/, '') !== actual)
      throw new Error(`${path}: ${hash.slice(0, 80)} is not the SHA-256 of its document, ${actual}`);
    return text;
  });
}
