/**
 * Rotation of the secret key: what the previous key sealed is sealed with the one of today. It may be broken off and begun
 * again, and run beside a gateway, for a text is replaced only while it is the one that was read.
 */
import { bootstrapContext } from '../store/bootstrap-documents';
import type { Secrets } from '../store/secrets';
import type { Sql } from '../store/sql';
import { credentialContext } from './credentials';
import { loginsContext } from './delegation/giving';
import { peerContext } from './delegation/peers';
import { ANSWER_CONTEXT } from './show-secret';

export interface Resealed {
  readonly resealed: number;
  /** Texts that neither key opens. */
  readonly unopened: number;
}

interface Place {
  /** Gives `key` (text that sorts), `sealed` and `name` (what its context is made of) of up to $2 rows behind the key $1. */
  readonly read: string;
  /** $1 keys, $2 texts as they were, $3 texts as they are to be. */
  readonly write: string;
  readonly context: (name: string) => string;
}

const BATCH = 500;

/** A table with a number as its key. */
function column(table: string, name: string, context: Place['context'], named: string, value = name): Place {
  return {
    read: `SELECT t.id::text AS key, ${value} AS sealed, ${named} AS name FROM ${table} t
      WHERE ${value} IS NOT NULL AND t.id > COALESCE($1, '0')::bigint ORDER BY t.id LIMIT $2`,
    write: `UPDATE ${table} t SET ${name} = x.fresh FROM unnest($1::bigint[], $2::text[], $3::text[]) AS x(key, was, fresh)
      WHERE t.id = x.key AND ${value} = x.was`,
    context,
  };
}

/** A table whose key begins with the device's. */
function ofDevice(table: string, second: string, sealed: string, context: Place['context'], named: string): Place {
  const at = (key: string): string => `split_part(${key}, '.', 1)::bigint`;
  const rest = (key: string): string => `split_part(${key}, '.', 2)`;
  return {
    read: `SELECT t.device_id || '.' || t.${second} AS key, t.${sealed} AS sealed, ${named} AS name FROM ${table} t
      WHERE t.${sealed} IS NOT NULL AND ($1::text IS NULL OR (t.device_id, t.${second}) > (${at('$1')}, ${rest('$1')}))
      ORDER BY t.device_id, t.${second} LIMIT $2`,
    write: `UPDATE ${table} t SET ${sealed} = x.fresh FROM unnest($1::text[], $2::text[], $3::text[]) AS x(key, was, fresh)
      WHERE t.device_id = ${at('x.key')} AND t.${second} = ${rest('x.key')} AND t.${sealed} = x.was`,
    context,
  };
}

const PLACES: readonly Place[] = [
  column('account', 'client_secret', () => credentialContext('CLIENT'), "''"),
  column('account', 'server_secret', () => credentialContext('SERVER'), "''"),
  ofDevice('device_credential', 'direction', 'secret', (name) => credentialContext(name as 'CLIENT'), 't.direction'),
  ofDevice('bootstrap_document', 'token_sha256', 'document', bootstrapContext, 't.device_id::text'),
  column('peer', 'secret', peerContext, 't.name'),
  {
    ...column('delegation', 'detail', loginsContext, 't.ref', "t.detail ->> 'sealed'"),
    write: `UPDATE delegation t SET detail = jsonb_set(t.detail, '{sealed}', to_jsonb(x.fresh))
      FROM unnest($1::bigint[], $2::text[], $3::text[]) AS x(key, was, fresh) WHERE t.id = x.key AND t.detail ->> 'sealed' = x.was`,
  },
  {
    // Secret answers live for an hour: there are few.
    read: `SELECT c.device_id || '.' || c.operation_id || '.' || c.position AS key, c.result ->> 'sealed' AS sealed, '' AS name
      FROM command c WHERE c.result ? 'sealed' AND $1::text IS NULL AND $2::int > 0`,
    write: `UPDATE command c SET result = jsonb_set(c.result, '{sealed}', to_jsonb(x.fresh))
      FROM unnest($1::text[], $2::text[], $3::text[]) AS x(key, was, fresh)
      WHERE c.device_id = split_part(x.key, '.', 1)::bigint AND c.operation_id = split_part(x.key, '.', 2)::bigint
        AND c.position = split_part(x.key, '.', 3)::int AND c.result ->> 'sealed' = x.was`,
    context: () => ANSWER_CONTEXT,
  },
];

export async function resealAll(sql: Sql, secrets: Secrets): Promise<Resealed> {
  let resealed = 0;
  let unopened = 0;
  for (const place of PLACES) {
    for (let after: string | null = null; ;) {
      const rows: readonly { key: string; sealed: string; name: string }[] = await sql.query(place.read, [
        after,
        BATCH,
      ]);
      const fresh = rows.flatMap(({ key, sealed, name }) => {
        const text = secrets.reseal(sealed, place.context(name));
        if (text === undefined && secrets.decrypt(sealed, place.context(name)) === undefined) unopened += 1;
        return text === undefined ? [] : [{ key, sealed, text }];
      });
      if (fresh.length > 0)
        await sql.query(place.write, [
          fresh.map(({ key }) => key),
          fresh.map(({ sealed }) => sealed),
          fresh.map(({ text }) => text),
        ]);
      resealed += fresh.length;
      const last = rows.at(-1);
      if (last === undefined || rows.length < BATCH) break;
      after = last.key;
    }
  }
  return { resealed, unopened };
}
