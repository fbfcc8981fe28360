import type { Context, Effect, Json, Tree } from '../../adapter';
import { canonical } from '../addressing';
import { FEATURE_LARGE_OBJECTS } from './large-object-features';
import type { Machine } from './machine';

/**
 * What DevInfo and DevDetail tell of the device itself: another version of its firmware, software, hardware or DM client
 * may have other MOs, so that they are looked for again. Source: OMA-TS-DM_StdObj, "DevInfo" and "DevDetail".
 */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  './DevInfo': ['DmV'],
  './DevDetail': ['FwV', 'SwV', 'HwV'],
};
const LARGE_OBJECTS = './DevDetail/LrgObj';

/** Feature that holds the versions seen last, by node name. */
export const FEATURE_VERSIONS = 'dm1.versions';

const MAX_VERSION = 255;

/** What the values that a message told tell. */
export function learnFromValues(told: readonly Effect[], machine: Machine, context: Context): readonly Effect[] {
  return told.flatMap((effect) =>
    effect.kind === 'valuesObserved' && 'uri' in effect.at
      ? learnVersions(effect.at.uri, effect.tree, machine, context)
      : [],
  );
}

/** What values read at a LocURI tell. */
export function learnVersions(uri: string, tree: Tree, machine: Machine, context: Context): readonly Effect[] {
  const effects: Effect[] = [];
  const large = leafAt(uri, tree, LARGE_OBJECTS);
  if (typeof large === 'boolean' && context.device?.features[FEATURE_LARGE_OBJECTS] === undefined) {
    const evidence = `${LARGE_OBJECTS} is ${String(large)}`;
    effects.push({ kind: 'featureLearned', feature: FEATURE_LARGE_OBJECTS, value: large, evidence });
  }
  const seen = versionsIn(uri, tree);
  const known = machine.versions ?? storedVersions(context);
  const changed = Object.entries(seen).filter(([name, version]) => known[name] !== version);
  if (changed.length === 0) return effects;
  const value = { ...known, ...seen };
  machine.versions = value;
  const evidence = changed.map(([name, version]) => `${name} is ${version}`).join(', ');
  effects.push({ kind: 'featureLearned', feature: FEATURE_VERSIONS, value, evidence });
  const others = changed.filter(([name]) => known[name] !== undefined);
  if (others.length > 0 && machine.discovery === undefined) {
    const why = others.map(([name, version]) => `${name} was ${known[name] ?? ''} and is ${version}`).join(', ');
    effects.push({ kind: 'discoveryDue', why });
    machine.discovered = false;
  }
  return effects;
}

function storedVersions(context: Context): Readonly<Record<string, string>> {
  const stored: Json | undefined = context.device?.features[FEATURE_VERSIONS];
  if (stored === null || typeof stored !== 'object' || Array.isArray(stored)) return {};
  return Object.fromEntries(
    Object.entries(stored).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function versionsIn(uri: string, tree: Tree): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const [place, names] of Object.entries(TOLD)) {
    for (const name of names) {
      const data = leafAt(uri, tree, `${place}/${name}`);
      if (typeof data === 'string') seen[name] = data.slice(0, MAX_VERSION);
    }
  }
  return seen;
}

/** Value of the leaf at a LocURI, in a tree that stands at another one. */
function leafAt(uri: string, tree: Tree, wanted: string): unknown {
  const at = canonical(uri);
  if (at !== wanted && !wanted.startsWith(`${at}/`)) return undefined;
  let node: Tree | undefined = tree;
  for (const name of wanted
    .slice(at.length)
    .split('/')
    .filter((part) => part !== '')) {
    node = node.children?.find((child) => child.name === name);
    if (node === undefined) return undefined;
  }
  return node.value?.data;
}
