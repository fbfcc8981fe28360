import type { Effect, Tree } from '../../adapter';
import { absolute, decodeName } from '../addressing';
import type { SimpleCommand } from '../message';
import { mergeMeta, readFormat, readValue } from '../values';

/**
 * DevInfo, which every session's package 1 brings in a Replace. Source: OMA-TS-DM_StdObj, "DevInfo"; dm1 section 15.1.
 */
const PLACE = './DevInfo';
const MOID = 'urn:oma:mo:oma-dm-devinfo:1.0';
/** One simulator writes its client version so. */
const MISSPELT: Readonly<Record<string, string>> = { DwV: 'DmV' };
/** A device has a dozen of these nodes. */
const MAX_DEPTH = 12;

interface Branch {
  readonly name: string;
  readonly children: Map<string, Branch>;
  value?: Tree['value'];
}

/** What the client's Replace commands tell of DevInfo; nodes elsewhere are not its to tell. Interior nodes bring nothing. */
export function deviceInfo(replaces: readonly SimpleCommand[]): readonly Effect[] {
  const root: Branch = { name: 'DevInfo', children: new Map() };
  const notes: Effect[] = [];
  for (const replace of replaces) {
    for (const item of replace.items) {
      const uri = item.source?.locUri ?? item.target?.locUri;
      const meta = mergeMeta(replace.meta, item.meta);
      if (uri === undefined || readFormat(meta.format) === 'node') continue;
      const segments = absolute(uri).split('/').slice(1).map(decodeName);
      if (segments[0] !== 'DevInfo' || segments.length < 2 || segments.length > MAX_DEPTH || uri.includes('?'))
        continue;
      const { value, misfit } = readValue(meta, item.data);
      if (misfit) notes.push({ kind: 'noted', what: `${uri}: ${misfit}` });
      branchAt(root, segments.slice(1)).value = value;
    }
  }
  if (root.children.size === 0) return notes;
  return [
    { kind: 'moAnnounced', moid: MOID, place: PLACE, recognisedBy: 'PLACE' },
    { kind: 'valuesObserved', at: { uri: PLACE }, tree: treeOf(root), complete: false },
    ...notes,
  ];
}

function branchAt(root: Branch, names: readonly string[]): Branch {
  let branch = root;
  for (const told of names) {
    const name = MISSPELT[told] ?? told;
    let child = branch.children.get(name);
    if (child === undefined) {
      child = { name, children: new Map() };
      branch.children.set(name, child);
    }
    branch = child;
  }
  return branch;
}

function treeOf(branch: Branch): Tree {
  if (branch.children.size === 0) return { name: branch.name, ...(branch.value ? { value: branch.value } : {}) };
  return { name: branch.name, children: [...branch.children.values()].map(treeOf) };
}
