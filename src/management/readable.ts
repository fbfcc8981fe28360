/** What of a management object's document may be read by whom. Pure. */
import type { Json } from '../../adapters/adapter';
import { encodeName } from '../../schema/ddf/library';
import type { Rights, ScopedDevice } from '../access/rights';
import { setOwn } from './tree';
import type { DeviceView, MoView } from './types';

export function scopedDevice({ key, accountId, tags }: DeviceView): ScopedDevice {
  return { key, accountId, tags };
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
