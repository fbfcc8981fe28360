/** What of a management object's document may be read by whom. Pure. */
import type { Json } from '../../adapters/adapter';
import { encodeName } from '../../schema/ddf/library';
import type { Rights, ScopedDevice } from '../access/rights';
import { setOwn } from './tree';
import type { DeviceView, MoView } from './types';

export function scopedDevice({ key, accountId, tags, fits }: DeviceView): ScopedDevice {
  return fits === undefined ? { key, accountId, tags } : { key, accountId, tags, fits };
}

/** The objects of a device of which something may be read, with what may be read of them. */
export function readableObjects(mos: readonly MoView[], device: DeviceView, rights: Rights): readonly MoView[] {
  if (rights.isAdmin) return mos;
  const scoped = scopedDevice(device);
  return mos.flatMap((mo) => {
    const patterns = rights.readable(scoped, mo.family);
    if (patterns === 'ALL') return mo;
    return patterns.length === 0 ? [] : { ...mo, values: pruned(mo.values, patterns) };
  });
}

/** What of an object may be read: paths below its root, none below another; the root's alone where it is all. */
export function readablePaths(mo: MoView, device: ScopedDevice, rights: Rights): readonly string[] {
  const patterns = rights.readable(device, mo.family);
  if (patterns === 'ALL') return [''];
  const paths = new Set(patterns.flatMap((pattern) => spelled(mo.values, pattern.split('/'), [])));
  const isBelowOther = (path: string): boolean => {
    for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1))
      if (paths.has(path.slice(0, end))) return true;
    return false;
  };
  return [...paths].filter((path) => !isBelowOther(path));
}

/** The paths that a pattern stands for; of a `*`, those with a name that the document has there. */
function spelled(value: Json | undefined, names: readonly string[], above: readonly string[]): readonly string[] {
  const [name, ...rest] = names;
  if (name === undefined) return [above.join('/')];
  const children = new Map(
    value === null || typeof value !== 'object' || Array.isArray(value)
      ? []
      : Object.entries(value).map(([own, child]) => [encodeName(own), child as Json] as const),
  );
  const meant = name === '*' ? [...children.keys()] : [name];
  return meant.flatMap((one) => spelled(children.get(one), rest, [...above, one]));
}

/** A document with the nodes that patterns cover, and the interior nodes on the way to them. */
export function pruned(values: Json, patterns: readonly string[]): Json {
  return (
    pick(
      values,
      patterns.map((pattern) => pattern.split('/')),
    ) ?? {}
  );
}

function pick(value: Json, patterns: readonly (readonly string[])[]): Json | undefined {
  if (patterns.some((names) => names.length === 0)) return value;
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  const kept: Record<string, Json> = {};
  let isEmpty = true;
  for (const [name, child] of Object.entries(value as { readonly [name: string]: Json })) {
    const encoded = encodeName(name);
    const below = patterns.flatMap(([first, ...rest]) => (first === '*' || first === encoded ? [rest] : []));
    const picked = below.length === 0 ? undefined : pick(child, below);
    if (picked === undefined) continue;
    setOwn(kept, name, picked);
    isEmpty = false;
  }
  return isEmpty ? undefined : kept;
}
