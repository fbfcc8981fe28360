/** From an MO's values document (JSON keyed by raw node names) to what a query asked for. */
import { encodeName } from '../ddf/library';
import type { Json, MoNode, MoqlExtension, MoSource, ReadResult } from './types';
import { leafToGraphql } from './values';

type JsonObject = { readonly [key: string]: Json };

/** The source of a family's root type. `context` and the version of the MO are handed down to every node below. */
export function rootSource<C>(values: Json, context: C, version = ''): MoSource<C> {
  return version === '' ? { values, path: '', context } : { values, path: '', context, version };
}

/**
 * The value of one field of a generated object type, for all kinds but `mo`: a leaf's scalar, a source for an interior
 * node, a list of sources for an unnamed one. Absent nodes are null (a list: empty; a Presence: false).
 *
 * @param moql  `extensions.moql` of the field (or, for an interior node, anything with its `node`)
 * @param args  `nodeName` of a list: text, or a list of texts
 */
export function readField<C>(
  moql: MoqlExtension,
  source: MoSource<C>,
  args: Readonly<Record<string, unknown>> = {},
): ReadResult {
  const { node } = moql;
  if (isOtherShape(moql, source.version)) return { value: nothingOf(moql) };
  switch (moql.kind) {
    case 'nodeName':
      return { value: source.nodeName ?? '' };
    case 'nodeNames':
      return { value: isObject(source.values) ? Object.keys(source.values) : [] };
    case 'value':
      return scalarOf(node, source.values, source.path);
    case 'leaf': {
      const found = findChild(node, source);
      if (!found || (node.scalar === 'Presence' && isObject(found.value)))
        return { value: node.scalar === 'Presence' ? false : null };
      return scalarOf(node, found.value, source.path, found.name);
    }
    case 'interior': {
      const found = findChild(node, source);
      if (!found) return { value: null };
      const path = join(source.path, found.name);
      if (isObject(found.value)) return { value: sourceOf(found.value, path, source) };
      // An interior node of which nothing but its existence is known.
      return found.value === null ? { value: sourceOf({}, path, source) } : misfit(node, path);
    }
    case 'list':
      return { value: entriesOf(moql, source, args['nodeName']) };
    default:
      return { value: null };
  }
}

/** Of a raw name with several shapes: the one that the device's version has not. */
function isOtherShape({ family, node }: MoqlExtension, version: string | undefined): boolean {
  if (!node.hasTwin || version === undefined || !family.versions.includes(version)) return false;
  return node.variants.every(({ versions, unversioned }) => !unversioned && !versions.includes(version));
}

function nothingOf({ kind, node }: MoqlExtension): unknown {
  if (kind === 'list') return [];
  return kind === 'leaf' && node.scalar === 'Presence' ? false : null;
}

function sourceOf<C>(values: Json, path: string, above: MoSource<C>, nodeName?: string): MoSource<C> {
  const { context, version } = above;
  return {
    values,
    path,
    context,
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(version === undefined ? {} : { version }),
  };
}

/** @param name  of a child of the path; the path is put together only where it is told */
function scalarOf(node: MoNode, value: Json, path: string, name?: string): ReadResult {
  const converted = leafToGraphql(node, value);
  if (converted.ok) return { value: converted.value };
  return misfit(node, name === undefined ? path : join(path, name));
}

/** What belongs to the other field of the same raw name is simply not here. */
function misfit(node: MoNode, path: string): ReadResult {
  return node.hasTwin ? { value: null } : { misfit: true, value: null, path };
}

/** By the newest spelling that the device has. */
function findChild(node: MoNode, source: MoSource): { readonly value: Json; readonly name: string } | undefined {
  if (!isObject(source.values)) return undefined;
  for (const { name } of node.variants) {
    if (Object.hasOwn(source.values, name)) return { value: source.values[name] as Json, name };
  }
  return undefined;
}

/** Entries of an unnamed node: everything below its parent that no named node of the family claims. */
function entriesOf<C>(moql: MoqlExtension, source: MoSource<C>, wanted: unknown): readonly MoSource<C>[] {
  if (!isObject(source.values)) return [];
  const names =
    typeof wanted === 'string'
      ? [wanted]
      : Array.isArray(wanted)
        ? wanted.filter((name) => typeof name === 'string')
        : undefined;
  const claimed = siblingsOf(moql);
  const entries: MoSource<C>[] = [];
  for (const name of names ? new Set(names) : Object.keys(source.values)) {
    if (claimed.has(name) || !Object.hasOwn(source.values, name)) continue;
    const value = source.values[name] as Json;
    const isInterior = isObject(value) || (value === null && moql.node.kind === 'interior');
    if (isInterior !== (moql.node.kind === 'interior')) continue;
    entries.push(sourceOf(isInterior && value === null ? {} : value, join(source.path, name), source, name));
  }
  return entries;
}

const siblings = new WeakMap<MoNode, ReadonlySet<string>>();

function siblingsOf({ family, node }: MoqlExtension): ReadonlySet<string> {
  const known = siblings.get(node);
  if (known) return known;
  const parent = findParent(family.root, node);
  const names = parent ? namedSiblings(parent) : new Set<string>();
  siblings.set(node, names);
  return names;
}

/** Raw names that are no entries of a node's unnamed child: those of its other children. */
export function namedSiblings(parent: MoNode): ReadonlySet<string> {
  return new Set(
    parent.children.filter((child) => !child.isList).flatMap((child) => child.variants.map(({ name }) => name)),
  );
}

/** Once for each unnamed node of a family. */
function findParent(root: MoNode, node: MoNode): MoNode | undefined {
  const pending: MoNode[] = [root];
  for (let parent = pending.pop(); parent; parent = pending.pop()) {
    if (parent.children.includes(node)) return parent;
    for (const child of parent.children) if (child.kind === 'interior') pending.push(child);
  }
  return undefined;
}

function join(path: string, name: string): string {
  return path === '' ? encodeName(name) : `${path}/${encodeName(name)}`;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
