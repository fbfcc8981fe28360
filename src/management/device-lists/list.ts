/** Rows of a page of devices: by one statement where an index finds few, else by another one. */
import type { Sql } from '../../store/sql';
import type { IndexedNodes } from '../device-filter/indexed-nodes';
import type { DeviceSelection } from '../device-list';
import { bounded } from './bounded';
import { MOST_FOUND, pageStatement, quickStatement, type PageRequest } from './page';
import type { ListRow } from './row';

export async function listRows(
  sql: Sql,
  selection: DeviceSelection,
  request: PageRequest,
  indexes: IndexedNodes,
): Promise<readonly ListRow[]> {
  const quick = quickStatement(selection, request, indexes);
  if (quick !== undefined) {
    const rows = await sql.query<ListRow & { readonly found: string }>(quick.text, quick.values);
    if (Number(rows[0]?.found ?? 0) <= MOST_FOUND) return rows.filter(({ id }) => id !== null);
  }
  const { text, values, isFast } = pageStatement(selection, request, indexes, quick === undefined ? 0 : 1);
  return isFast ? sql.query<ListRow>(text, values) : bounded(sql, (tx) => tx.query<ListRow>(text, values));
}
