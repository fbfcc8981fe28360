/** What the reader made of a DDF, as it is kept with its source, so that a start does not read again. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';

import type { AllowedValues, DdfDocument, DdfNode } from '../../schema/ddf/model';

/** Raised when the text below is written in another way. */
const FORMAT = 2;
/** What a packed model may unpack to. */
const LONGEST_MODEL = 256 * 1024 * 1024;

type Range = Extract<AllowedValues, { kind: 'range' }>['ranges'][number];
/** JSON knows no integers of any size: bounds are texts there. */
type WrittenRange = { readonly [bound in keyof Range]: string };

/** JSON with the keys in the reader's order, on which the order of equal definitions depends. */
export function writeModel(document: DdfDocument): string {
  return JSON.stringify({ ...document, mos: document.mos.map((mo) => ({ ...mo, root: written(mo.root) })) });
}

/** The node without integers that JSON does not know; spreading keeps the order of the keys. */
function written(node: DdfNode): object {
  const children = node.children.length === 0 ? node.children : node.children.map(written);
  if (node.allowed?.kind !== 'range') return { ...node, children };
  const ranges = node.allowed.ranges.map(({ min, max }): WrittenRange => {
    return {
      ...(min === undefined ? {} : { min: min.toString() }),
      ...(max === undefined ? {} : { max: max.toString() }),
    };
  });
  return { ...node, allowed: { ...node.allowed, ranges }, children };
}

/** As it is stored. Packed by another thread: texts of models repeat themselves, and take a thirtieth then. */
export async function packModel(document: DdfDocument): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await promisify(gzip)(writeModel(document), { level: constants.Z_BEST_SPEED }));
}

/** Undefined for what {@link packModel} did not make. */
export async function unpackModel(packed: Uint8Array): Promise<DdfDocument | undefined> {
  try {
    return readModel((await promisify(gunzip)(packed, { maxOutputLength: LONGEST_MODEL })).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The document as the reader gave it; undefined for what is not the text of one. */
export function readModel(text: string): DdfDocument | undefined {
  try {
    const document = JSON.parse(text) as DdfDocument;
    for (const { root } of document.mos) restore(root);
    return document;
  } catch {
    return undefined;
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Depth is the reader's: bounded. */
function restore(node: DdfNode): void {
  if (node.allowed?.kind === 'range') {
    const ranges = node.allowed.ranges as unknown as readonly WrittenRange[];
    const allowed: Writable<Extract<AllowedValues, { kind: 'range' }>> = node.allowed;
    allowed.ranges = ranges.map(({ min, max }) => ({
      ...(min === undefined ? {} : { min: BigInt(min) }),
      ...(max === undefined ? {} : { max: BigInt(max) }),
    }));
  }
  node.children.forEach(restore);
}

let version: string | undefined;

/** Changes with the format and with the reader's own code, so nobody has to remember to raise a number. */
export function modelVersion(): string {
  return (version ??= `${FORMAT}-${readerDigest()}`);
}

function readerDigest(): string {
  const reader = require.resolve('../../schema/ddf/read');
  const folder = dirname(reader);
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) {
    if (extname(name) === extname(reader) && !name.endsWith('.d.ts'))
      hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  }
  return hash.digest('hex').slice(0, 16);
}
