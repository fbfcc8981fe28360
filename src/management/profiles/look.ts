/** What a turn has to see of a device to compare it to the profiles, and to follow rules: a part of the statement that loads its work. */
import { namesOf, type DdfLibrary } from '../../../schema/ddf/library';
import { lookText, WORK_PARAMETERS, type Look } from '../../store/turn-work';
import { conditionSql } from '../device-filter/condition-sql';
import { fitsSql } from '../device-filter/fits';
import { Parameters } from '../device-filter/parameters';
import type { LiveMo } from '../ledger';
import { nodeKey } from './claims';
import type { SeenNode } from './commands';
import { reconcile, type DeviceAsSeen, type Reconciled } from './reconcile';
import type { KnownDevice } from '../judge';
import type { RuledDevice } from '../rules/follow';
import type { LiveRule } from '../rules/types';
import type { DeviceRecord, LiveProfile } from './types';

/** The answer of a look, as JSON. */
export interface Seen {
  readonly fits: readonly string[];
  readonly account: string;
  readonly tags: readonly string[];
  /** Filters of makers' grants that it fulfils. */
  readonly granted: readonly string[];
  readonly taken: { readonly state: string; readonly until: string | null } | null;
  readonly records: readonly (DeviceRecord & {
    readonly isEnded: boolean;
    readonly isLapsed: boolean;
    readonly failed: {
      readonly state: string;
      readonly outcome: string | null;
      readonly error: string | null;
    } | null;
  })[];
  readonly nodes: readonly {
    readonly f: string;
    readonly i: string;
    readonly p: string;
    readonly found: readonly unknown[];
    readonly above: number;
    readonly completeAt: string | null;
    readonly subscribed: boolean;
  }[];
  /** Rules whose condition holds, and when they were triggered lately; absent: no rule was. */
  readonly rules?: readonly string[];
  readonly recent?: Readonly<Record<string, readonly number[]>> | null;
  /** Numbers for operations that are made in the turn. */
  readonly ids: readonly string[] | null;
}

/** Operations that one turn makes at most by itself. */
const MOST_OPERATIONS = 16;

/** Records with what became of the last operation: a get that finds nothing is an answer too. */
const RECORDS = `(SELECT jsonb_agg(jsonb_build_object('profile', r.profile_id::text, 'state', r.state, 'drift', r.drift, 'reason', r.reason,
    'operation', r.operation_id::text, 'memory', r.memory, 'isEnded', o.id IS NULL OR o.ended_at IS NOT NULL,
    'isLapsed', COALESCE(o.state IN ('CANCELLED', 'EXPIRED', 'SUPERSEDED'), false), 'failed', CASE WHEN r.memory ? 'asked' THEN (SELECT jsonb_build_object('state', c.state, 'outcome', c.outcome, 'error', c.error)
      FROM command c WHERE c.device_id = d.id AND c.operation_id = r.operation_id AND (c.state = 'IN_DOUBT'
        OR (c.state = 'ANSWERED' AND c.outcome <> 'OK' AND NOT (r.memory ->> 'asked' = 'READ' AND c.outcome = 'NOT_FOUND')))
      ORDER BY c.position LIMIT 1) END))
  FROM profile_device r LEFT JOIN operation o ON o.device_id = r.device_id AND o.id = r.operation_id WHERE r.device_id = d.id)`;

const SUBSCRIBED = `EXISTS (SELECT FROM mo_subscription s JOIN command c ON c.device_id = s.device_id AND c.operation_id = s.operation_id AND c.position = 0
  WHERE s.device_id = m.device_id AND s.family = m.family AND s.miid = m.miid AND s.is_wanted AND c.state = 'ANSWERED' AND c.outcome = 'OK'
    AND (s.path = '' OR s.path = w.p OR starts_with(w.p, s.path || '/')))`;

/** The look for these profiles and rules, good until they change. */
export function lookFor(profiles: readonly LiveProfile[], rules?: readonly LiveRule[]): Look {
  const parameters = new Parameters(new Array<null>(WORK_PARAMETERS).fill(null));
  const active = profiles.filter(({ isRestoring }) => !isRestoring);
  const those = (of: readonly Pick<LiveProfile, 'id' | 'condition' | 'rights'>[]): string => {
    const cases = of.map(({ id, condition, rights }) => {
      const grants = rights?.grantsOf('READ');
      const holds = conditionSql(condition, 'd', parameters, grants === undefined ? undefined : { rules: grants });
      return `CASE WHEN ${holds} THEN ${parameters.add(id, 'text')} END`;
    });
    return `array_remove(ARRAY[${cases.join(', ')}]::text[], NULL)`;
  };
  const ruled =
    rules === undefined
      ? ''
      : `'rules', ${those(rules)}, 'recent', (SELECT jsonb_object_agg(t.rule_id, t.recent) FROM rule_device t WHERE t.device_id = d.id), `;
  const wanted = new Map(
    active.flatMap(({ entries }) =>
      entries.map(({ family: f, path: p }) => [`${f}\n${p}`, { f, p, n: namesOf(p) ?? [] }] as const),
    ),
  );
  // Makers' grants by filter.
  const filters = [...profiles, ...(rules ?? [])].flatMap(({ rights }) => rights?.filters ?? []);
  const granted = fitsSql([...new Map(filters.map((filter) => [filter.key, filter])).values()], 'd', parameters);
  const restoring = profiles.filter(({ isRestoring }) => isRestoring).map(({ id }) => id);
  const kept =
    restoring.length === 0
      ? ''
      : ` UNION SELECT b ->> 'f', b ->> 'p', ARRAY(SELECT jsonb_array_elements_text(b -> 'n'))
        FROM profile_device r, jsonb_array_elements(r.memory -> 'before') b
        WHERE r.device_id = d.id AND r.profile_id = ANY(${parameters.add(restoring, 'bigint[]')})`;
  const nodes = `(SELECT jsonb_agg(jsonb_build_object('f', m.family, 'i', m.miid, 'p', w.p,
      'found', CASE WHEN (m."values" #> w.n) IS NULL THEN '[]'::jsonb ELSE jsonb_build_array(m."values" #> w.n) END,
      'above', (SELECT count(*) FROM generate_series(1, cardinality(w.n)) i WHERE (m."values" #> w.n[1:i]) IS NOT NULL),
      'completeAt', m.complete_at, 'subscribed', ${SUBSCRIBED}))
    FROM (SELECT f, p, n FROM jsonb_to_recordset(${parameters.add(JSON.stringify([...wanted.values()]), 'jsonb')}) AS x(f text, p text, n text[])${kept}) w
    JOIN management_object m ON m.device_id = d.id AND m.family = w.f)`;
  const count = parameters.add(Math.min(profiles.length + (rules?.length ?? 0), MOST_OPERATIONS), 'int');
  const expression = `jsonb_build_object(${ruled}'fits', ${those(active)}, 'account', d.account_id::text, 'tags', d.tags,
    'granted', ${granted}, 'taken', (SELECT jsonb_build_object('state', g.state, 'until', g.until) FROM delegation g
      WHERE g.device_id = d.id AND g.direction = 'TAKEN' ORDER BY g.id DESC LIMIT 1),
    'records', COALESCE(${RECORDS}, '[]'), 'nodes', COALESCE(${nodes}, '[]'),
    'ids', (SELECT jsonb_agg(nextval(pg_get_serial_sequence('operation', 'id'))::text) FROM generate_series(1, ${count})))`;
  const { text, values } = parameters.statement(lookText(expression));
  return { text, values: values.slice(WORK_PARAMETERS) };
}

/** What is to be done about what was seen. */
export function judgeSeen(
  profiles: readonly LiveProfile[],
  deviceKey: string,
  seen: Seen,
  mos: readonly LiveMo[],
  library: DdfLibrary,
  now: number,
): readonly Reconciled[] {
  const nodes = seen.nodes.map(({ f: family, i: miid, p: path, completeAt, ...node }): SeenNode => ({
    ...node,
    family,
    miid,
    path,
    completeAt: completeAt === null ? null : Date.parse(completeAt),
  }));
  const records = seen.records.map(({ isEnded, isLapsed, failed, ...record }) => ({
    ...record,
    last: { isEnded, isLapsed, failure: failed === null ? null : failureText(failed) },
  }));
  const device: DeviceAsSeen = {
    device: { key: deviceKey, accountId: seen.account, tags: seen.tags, fits: seen.granted },
    isOurs: isOursIn(seen, now),
    mos,
    nodes: new Map(nodes.map((node) => [nodeKey(node), node])),
    records: new Map(records.map((record) => [record.profile, record])),
    fits: new Set(seen.fits),
  };
  return reconcile(profiles, device, library, now);
}

/** Whether a profile that watches does not hear of some node yet, or one went that may have. */
export function isWatchDue(
  profiles: readonly LiveProfile[],
  { nodes }: Seen,
  isOneGone: boolean,
  canWatch: boolean,
): boolean {
  const watching = profiles.filter(({ watches, isRestoring }) => watches && !isRestoring);
  if (watching.length === 0) return false;
  const watched = new Set(watching.flatMap(({ entries }) => entries.map(({ family, path }) => `${family}\n${path}`)));
  return isOneGone || (canWatch && nodes.some(({ f, p, subscribed }) => !subscribed && watched.has(`${f}\n${p}`)));
}

/** As rules look at it. */
export function ruledAsSeen(seen: Seen, deviceKey: string, known: KnownDevice, now: number): RuledDevice {
  return {
    scope: { key: deviceKey, accountId: seen.account, tags: seen.tags, fits: seen.granted },
    isOurs: isOursIn(seen, now),
    known,
    fits: new Set(seen.rules),
    recent: seen.recent ?? {},
  };
}

/** False: another gateway took the device back. */
function isOursIn({ taken }: Seen, now: number): boolean {
  return taken === null || (taken.state === 'ACTIVE' && (taken.until === null || Date.parse(taken.until) > now));
}

function failureText({ state, outcome, error }: NonNullable<Seen['records'][number]['failed']>): string {
  return `${outcome ?? state}${error === null ? '' : `: ${error}`}`;
}
