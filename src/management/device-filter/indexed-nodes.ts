/** Nodes of management objects that have an index of their own, and the expressions that such an index is made of. */
import { createHash } from 'node:crypto';

import { decodeName } from '../../../schema/ddf/library';

/** As what a node's values are ordered: numbers by size, texts letter by letter, false before true. */
export type IndexKind = 'NUMBER' | 'TEXT' | 'BOOLEAN';

export interface IndexedNode {
  readonly family: string;
  /** Below the MO's root. */
  readonly path: string;
  readonly kind: IndexKind;
}

/** Those whose index can be used at this moment. */
export interface IndexedNodes {
  find(family: string, path: string): IndexedNode | undefined;
}

export const NO_INDEXES: IndexedNodes = { find: () => undefined };

/** Characters of a text that an index holds and orders by: an entry of it takes at most a third of a page. */
export const INDEXED_CHARACTERS = 200;
/** Digits and signs of a number that counts as one: any DOUBLE has fewer, and an index can hold it. */
const LONGEST_NUMBER = 400;

/** Every name of an index that is made here begins so. */
export const INDEX_PREFIX = 'moql_node_';

export function indexName({ family, path, kind }: IndexedNode): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([family, path, kind]))
    .digest('hex');
  return `${INDEX_PREFIX}${hash.slice(0, 32)}`;
}

/** What the index is made of; `CONCURRENTLY` where others shall go on writing. */
export function createIndexText(node: IndexedNode, isConcurrent: boolean): string {
  return `CREATE INDEX ${isConcurrent ? 'CONCURRENTLY ' : ''}"${indexName(node)}" ON management_object
    ((${indexedValue(node, '"values"')}), device_id) WHERE family = ${textLiteral(node.family)}`;
}

/**
 * The expression that the index holds, of one instance: NULL where the node is absent or its value is of another kind.
 * A statement uses the index where it says exactly this, so names stand in it as literals.
 *
 * @param document expression of the instance's values
 */
export function indexedValue({ path, kind }: IndexedNode, document: string): string {
  const node = nodeValue(path, document);
  switch (kind) {
    case 'NUMBER':
      return numberOf(node);
    case 'TEXT':
      return `(left(CASE WHEN jsonb_typeof(${node}) = 'string' THEN ${node} #>> '{}' END, ${INDEXED_CHARACTERS}) COLLATE "C")`;
    case 'BOOLEAN':
      return `CASE WHEN jsonb_typeof(${node}) = 'boolean' THEN ${node} = 'true'::jsonb END`;
  }
}

/** The value of a node as JSON. */
export function nodeValue(path: string, document: string): string {
  const names = path.split('/').map((name) => `"${decodeName(name).replace(/["\\]/g, '\\$&')}"`);
  return `(${document} #> ${textLiteral(`{${names.join(',')}}`)}::text[])`;
}

/** A JSON value as a number; NULL where it is none. Whole numbers beyond 2^53−1 stand as text in documents. */
export function numberOf(node: string): string {
  const text = `${node} #>> '{}'`;
  return `CASE WHEN (jsonb_typeof(${node}) = 'number' OR ${text} ~ '^-?[0-9]{1,40}$') AND length(${text}) <= ${LONGEST_NUMBER} THEN (${text})::numeric END`;
}

/** A text as it stands in a statement. */
export function textLiteral(text: string): string {
  if (text.includes('\0')) throw new TypeError('no text of a statement holds U+0000');
  return `'${text.replace(/'/g, "''")}'`;
}
