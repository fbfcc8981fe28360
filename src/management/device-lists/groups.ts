/** How many devices there are of each kind. */
import { MADE_OF_INPUT, type Sql } from '../../store/sql';
import { nodeValue, textLiteral, type IndexedNodes } from '../device-filter/indexed-nodes';
import { seesNode } from '../device-filter/visible-sql';
import type { DeviceSelection } from '../device-list';
import type { Json } from '../../../adapters/adapter';
import { bounded } from './bounded';
import { sightOf } from './sight';
import { searchFor, type Search } from './search';

export type DeviceGrouping =
  | { readonly by: 'protocol' | 'account' | 'tag' }
  /** How long ago the last contact was. */
  | { readonly by: 'contactAge'; readonly now: Date }
  /** The value of a leaf. */
  | { readonly by: 'node'; readonly family: string; readonly path: string };

export interface DeviceGroups {
  /** The largest first. `key` null: nothing is there, as far as the caller may read. */
  readonly groups: readonly { readonly key: Json; readonly count: bigint }[];
  /** Of groups that are not listed: how many, and what their counts add up to. */
  readonly others: { readonly groups: number; readonly count: bigint };
}

/** Ages of the last contact; each is up to so long ago. */
export const CONTACT_AGES = {
  HOUR: '1 hour',
  DAY: '1 day',
  WEEK: '7 days',
  MONTH: '30 days',
  YEAR: '365 days',
} as const;

/** A device with several tags, or instances with several values, counts in several groups, in each once. */
export async function groupDevices(
  sql: Sql,
  selection: DeviceSelection,
  grouping: DeviceGrouping,
  first: number,
  indexes: IndexedNodes,
): Promise<DeviceGroups> {
  const search = searchFor(selection, indexes);
  const { parameters } = search;
  const { key, join } = keyOf(grouping, selection, search);
  const parts = search.branches((gate, found) =>
    found === undefined
      ? `SELECT d.id, ${key} AS key FROM device d ${join} WHERE ${gate} AND ${search.which}`
      : `SELECT d.id, ${key} AS key FROM ${found} h JOIN device d ON d.id = h.device_id ${join} WHERE ${gate} AND ${search.which}`,
  );
  // Several instances may have the same value.
  const keyed = `SELECT ${grouping.by === 'node' ? 'DISTINCT ' : ''}x.id, x.key FROM (${parts.map((part) => `(${part})`).join(' UNION ALL ')}) x`;
  const { text, values } = parameters.statement(
    `${MADE_OF_INPUT}${search.with(`g AS MATERIALIZED (SELECT k.key, count(*) AS n FROM (${keyed}) k GROUP BY k.key)`)}
     SELECT g.key, g.n, (SELECT count(*) FROM g) AS groups, (SELECT sum(n) FROM g) AS total
     FROM g ORDER BY g.n DESC, g.key NULLS LAST LIMIT ${parameters.add(first, 'bigint')}`,
  );
  const rows = await bounded(sql, (tx) =>
    tx.query<{ key: Json; n: string; groups: string; total: string }>(text, values),
  );
  const groups = rows.map(({ key: own, n }) => ({ key: own, count: BigInt(n) }));
  const shown = groups.reduce((sum, { count }) => sum + count, 0n);
  const [row] = rows;
  return {
    groups,
    others: { groups: Number(row?.groups ?? 0) - groups.length, count: BigInt(row?.total ?? 0) - shown },
  };
}

function keyOf(
  grouping: DeviceGrouping,
  { grants }: DeviceSelection,
  { parameters }: Search,
): { readonly key: string; readonly join: string } {
  switch (grouping.by) {
    case 'protocol':
      return { key: 'to_jsonb(d.protocol)', join: '' };
    case 'account':
      return { key: 'to_jsonb(d.account_id::text)', join: '' };
    case 'tag':
      return { key: 'to_jsonb(t.tag)', join: 'LEFT JOIN LATERAL unnest(d.tags) AS t (tag) ON TRUE' };
    case 'contactAge': {
      const now = parameters.add(grouping.now, 'timestamptz');
      const ages = Object.entries(CONTACT_AGES).map(
        ([name, age]) => `WHEN d.last_contact_at > ${now} - interval '${age}' THEN '"${name}"'::jsonb`,
      );
      return {
        key: `CASE WHEN d.last_contact_at IS NULL THEN NULL ${ages.join(' ')} ELSE '"OLDER"'::jsonb END`,
        join: '',
      };
    }
    case 'node': {
      const { family, path } = grouping;
      const value = nodeValue(path, 'w."values"');
      const sight = sightOf(grants, parameters);
      const seen = seesNode(sight, family, path.split('/'), value, parameters);
      return {
        key: value,
        join: `LEFT JOIN management_object w ON w.device_id = d.id AND w.family = ${textLiteral(family)}
          AND jsonb_typeof(${value}) IN ('string', 'number', 'boolean') AND ${seen}`,
      };
    }
  }
}
