import type { Context, DmFormat, Effect, RecognisedBy } from '../../adapter';
import { canonical } from '../addressing';
import { restoreValue } from '../values';
import type { Discovery, WalkNode } from './machine';
import { isWithin } from './walk';

/**
 * What an interior node is the root of: what an administrator said, else its Type property, else a place that a DDF
 * fixes, else the one MO type whose root has such children. Source: OMA-TS-DM_TND, "Type"; dm1 sections 6.3 and 15.
 */
export interface Recognised {
  readonly moid: string;
  readonly by: RecognisedBy;
}

/** Announces a node whose Type is known, or known to be untold, when it is an MO's root. */
export function decide(discovery: Discovery, node: WalkNode, context: Context, formats?: Formats): readonly Effect[] {
  if (rootAbove(discovery, node.uri) !== undefined) return [];
  const found = recognise(discovery, node, context, formats);
  return found === undefined ? [] : announce(discovery, node.uri, found);
}

/** A root was found. What was still to be asked of the nodes below it is asked no more. */
export function announce(discovery: Discovery, uri: string, found: Recognised): readonly Effect[] {
  discovery.found.push(uri);
  discovery.roots.push(uri);
  discovery.types = discovery.types.filter((waiting) => !isWithin(waiting, uri));
  return [{ kind: 'moAnnounced', moid: found.moid, place: uri, recognisedBy: found.by }];
}

/** The root found already that a node lies at or below. */
export function rootAbove(discovery: Discovery, uri: string): string | undefined {
  return discovery.found.find((root) => isWithin(uri, root));
}

/** Formats of nodes by LocURI, where they were seen. */
export type Formats = ReadonlyMap<string, DmFormat>;

export function formatsOf(nodes: readonly WalkNode[]): Formats {
  const formats = new Map<string, DmFormat>();
  for (const { uri, kind, value } of nodes) {
    if (kind === 'node') formats.set(uri, 'node');
    else if (value !== undefined) formats.set(uri, restoreValue(value).format);
  }
  return formats;
}

function recognise(
  discovery: Discovery,
  node: WalkNode,
  context: Context,
  formats: Formats | undefined,
): Recognised | undefined {
  const uri = canonical(node.uri);
  const said = context.device?.recognised;
  const told = said === undefined ? undefined : Object.entries(said).find(([place]) => canonical(place) === uri)?.[1];
  if (told !== undefined) return { moid: told, by: 'ADMINISTRATOR' };
  if (node.type) return { moid: node.type, by: context.ddf.isKnown(node.type) ? 'MOID' : 'TYPE' };
  const place = placeOf(context, uri);
  if (place !== undefined) return { moid: place, by: 'PLACE' };
  // A device that tells Types and has none for this node says that it is no root.
  if (discovery.tellsTypes === true) return undefined;
  const children = (node.children ?? []).map((child) => childOf(child, formats));
  const moid = children.length === 0 ? undefined : context.ddf.shape?.(children);
  return moid === undefined ? undefined : { moid, by: 'SHAPE' };
}

function childOf(uri: string, formats: Formats | undefined): { readonly name: string; readonly format?: DmFormat } {
  const format = formats?.get(uri);
  const name = canonical(uri).split('/').at(-1)?.replace(/%2F/g, '/').replace(/%25/g, '%') ?? '';
  return format === undefined ? { name } : { name, format };
}

type Places = ReturnType<Context['ddf']['places']>;
const indexes = new WeakMap<Places, ReadonlyMap<string, string>>();

/** MOID of the DDF that fixes a place. An unnamed root stands as `*` there: every node below its parent is one. */
function placeOf(context: Context, uri: string): string | undefined {
  const places = context.ddf.places();
  let index = indexes.get(places);
  if (index === undefined) {
    const made = new Map<string, string>();
    for (const { place, moid } of places) {
      const key = canonical(place);
      if (!made.has(key)) made.set(key, moid);
    }
    indexes.set(places, (index = made));
  }
  return index.get(uri) ?? index.get(`${uri.slice(0, uri.lastIndexOf('/'))}/*`);
}
