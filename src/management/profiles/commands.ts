/** The fewest commands that bring nodes to what is desired: pure. */
import { encodeName, namesOf, type DdfLibrary } from '../../../schema/ddf/library';
import type { CommandRow } from '../judge';
import { isReadable } from '../lost-answer';
import { nodeKey, type Claim } from './claims';

/** What is stored of a node. */
export interface SeenNode {
  readonly family: string;
  readonly miid: string;
  readonly path: string;
  /** One value, or none. */
  readonly found: readonly unknown[];
  /** How many of the path's leading names there are. */
  readonly above: number;
  /** When the whole object was last read, in milliseconds since 1970; null: never. */
  readonly completeAt: number | null;
  /** The device tells by itself when it changes. */
  readonly subscribed: boolean;
}

/** Commands of one operation at most; what is left comes when it ended. */
export const MOST_COMMANDS = 64;

export function readsOf(claims: readonly Claim[]): readonly CommandRow[] {
  return rowsOf(claims.map((claim) => ({ ...at(claim), kind: 'get' as const, request: {} })));
}

/** @returns `problem`: why a node cannot be brought to what is desired; there may be commands for others all the same */
export function writesOf(
  claims: readonly Claim[],
  nodes: ReadonlyMap<string, SeenNode>,
  library: DdfLibrary,
): { readonly rows: readonly CommandRow[]; readonly problem: string | undefined } {
  const rows: Unplaced[] = [];
  const added = new Set<string>();
  let problem: string | undefined;
  for (const claim of claims) {
    const { moid, path, value } = claim;
    const node = nodes.get(nodeKey(claim));
    if (value === undefined) {
      rows.push({ ...at(claim), kind: 'delete', request: {} });
      continue;
    }
    const isThere = node !== undefined && node.found.length > 0;
    if (isThere || !isReadable(moid, path, library)) {
      rows.push({ ...at(claim), kind: 'replace', request: { value } });
      continue;
    }
    const names = (namesOf(path) ?? []).map(encodeName);
    const ways = names.map((_, index) => names.slice(0, index + 1).join('/')).slice(node?.above ?? 0);
    const closed = ways.find((way) => library.node(moid, way)?.access.includes('Add') === false);
    if (closed !== undefined) {
      problem ??= `the device has no "${closed}" of ${moid}, and its DDF lets none be added`;
      continue;
    }
    for (const way of ways) {
      const parent = { ...claim, path: way };
      if (added.has(nodeKey(parent))) continue;
      added.add(nodeKey(parent));
      rows.push({ ...at(parent), kind: 'add', request: way === ways.at(-1) ? { value } : {} });
    }
  }
  return { rows: rowsOf(rows), problem };
}

type Unplaced = Omit<CommandRow, 'position' | 'uri' | 'repeatable' | 'emulated'>;

function at({ family, moid, miid, path }: Claim): Pick<Unplaced, 'family' | 'moid' | 'miid' | 'path'> {
  return { family, moid, miid, path };
}

function rowsOf(rows: readonly Unplaced[]): readonly CommandRow[] {
  return rows.slice(0, MOST_COMMANDS).map((row, position) => ({
    ...row,
    position,
    uri: null,
    repeatable: row.kind !== 'add',
    emulated: false,
  }));
}
