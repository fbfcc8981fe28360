/** Orders of lists of devices: total, as each ends in the device's key, and bound to what the caller may read. */
import { decodeName } from '../../../schema/ddf/library';
import type { GrantRule } from '../../access/rights';
import { indexedValue, textLiteral, type IndexedNode } from '../device-filter/indexed-nodes';
import type { Parameters } from '../device-filter/parameters';
import { seesNode } from '../device-filter/visible-sql';
import { isStorable } from '../tree';
import { sightOf } from './sight';

/** What devices have themselves. */
export type OrderField = 'deviceId' | 'createdAt' | 'lastContactAt' | 'account' | 'protocol';

export type DeviceOrderKey = { readonly descending: boolean } & (
  | { readonly field: OrderField }
  /** Of several instances that may be read, the one with the least value counts; descending, that with the greatest. */
  | { readonly node: IndexedNode }
);

/** Where a device stands in an order: its values (as JSON holds them) and its key. */
export interface Position {
  readonly values: readonly (string | boolean | null)[];
  readonly key: string;
}

/** A key of an order as statements write it. */
export interface KeySql {
  readonly descending: boolean;
  /** SQL type, for values of cursors; with COLLATE where it has one of its own. */
  readonly type: string;
  readonly collate: string;
  readonly mayBeNull: boolean;
  /** Expression on the row `d`. */
  readonly ofDevice: string;
  /** Where an index gives the devices in this order. */
  readonly walk?: 'column' | 'node';
  /** Of a node: conditions and value of one instance by the alias of its row, with the row `d` beside it. */
  readonly instance?: (alias: string) => { readonly value: string; readonly counts: string };
}

const FIELDS: Readonly<Record<OrderField, Pick<KeySql, 'type' | 'mayBeNull' | 'ofDevice' | 'walk'>>> = {
  deviceId: { type: 'text', mayBeNull: false, ofDevice: 'd.device_id', walk: 'column' },
  createdAt: { type: 'timestamptz', mayBeNull: false, ofDevice: 'd.created_at', walk: 'column' },
  lastContactAt: { type: 'timestamptz', mayBeNull: true, ofDevice: 'd.last_contact_at' },
  account: { type: 'bigint', mayBeNull: false, ofDevice: 'd.account_id', walk: 'column' },
  protocol: { type: 'text', mayBeNull: true, ofDevice: 'd.protocol', walk: 'column' },
};
const NODE_TYPES = { NUMBER: 'numeric', TEXT: 'text', BOOLEAN: 'boolean' } as const;

/** @param grants READ grants of the caller; absent: all counts */
export function keySql(key: DeviceOrderKey, parameters: Parameters, grants?: readonly GrantRule[]): KeySql {
  const { descending } = key;
  if ('field' in key) return { descending, collate: '', ...FIELDS[key.field] };
  const { node } = key;
  const sight = sightOf(grants, parameters);
  const instance = (alias: string): { value: string; counts: string } => {
    const value = indexedValue(node, `${alias}."values"`);
    const raw = `(${alias}."values" #> ${parameters.add(namesOf(node.path), 'text[]')})`;
    const seen = seesNode(sight, node.family, node.path.split('/'), raw, parameters);
    return {
      value,
      counts: `${alias}.family = ${textLiteral(node.family)} AND ${value} IS NOT NULL AND ${seen}`,
    };
  };
  const { value, counts } = instance('w');
  return {
    descending,
    type: NODE_TYPES[node.kind],
    collate: node.kind === 'TEXT' ? ' COLLATE "C"' : '',
    mayBeNull: true,
    ofDevice: `(SELECT (array_agg(${value} ORDER BY ${value}${descending ? ' DESC' : ''}))[1] FROM management_object w
      WHERE w.device_id = d.id AND ${counts})`,
    walk: 'node',
    instance,
  };
}

function namesOf(path: string): readonly string[] {
  return path.split('/').map(decodeName);
}

/** Whether a position can be one of an order: cursors come from outside. */
export function isPosition({ values, key }: Position, order: readonly DeviceOrderKey[]): boolean {
  if (!/^\d{1,18}$/.test(key) || values.length !== order.length) return false;
  return order.every((one, at) => {
    const value = values[at];
    if (value === null) return true;
    switch ('field' in one ? FIELDS[one.field].type : NODE_TYPES[one.node.kind]) {
      case 'boolean':
        return typeof value === 'boolean';
      case 'bigint':
        return typeof value === 'string' && /^\d{1,18}$/.test(value);
      case 'numeric':
        return typeof value === 'string' && /^-?\d{1,400}(?:\.\d{1,400})?$/.test(value);
      case 'timestamptz':
        return typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]{1,16}Z$/.test(value) && !isNaN(Date.parse(value));
      default:
        return typeof value === 'string' && value.length <= 512 && isStorable(value);
    }
  });
}
