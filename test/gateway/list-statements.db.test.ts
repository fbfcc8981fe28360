import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  buildSchema,
  getNamedType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql';

import { familyOf } from '../../schema/ddf/identity';
import { FUMO, METER, ask, startWorld, type World } from './support/world';

/** What a field is asked with; one that is new and needs arguments has to be written here. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  'Device.fumo': '(miid: "a")',
  'Device.explain': `(query: [{ moid: "${FUMO}" }])`,
};
/** What leads back to where the walk began, or away from devices. */
const ELSEWHERE = new Set(['Device', 'Account', 'Profile']);
const DEEPEST = 6;
const DEVICES = 12;
/** Statements of one field of devices with all that is below it. */
const MOST = 20;

const path = join(tmpdir(), `moql-list-statements-${process.pid}.json`);
let world: World;
let schema: GraphQLSchema;
let statements: string[] = [];

beforeAll(async () => {
  // All that a device has is more than one query may cost.
  const most = 1_000_000_000;
  writeFileSync(path, JSON.stringify({ limits: { queryCost: most, costPerSecond: most, costBurst: most } }));
  world = await startWorld({ env: { MOQL_CONFIG: path } });
  await world.gateway.timers.stop();
  await fill();
  schema = buildSchema(await (await fetch(`${world.gateway.url}/schema.graphql`, authorized())).text());
  world.gateway.db.onStatement((text) => statements.push(text));
}, 60_000);
afterAll(async () => {
  rmSync(path, { force: true });
  await world.close();
});

function authorized(): RequestInit {
  return { headers: { authorization: `Bearer ${world.gateway.adminKey}` } };
}

test('the number of statements of a query does not depend on the number of devices, for each field of Device and what is below it', async () => {
  const device = schema.getType('Device') as GraphQLObjectType;
  const asked: string[] = [];
  const grown: string[] = [];
  for (const field of Object.values(device.getFields())) {
    if (isOfAnotherFamily(field)) continue;
    const selection = select(device, field, 0);
    asked.push(field.name);
    const one = await count(selection, 1);
    const many = await count(selection, DEVICES);
    if (many.length !== one.length || one.length > MOST)
      grown.push(`${field.name}: ${one.length} → ${many.length}\n${many.join('\n')}`);
  }
  expect(grown).toEqual([]);
  for (const name of ['account', 'features', 'managementObjects', 'profiles', 'wakeUps', 'fumo', 'fumoInstances'])
    expect(asked).toContain(name);
});

/** Typed fields of one family are as those of another. */
function isOfAnotherFamily({ type }: GraphQLField<unknown, unknown>): boolean {
  const directive = getNamedType(type).astNode?.directives?.find(({ name }) => name.value === 'mo');
  const moid = directive?.arguments?.find(({ name }) => name.value === 'moid')?.value;
  return moid?.kind === Kind.STRING && ![METER, FUMO].some((one) => one.startsWith(moid.value));
}

async function count(selection: string, first: number): Promise<readonly string[]> {
  const query = `{ devices(first: ${first}, where: { tag: "listed" }) { nodes { ${selection} } } }`;
  // Keys and grants are kept for a moment; the first query may have to load them.
  await ask(world.gateway, '{ devices(first: 1) { nodes { id } } }');
  statements = [];
  const { devices } = await ask<{ devices: { nodes: readonly unknown[] } }>(world.gateway, query);
  expect(devices.nodes).toHaveLength(first);
  return statements.filter((text) => !/^\s*(?:BEGIN|COMMIT)|api_key/i.test(text));
}

/** A field with everything below it, as far as it is not cut off. */
function select(parent: GraphQLObjectType, field: GraphQLField<unknown, unknown>, depth: number): string {
  const needed = field.args.filter((arg) => isNonNullType(arg.type) && arg.defaultValue === undefined);
  const key = `${parent.name}.${field.name}`;
  if (needed.length > 0 && ARGUMENTS[key] === undefined)
    throw new Error(`${key} needs arguments: write them into ARGUMENTS`);
  const called = `${field.name}${ARGUMENTS[key] ?? ''}`;
  const type = getNamedType(field.type);
  if (isLeafType(type)) return called;
  if (!isObjectType(type) || depth >= DEEPEST || ELSEWHERE.has(type.name))
    return `${called} { __typename${isObjectType(type) && type.getFields()['id'] ? ' id' : ''} }`;
  const fields = Object.values(type.getFields()).map((one) => select(type, one, depth + 1));
  return `${called} { ${fields.join(' ')} }`;
}

/** Devices that have something of everything. */
async function fill(): Promise<void> {
  const { sql } = world.gateway.db;
  const values = {
    [FUMO]: { PkgName: 'app', State: 30, Update: { PkgData: 'x' } },
    [METER]: { Serial: 'A1', Interval: 30 },
  };
  await sql.query(
    `INSERT INTO device (device_id, account_id, protocol, tags, features, supported_mos, discovered_at, last_contact_at)
     SELECT 'listed-' || n, (SELECT max(id) FROM account), 'DM_2_0', '{listed}', '{"show": {"value": true, "evidence": "x", "at": "2026-01-01T00:00:00Z"}}',
       jsonb_build_object($2::text, '{}'::jsonb), now(), now() FROM generate_series(1, $1::int) n`,
    [DEVICES, FUMO],
  );
  for (const [moid, document] of Object.entries(values))
    await sql.query(
      `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by, "values", observed_at, complete_at)
       SELECT id, $1, m, $2, '1.0', 'MOID', $3, now(), now() FROM device, unnest($4::text[]) m WHERE tags @> '{listed}'`,
      [familyOf(moid), moid, document, moid === FUMO ? ['a', 'b'] : ['a']],
    );
  const [row] = await sql.query<{ id: string }>(
    `INSERT INTO profile (name, caller, condition, entries, max_age_ms, created_at, updated_at)
     VALUES ('p', 'key:admin', '{"kind":"all","of":[]}', '[]', 1000, now(), now()) RETURNING id`,
  );
  const fumo = familyOf(FUMO);
  for (const text of [
    `INSERT INTO operation (device_id, caller, expires_at) SELECT id, 'key:admin', now() + interval '1 day' FROM listed, generate_series(1, 2)`,
    `INSERT INTO command (device_id, operation_id, position, kind, moid, family, miid, path)
     SELECT device_id, o.id, 0, 'get', '${FUMO}', '${fumo}', 'a', 'State' FROM operation o JOIN listed ON listed.id = o.device_id`,
    `INSERT INTO ended_operation (device_id, id, ended_at, created_at, expires_at, priority, atomic, sequence, state, on_failure, caller)
     SELECT id, 100000 + id, '2026-01-01', now(), now(), 0, false, false, 'SUCCEEDED', 'STOP', 'key:admin' FROM listed`,
    `INSERT INTO ended_command (device_id, operation_id, ended_at, position, repeatable, emulated, kind, state, moid, family, miid, path, request, outcome)
     SELECT id, 100000 + id, '2026-01-01', 0, false, false, 'get', 'ANSWERED', '${FUMO}', '${fumo}', 'a', 'State', '{}', 'OK' FROM listed`,
    `INSERT INTO profile_device (device_id, profile_id, state, drift, changed_at, operation_id)
     SELECT listed.id, ${row?.id}, 'DRIFTED', '[{"m":"${FUMO}","i":"a","p":"State","d":1,"f":[2],"by":"${row?.id}"}]', now(), 100000 + listed.id FROM listed`,
    `INSERT INTO mo_subscription (device_id, family, miid, path, moid, token, operation_id, caller)
     SELECT listed.id, '${fumo}', 'a', '', '${FUMO}', 't', (SELECT min(o.id) FROM operation o WHERE o.device_id = listed.id), 'key:admin' FROM listed`,
    `INSERT INTO mo_subscription_holder (device_id, subscription_id, holder) SELECT device_id, id, 'key:admin' FROM mo_subscription`,
    `INSERT INTO wake_up (device_id, state, bearers, bearer, due_at) SELECT id, 'SENT', '["udp"]', 'udp', now() FROM listed`,
    `INSERT INTO wake_up_attempt (device_id, wake_up_id, bearer, at, took_ms, outcome) SELECT device_id, id, 'udp', now(), 1, 'ACCEPTED' FROM wake_up`,
    `INSERT INTO acl (device_id, family, miid, path, acl, observed_at) SELECT id, '${fumo}', 'a', 'State', 'Get=*', now() FROM listed`,
    `INSERT INTO event (device_id, type, data) SELECT id, 'valuesChanged',
       '{"family":"${fumo}","miid":"a","more":false,"changes":[{"path":"State","old":1,"new":2}]}' FROM listed`,
    `INSERT INTO session (device_id, protocol, session_key, token, phase, message_no, state, last_sha256, last_status, last_headers, last_body, last_at, expires_at, ended_at)
     SELECT id, 'DM_2_0', 's', 't' || id, 'DONE', 1, '{}', repeat('0', 64), 200, '{}', '', now(), now(), now() FROM listed`,
  ])
    await sql.exec(
      text.replace(
        /\bFROM listed\b|\bJOIN listed\b/g,
        (found) => `${found.slice(0, 4)} (SELECT id FROM device WHERE tags @> '{listed}') listed`,
      ),
    );
}
