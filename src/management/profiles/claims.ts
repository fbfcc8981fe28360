/** Which profile has its way at which node of a device: pure. */
import type { Json } from '../../../adapters/adapter';
import type { LiveMo } from '../ledger';
import { restoreValue, storeValue, type StoredValue } from '../stored-value';
import { dataOf } from '../stored-tree';
import { scalarOf } from '../tree';
import type { DeviceRecord, LiveProfile } from './types';

/** A node of the device for which a profile has a value. */
export interface Claim {
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly path: string;
  /** None: the node is to be gone. */
  readonly value: StoredValue | undefined;
  /** The same as documents hold it. */
  readonly desired: Json;
}

export interface Claims {
  readonly profile: LiveProfile;
  readonly won: readonly Claim[];
  readonly lost: readonly (Claim & { readonly by: string })[];
  /** MOIDs, with names of instances, that the device does not have. */
  readonly missing: readonly string[];
}

/** Name of a node among those of a device. */
export function nodeKey({ family, miid, path }: Pick<Claim, 'family' | 'miid' | 'path'>): string {
  return `${family}\n${miid}\n${path}`;
}

/** The higher priority, then the older; what is written back gives way to what somebody desires. */
function comesBefore(a: LiveProfile, b: LiveProfile): boolean {
  if (a.isRestoring !== b.isRestoring) return b.isRestoring;
  if (a.priority !== b.priority) return a.priority > b.priority;
  return BigInt(a.id) < BigInt(b.id);
}

/**
 * @param profiles those that fit the device, and those that write back
 * @param records  what is stored of the device, by profile
 */
export function claimsOn(
  profiles: readonly LiveProfile[],
  mos: readonly LiveMo[],
  records: ReadonlyMap<string, DeviceRecord>,
): readonly Claims[] {
  const all = profiles.map((profile) => ({ profile, ...claimsOf(profile, mos, records.get(profile.id)) }));
  const winners = new Map<string, LiveProfile>();
  for (const { profile, claims } of all) {
    for (const claim of claims) {
      const known = winners.get(nodeKey(claim));
      if (known === undefined || comesBefore(profile, known)) winners.set(nodeKey(claim), profile);
    }
  }
  return all.map(({ profile, claims, missing }) => {
    const winnerOf = (claim: Claim): LiveProfile => winners.get(nodeKey(claim)) ?? profile;
    return {
      profile,
      missing,
      won: claims.filter((claim) => winnerOf(claim) === profile),
      lost: claims.flatMap((claim) => {
        const winner = winnerOf(claim);
        return winner === profile ? [] : [{ ...claim, by: winner.id }];
      }),
    };
  });
}

function claimsOf(
  profile: LiveProfile,
  mos: readonly LiveMo[],
  record: DeviceRecord | undefined,
): { readonly claims: readonly Claim[]; readonly missing: readonly string[] } {
  if (profile.isRestoring) {
    const claims = (record?.memory.before ?? []).flatMap(({ f: family, m, i: miid, p: path, v, format }): Claim[] => {
      const mo = mos.find((one) => one.family === family && one.miid === miid);
      if (mo === undefined) return [];
      const [json = null] = v;
      const value = v.length === 0 ? undefined : storeValue({ format, data: dataOf(json, format) });
      return [{ family, moid: mo.moid === '' ? m : mo.moid, miid, path, value, desired: json }];
    });
    return { claims, missing: [] };
  }
  const claims: Claim[] = [];
  const missing: string[] = [];
  for (const { moid, family, miid, path, value } of profile.entries) {
    const instances = mos.filter((mo) => mo.family === family && (miid === null || mo.miid === miid));
    if (instances.length === 0) missing.push(miid === null ? moid : `${moid} "${miid}"`);
    const desired = scalarOf(restoreValue(value)) ?? null;
    for (const mo of instances) claims.push({ family, moid: mo.moid, miid: mo.miid, path, value, desired });
  }
  return { claims, missing: [...new Set(missing)] };
}
