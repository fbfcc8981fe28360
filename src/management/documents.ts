/** Changes to a device's MO documents during a turn: one row an instance, patches in order. */
import { isDeepStrictEqual } from 'node:util';

import type { RecognisedBy, Tree } from '../../adapters/adapter';
import { namesOf, versionOf, type DdfLibrary } from '../../schema/ddf/library';
import type { DocumentChange } from '../store/turn-apply';
import type { StoredDocument } from '../store/turn-load';
import { eachNode, type NodeProperties, propertiesOf } from './node-properties';
import type { StoredValue } from './stored-value';
import { isStorable, setOwn, storableText } from './tree';
import { isAsDescribed, readTree, type TreeReading } from './tree-reading';

export interface Mo {
  /** As it is stored, where that was loaded and nothing has changed it since. */
  known?: StoredDocument | null;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly place: string | null;
  readonly validator: string | null;
}
type Patch = DocumentChange['patches'][number];
interface Pending {
  readonly mo: Mo;
  recognisedBy: RecognisedBy | undefined;
  readonly patches: Patch[];
  readonly meta: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
  readonly cleared: string[];
  observed: boolean;
  complete: boolean;
  fresh: boolean;
}

export class DocumentChanges {
  readonly #pending = new Map<string, Pending>();

  constructor(private readonly library: DdfLibrary) {}

  /** The instance exists. */
  touch(mo: Mo, recognisedBy: RecognisedBy): void {
    this.#of(mo).recognisedBy = recognisedBy;
  }

  /** The instance is another than the one of its name that was stored. */
  begin(mo: Mo): void {
    this.#of(mo).fresh = true;
  }

  /**
   * Nodes were seen: `complete` when nothing else is below the path.
   *
   * @param reading what was made of the whole tree already, by the same MOID and path
   */
  observe(mo: Mo, path: string, tree: Tree, complete: boolean, reading?: TreeReading): void {
    const read = complete && reading !== undefined ? reading : this.#read(mo, path, tree, !complete);
    const pending = this.#patch(mo, path, read, complete ? 'set' : 'merge');
    if (pending === undefined) return;
    pending.observed = true;
    if (read.hasProperties) this.#noteProperties(pending, path, tree, complete);
    if (path === '' && complete) pending.complete = true;
  }

  /** Nodes were written, and the device said that it took them. `whole`: what else was below them is gone. */
  write(mo: Mo, path: string, tree: Tree, whole = false): void {
    const isSet = whole || tree.value !== undefined;
    const pending = this.#patch(mo, path, this.#read(mo, path, tree, !isSet), isSet ? 'set' : 'merge');
    if (whole && pending !== undefined) forgetProperties(pending, path);
  }

  /** A value that stands in the store was written; the document gets it there. */
  writeStored(mo: Mo, path: string, value: StoredValue): void {
    const names = namesOf(path);
    if (names === undefined || names.length === 0 || !names.every(isStorable)) return;
    const pending = this.#of(mo);
    pending.patches.push({ p: names, o: 'set', b: String(value.d), t: value.t === true });
    if (!isAsDescribed(this.library.node(mo.moid, path), value.f, value.m))
      setOwn(pending.meta, path, [value.f, value.m === undefined ? null : storableText(value.m)]);
  }

  /** What is stored is what the device has. */
  confirm(mo: Mo, complete: boolean): void {
    const pending = this.#of(mo);
    pending.observed = true;
    pending.complete ||= complete;
  }

  remove(mo: Mo, path: string): void {
    const names = namesOf(path);
    if (names === undefined || names.length === 0 || !names.every(isStorable)) return;
    const pending = this.#of(mo);
    pending.patches.push({ p: names, o: 'del' });
    forgetProperties(pending, path);
  }

  /** The instance is gone, and with it what was to be written. */
  drop(family: string, miid: string): void {
    this.#pending.delete(`${family}\n${miid}`);
  }

  /** What is to be written since it was last asked; `touched`: nothing but that it was observed. */
  take(): { documents: DocumentChange[]; touched: { family: string; miid: string }[] } {
    const documents: DocumentChange[] = [];
    const touched: { family: string; miid: string }[] = [];
    for (const pending of this.#pending.values()) {
      const { family, miid } = pending.mo;
      if (!isNews(pending)) {
        if (pending.observed) touched.push({ family, miid });
        continue;
      }
      pending.mo.known = null;
      documents.push(changeOf(pending));
    }
    this.#pending.clear();
    return { documents, touched };
  }

  /** Where the device tells properties of a whole sub-tree, those that it told before are no more. */
  #noteProperties(pending: Pending, path: string, tree: Tree, complete: boolean): void {
    const told: (readonly [string, NodeProperties])[] = [];
    eachNode(tree, path, (at, node) => {
      const properties = propertiesOf(node);
      if (properties !== undefined) told.push([at, properties]);
    });
    if (told.length === 0) return;
    if (complete) forgetProperties(pending, path);
    for (const [at, properties] of told) setOwn(pending.properties, at, properties);
  }

  #of(mo: Mo): Pending {
    const key = `${mo.family}\n${mo.miid}`;
    const known = this.#pending.get(key);
    if (known !== undefined) return known;
    const pending: Pending = {
      mo,
      recognisedBy: undefined,
      patches: [],
      meta: {},
      properties: {},
      cleared: [],
      observed: false,
      complete: false,
      fresh: false,
    };
    this.#pending.set(key, pending);
    return pending;
  }

  #read(mo: Mo, path: string, tree: Tree, merges: boolean): TreeReading {
    return readTree(tree, this.library.at(mo.moid, path), { path, merges });
  }

  #patch(mo: Mo, path: string, { json, undescribed }: TreeReading, how: 'set' | 'merge'): Pending | undefined {
    const names = namesOf(path);
    if (names === undefined || !names.every(isStorable) || json === undefined) return undefined;
    const pending = this.#of(mo);
    pending.patches.push({ p: names, o: how, v: json });
    for (const { path: leaf, format, mime } of undescribed) setOwn(pending.meta, leaf, [format, mime ?? null]);
    return pending;
  }
}

function changeOf({ mo, ...pending }: Pending): DocumentChange {
  return {
    family: mo.family,
    miid: mo.miid,
    moid: mo.moid,
    version: versionOf(mo.moid),
    place: mo.place,
    recognisedBy: pending.recognisedBy ?? null,
    patches: pending.patches,
    meta: pending.meta,
    properties: pending.properties,
    cleared: pending.cleared,
    observed: pending.observed,
    complete: pending.complete,
    validator: mo.validator,
    fresh: pending.fresh,
    stored: pending.patches.some((patch) => patch.b !== undefined),
  };
}

/** Whether anything of it differs from what is stored, but for the time. */
function isNews({ mo, ...pending }: Pending): boolean {
  const { known } = mo;
  if (known == null || pending.fresh || pending.complete || mo.validator !== null) return true;
  const isSame =
    pending.cleared.length === 0 &&
    Object.keys(pending.properties).length === 0 &&
    known.moid === mo.moid &&
    known.place === mo.place &&
    (pending.recognisedBy ?? known.recognisedBy) === known.recognisedBy &&
    pending.patches.every((patch) => patch.o === 'merge' && holds(at(known.values, patch.p), patch.v)) &&
    Object.entries(pending.meta).every(([path, meta]) => isDeepStrictEqual(known.meta[path], meta));
  return !isSame;
}

function at(document: unknown, path: readonly string[]): unknown {
  let node = document;
  for (const name of path) node = isObject(node) && Object.hasOwn(node, name) ? node[name] : undefined;
  return node;
}

/** Whether merging `told` into a document changes nothing. */
function holds(document: unknown, told: unknown): boolean {
  if (!isObject(told)) return isDeepStrictEqual(document, told);
  if (!isObject(document)) return false;
  return Object.entries(told).every(([name, value]) => Object.hasOwn(document, name) && holds(document[name], value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function forgetProperties(pending: Pending, path: string): void {
  pending.cleared.push(path);
  for (const known of Object.keys(pending.properties)) {
    if (path === '' || known === path || known.startsWith(`${path}/`))
      Reflect.deleteProperty(pending.properties, known);
  }
}
