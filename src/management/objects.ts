/** Documents of management objects. */
import type { Json, RecognisedBy } from '../../adapters/adapter';
import { findDatabaseKey } from '../access/inputs';
import type { Database } from '../store/database';
import { aclView } from './acl';
import type { MoView, Objects, ObservedAcl } from './types';

export interface ObjectsDeps {
  readonly db: Database;
}

interface Row {
  readonly device: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly version: string;
  readonly place: string | null;
  readonly recognised_by: string;
  readonly values: Json;
  readonly properties: MoView['properties'];
  readonly meta: MoView['meta'];
  readonly observed_at: Date | null;
  readonly complete_at: Date | null;
}

interface AclRow {
  readonly device: string;
  readonly family: string;
  readonly miid: string;
  readonly path: string;
  readonly acl: string;
  readonly inherited: boolean;
  readonly observed_at: Date;
}

const SELECT_ACLS = `SELECT device_id AS device, family, miid, path, acl, inherited, observed_at
FROM acl WHERE device_id = ANY($1::bigint[]) ORDER BY device_id, family, miid, path`;

const SELECT = `SELECT device_id AS device, family, moid, miid, version, place, recognised_by, "values", properties, meta, observed_at, complete_at
FROM management_object WHERE device_id = ANY($1::bigint[])`;
const ORDER = 'ORDER BY device_id, family, miid';

/** In order of device, family and MIID. */
export function createObjects({ db }: ObjectsDeps): Objects {
  return {
    async load(devices, families): Promise<readonly MoView[]> {
      const keys = devices.flatMap((device) => findDatabaseKey(device)?.toString() ?? []);
      if (keys.length === 0 || families?.length === 0) return [];
      const rows =
        families === undefined
          ? await db.sql.query<Row>(`${SELECT} ${ORDER}`, [keys])
          : await db.sql.query<Row>(`${SELECT} AND family = ANY($2::text[]) ${ORDER}`, [
              keys,
              families.filter((family) => !family.includes('\0')),
            ]);
      return rows.map(viewOf);
    },
    async acls(devices): Promise<readonly ObservedAcl[]> {
      const keys = devices.flatMap((device) => findDatabaseKey(device)?.toString() ?? []);
      if (keys.length === 0) return [];
      const rows = await db.sql.query<AclRow>(SELECT_ACLS, [keys]);
      return rows.map(({ acl, inherited, observed_at, ...at }) => ({
        ...at,
        ...aclView(acl, inherited),
        observedAt: observed_at,
      }));
    },
  };
}

function viewOf(row: Row): MoView {
  return {
    device: row.device,
    family: row.family,
    moid: row.moid,
    miid: row.miid,
    version: row.version,
    place: row.place,
    recognisedBy: row.recognised_by as RecognisedBy,
    values: row.values,
    properties: row.properties,
    meta: row.meta,
    observedAt: row.observed_at,
    completeAt: row.complete_at,
  };
}
