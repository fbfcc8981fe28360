/** What the reader made of a DDF, as text that is kept with its source, so that a start does not read again. */
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

import type { AllowedValues, DdfDocument, DdfNode } from '../../schema/ddf/model';

/** Raised when the text below is written in another way. */
const FORMAT = 1;

type Range = Extract<AllowedValues, { kind: 'range' }>['ranges'][number];
/** JSON knows no integers of any size: bounds are texts there. */
type WrittenRange = { readonly [bound in keyof Range]: string };

/** JSON with the keys in the reader's order, on which the order of equal definitions depends. */
export function writeModel(document: DdfDocument): string {
  return JSON.stringify(document, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
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
