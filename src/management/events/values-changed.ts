/** What changed in documents of management objects, as events of type `valuesChanged` tell it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import type { Json } from '../../../adapters/adapter';
import { encodeName } from '../../../schema/ddf/library';
import type { ComparedDocument, DocumentChange, EventWrite } from '../../store/turn-apply';

/** Nodes that one event tells of at most. */
const CHANGES_TOLD = 200;
/** Octets of a value that an event tells; a longer one is told by its digest. */
const VALUE_TOLD = 1024;

/** One node that is another than before: `old`, `new`, or their `…Sha256` and `…Octets`; nothing for what is not there. */
export interface ValueChange {
  readonly path: string;
  readonly [side: string]: Json;
}

/** The event of each document that is another than before. `documents` are as they were sent to the store. */
export function valuesChanged(
  documents: readonly DocumentChange[],
  compared: readonly ComparedDocument[],
): readonly EventWrite[] {
  return compared.flatMap(({ family, miid, older, patched, newer, wasWhole }) => {
    const document = documents.find((other) => other.family === family && other.miid === miid);
    if (document === undefined) return [];
    const now = patched ? newer : document.patches[0]?.v;
    const { changes, more } = changesOf(older as Json, now as Json, wasWhole);
    if (changes.length === 0) return [];
    return [{ type: 'valuesChanged', data: { family, moid: document.moid, miid, changes, more } }];
  });
}

/**
 * Leaves in which two documents differ, in order of the names on their ways, the first 200; `more`: there are others. Names are
 * joined by `/`, percent-encoded as in addresses.
 *
 * @param wasWhole what is only in the newer document counts, since the older one was known as a whole
 */
export function changesOf(
  older: Json | undefined,
  newer: Json | undefined,
  wasWhole: boolean,
): { readonly changes: readonly ValueChange[]; readonly more: boolean } {
  const comparison = new Comparison(wasWhole);
  comparison.compare(older, newer);
  return { changes: comparison.changes.slice(0, CHANGES_TOLD), more: comparison.changes.length > CHANGES_TOLD };
}

type Nodes = Readonly<Record<string, Json>>;

/** A walk down two documents at once, as far as they differ; it ends when enough was found. */
class Comparison {
  readonly changes: ValueChange[] = [];
  readonly #names: string[] = [];

  constructor(private readonly wasWhole: boolean) {}

  compare(older: Json | undefined, newer: Json | undefined): void {
    if (older === undefined && !this.wasWhole) return;
    const [before, after] = [nodesOf(older), nodesOf(newer)];
    if (before === undefined && after === undefined) {
      if (!isSame(older, newer)) this.#add(older, newer);
      return;
    }
    if (isLeaf(older, before, after) || isLeaf(newer, after, before)) this.#add(older, newer);
    for (const name of this.#differing(before ?? {}, after ?? {})) {
      if (this.changes.length > CHANGES_TOLD) return;
      this.#names.push(name);
      this.compare(own(before, name), own(after, name));
      this.#names.pop();
    }
  }

  /** Names below which the two differ, in order. */
  #differing(before: Nodes, after: Nodes): readonly string[] {
    const names = Object.keys(before).filter((name) => !isSame(before[name], own(after, name)));
    if (this.wasWhole) for (const name of Object.keys(after)) if (!Object.hasOwn(before, name)) names.push(name);
    return names.length > 1 ? names.sort() : names;
  }

  #add(older: Json | undefined, newer: Json | undefined): void {
    const path = this.#names.map(encodeName).join('/');
    this.changes.push({ path, ...side('old', older), ...side('new', newer) });
  }
}

/** What is below an interior node. */
function nodesOf(value: Json | undefined): Nodes | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Nodes) : undefined;
}

/** Whether a side is told itself, where the other one is an interior node or is not there: nodes below are told otherwise. */
function isLeaf(value: Json | undefined, nodes: Nodes | undefined, others: Nodes | undefined): boolean {
  if (value === undefined) return false;
  if (nodes === undefined) return true;
  return others === undefined && Object.keys(nodes).length === 0;
}

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) || Array.isArray(other)) return isDeepStrictEqual(one, other);
  const [before, after] = [one as Nodes, other as Nodes];
  const names = Object.keys(before);
  return names.length === Object.keys(after).length && names.every((name) => isSame(before[name], own(after, name)));
}

function own(nodes: Nodes | undefined, name: string): Json | undefined {
  return nodes !== undefined && Object.hasOwn(nodes, name) ? nodes[name] : undefined;
}

/** `{ name: value }`; of a long value digest and length; nothing of what is not there, or has nodes below it. */
function side(name: 'old' | 'new', value: Json | undefined): Readonly<Record<string, Json>> {
  const nodes = nodesOf(value);
  if (value === undefined || (nodes !== undefined && Object.keys(nodes).length > 0)) return {};
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const octets = Buffer.byteLength(text);
  if (octets <= VALUE_TOLD) return { [name]: value };
  return { [`${name}Sha256`]: createHash('sha256').update(text).digest('hex'), [`${name}Octets`]: octets };
}
