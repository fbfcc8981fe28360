/** Operations that a turn makes by itself: they travel in its own reply, and are stored with what became of them in it. */
import type { CommandChange, OperationChange } from '../../store/turn-apply';
import type { FollowUpWrite } from '../../store/turn-follow-up';
import { LiveOperation } from '../command-state';
import type { CommandRow } from '../judge';
import type { Follows } from '../rules/follow';
import type { Reconciled } from './reconcile';

interface Made {
  readonly live: LiveOperation;
  readonly caller: string;
  readonly rows: readonly CommandRow[];
  readonly expiresAt: string;
}

export interface FollowUps {
  readonly made: readonly Made[];
  readonly records: FollowUpWrite['records'];
  readonly gone: readonly string[];
  readonly rules: FollowUpWrite['rules'];
  readonly tags: FollowUpWrite['tags'];
  readonly events: readonly { readonly type: string; readonly data: unknown }[];
}

/** What the device does not take in its session is looked at anew at the next contact. */
const LIFE_MS = 3_600_000;

/** @param ids numbers that are reserved; what finds none left waits for the next look */
export function followUps(
  reconciled: readonly Reconciled[],
  known: ReadonlyMap<string, unknown>,
  follows: readonly Follows[],
  ids: readonly string[],
  now: number,
): FollowUps {
  const made: Made[] = [];
  const records: FollowUpWrite['records'][number][] = [];
  const events: { type: string; data: unknown }[] = [];
  const expiresAt = new Date(now + LIFE_MS).toISOString();
  for (const { profile, record, commands, isNewDrift } of reconciled) {
    if (record === null) continue;
    const id = commands.length === 0 ? undefined : ids[made.length];
    if (commands.length > 0 && id === undefined) continue;
    const written = id === undefined ? record : { ...record, operation: id };
    if (JSON.stringify(inOrder(written)) !== JSON.stringify(inOrder(known.get(profile)))) records.push(written);
    if (isNewDrift) {
      const nodes = record.drift
        .filter(({ by }) => by === undefined)
        .map(({ m, i, p }) => ({ moid: m, miid: i, path: p }));
      events.push({ type: 'driftFound', data: { profile, nodes } });
    }
    if (id === undefined) continue;
    made.push({
      live: liveOf(id, commands, expiresAt, 'CONTINUE'),
      caller: `profile:${profile}`,
      rows: commands,
      expiresAt,
    });
    events.push({ type: 'operationAccepted', data: { operation: id } });
  }
  const gone = reconciled.flatMap(({ profile, record }) => (record === null ? [profile] : []));
  const rules: FollowUpWrite['rules'][number][] = [];
  for (const { rule, recent, rows, expiresInMs, refused, happening } of follows) {
    const id = rows.length === 0 ? undefined : ids[made.length];
    if (rows.length > 0 && id === undefined) continue;
    rules.push({ rule, recent });
    const { type, alert } = happening;
    const on = { event: type, ...(alert === undefined ? {} : { alertType: alert.type, mark: alert.mark }) };
    const came = { ...(id === undefined ? {} : { operation: id }), ...(refused === null ? {} : { refused }) };
    events.push({ type: 'ruleTriggered', data: { rule, ...on, ...came } });
    if (id === undefined) continue;
    const until = new Date(now + expiresInMs).toISOString();
    made.push({ live: liveOf(id, rows, until, 'STOP'), caller: `rule:${rule}`, rows, expiresAt: until });
    events.push({ type: 'operationAccepted', data: { operation: id } });
  }
  const add = [...new Set(follows.flatMap(({ addTags }) => addTags))];
  const remove = [...new Set(follows.flatMap(({ removeTags }) => removeTags))].filter((tag) => !add.includes(tag));
  return { made, records, gone, rules, tags: { add, remove }, events };
}

/** Members in order of name, as the store gives them in an order of its own. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(members.map(([name, it]) => [name, inOrder(it)]));
}

function liveOf(
  id: string,
  rows: readonly CommandRow[],
  expiresAt: string,
  onFailure: 'STOP' | 'CONTINUE',
): LiveOperation {
  const commands = rows.map((row) => ({ ...row, state: 'QUEUED', outcome: null }));
  const fixed = { atomic: false, onFailure, cancelRequested: false };
  return new LiveOperation({ id, state: 'QUEUED', ...fixed, expiresAt, commands });
}

const NONE: FollowUps = { made: [], records: [], gone: [], rules: [], tags: { add: [], remove: [] }, events: [] };

/** What is to be stored of them, taken out of what else the turn changed. */
export function settleFollowUps(
  { made, records, gone, rules, tags }: FollowUps = NONE,
  changes: { readonly commands: readonly CommandChange[]; readonly operations: readonly OperationChange[] },
): {
  readonly write: FollowUpWrite | undefined;
  readonly commands: readonly CommandChange[];
  readonly operations: readonly OperationChange[];
} {
  const own = new Set(made.map(({ live }) => live.id));
  const operations = made.map(({ live, caller, expiresAt }) => {
    return { id: live.id, state: live.state, ended: live.isEnded, onFailure: live.onFailure, caller, expiresAt };
  });
  const commands = made.flatMap(({ live, rows }) =>
    rows.map((row) => {
      const change = changes.commands.find(
        ({ operation, position }) => operation === live.id && position === row.position,
      );
      const command = live.command(row.position);
      return {
        ...row,
        ...change,
        operation: live.id,
        state: command?.state ?? 'QUEUED',
        request: command?.request ?? row.request,
      };
    }),
  );
  const isEmpty = made.length + records.length + gone.length + rules.length === 0;
  return {
    write: isEmpty ? undefined : { operations, commands, records, gone, rules, tags },
    commands: changes.commands.filter(({ operation }) => !own.has(operation)),
    operations: changes.operations.filter(({ id }) => !own.has(id)),
  };
}
