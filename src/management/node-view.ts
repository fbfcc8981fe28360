/** The nodes of a stored management object one by one, with what is known of each beside its value: no DDF is needed. */
import type { DmFormat, Json } from '../../adapters/adapter';
import { type DdfLibrary, encodeName, namesOf } from '../../schema/ddf/library';
import type { NodeProperties } from './node-properties';
import { ManagementError, type MoView } from './types';

export interface NodeView {
  /** Below the MO's root; '' is the root. */
  readonly path: string;
  readonly name: string;
  readonly format: DmFormat;
  /** MIME type of a leaf, MOID of an interior node; null where nobody told. */
  readonly type: string | null;
  readonly title: string | null;
  readonly tStamp: string | null;
  readonly verNo: number | null;
  readonly size: number | null;
  readonly acl: string | null;
  /** Null for interior nodes too. */
  readonly value: Json;
}

export interface NodesWanted {
  readonly path?: string | null;
  readonly depth?: number | null;
  readonly first?: number | null;
  /** Path of the last node of the page before. */
  readonly after?: string | null;
}

export const MOST_NODES = 5_000;
const USUAL_NODES = 500;

/**
 * Nodes at and below a path, each before those below it, siblings in order of their names.
 *
 * Errors: BAD_USER_INPUT for what is no path, and for numbers out of range; LIMIT_PAGE_SIZE. A path at which nothing is
 * stored has no nodes.
 */
export function nodesOf(mo: MoView, wanted: NodesWanted, library: DdfLibrary): readonly NodeView[] {
  const path = wanted.path ?? '';
  const depth = wanted.depth ?? Number.POSITIVE_INFINITY;
  const first = wanted.first ?? USUAL_NODES;
  const names = namesOf(path);
  const after = wanted.after == null ? undefined : namesOf(wanted.after);
  if (names === undefined || (wanted.after != null && after === undefined))
    throw new ManagementError('BAD_USER_INPUT', 'path and after: node names joined by "/", without one at either end');
  if (depth < 0) throw new ManagementError('BAD_USER_INPUT', 'depth: 0 or more');
  if (first < 1) throw new ManagementError('BAD_USER_INPUT', `first is ${first}; a page has at least one node.`);
  if (first > MOST_NODES)
    throw new ManagementError('LIMIT_PAGE_SIZE', `first is ${first}; a page has at most ${MOST_NODES} nodes.`, {
      limit: MOST_NODES,
    });
  const start = valueAt(mo.values, names);
  if (start === undefined) return [];
  const found: NodeView[] = [];
  const visit = (json: Json, at: readonly string[], levels: number): void => {
    if (found.length >= first) return;
    if (after === undefined || comparePaths(at, after) > 0) found.push(viewOf(mo, at, json, library));
    if (!isInterior(json) || levels <= 0) return;
    for (const name of Object.keys(json).sort(compareText)) {
      const below = [...at, name];
      if (after === undefined || !isBefore(below, after)) visit(json[name] as Json, below, levels - 1);
    }
  };
  visit(start, names, depth);
  return found;
}

function isInterior(json: Json): json is { readonly [name: string]: Json } {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}

function valueAt(json: Json, names: readonly string[]): Json | undefined {
  let at: Json = json;
  for (const name of names) {
    if (!isInterior(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name] as Json;
  }
  return at;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of the nodes in a page: a node comes before those below it. */
function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let index = 0; index < Math.min(a.length, b.length); index += 1) {
    const order = compareText(a[index] ?? '', b[index] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Whether a node and all below it come before a path. */
function isBefore(at: readonly string[], after: readonly string[]): boolean {
  const isAbove = at.every((name, index) => after[index] === name);
  return !isAbove && comparePaths(at, after) < 0;
}

function viewOf(mo: MoView, names: readonly string[], json: Json, library: DdfLibrary): NodeView {
  const path = names.map(encodeName).join('/');
  const own = ownOf<NodeProperties>(mo.properties, path) ?? {};
  const meta = ownOf<readonly [DmFormat, string | null]>(mo.meta, path);
  const described = library.node(mo.moid, path);
  const interior = isInterior(json);
  const format = interior
    ? 'node'
    : (meta?.[0] ?? (own.Format?.toLowerCase() as DmFormat | undefined) ?? described?.format);
  const type = interior
    ? (own.Type ?? (path === '' ? mo.moid : null))
    : (meta?.[1] ?? own.Type ?? described?.mime ?? null);
  return {
    path,
    name: own.Name ?? names.at(-1) ?? '',
    format: format ?? formatOf(json),
    type: type === '' ? null : type,
    title: own.Title ?? null,
    tStamp: own.TStamp ?? null,
    verNo: numberOf(own.VerNo),
    size: numberOf(own.Size),
    acl: own.ACL ?? null,
    value: interior ? null : json,
  };
}

function ownOf<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** Where nothing else tells it. */
function formatOf(json: Json): DmFormat {
  if (json === null) return 'null';
  if (typeof json === 'boolean') return 'bool';
  if (typeof json === 'number') return Number.isInteger(json) ? 'int' : 'float';
  return 'chr';
}
