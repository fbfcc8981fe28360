/** A small fleet with something of everything, asked in this process: as anybody, without HTTP. */
import 'reflect-metadata';

import { execute, parse, validate, type ExecutionResult, type GraphQLSchema } from 'graphql';

import { deviceCondition } from '../../../src/graphql/fixed/device-filter';
import { RequestContext } from '../../../src/graphql/context';
import { SchemaBuilder } from '../../../src/graphql/schema';
import { storeCondition } from '../../../src/management/device-filter/condition';
import type { Caller, ManagementError } from '../../../src/management/types';
import { addMeter } from '../../gateway/support/world';
import { startTestGateway, type TestGateway } from '../../support/gateway';
import { untilEventsAreServed } from '../../support/events-served';
import { TAGS } from './filters';
import {
  familyOf,
  type Full,
  type FullAlert,
  type FullDevice,
  type FullEvent,
  type FullOperation,
  type Json,
  type OwnGrant,
} from './oracle';
import type { Chance } from './random';

export const METER = 'urn:oma:mo:ext-acme-meter:1.0';
export const FUMO = 'urn:oma:mo:oma-fumo:1.0';
/** Of no DDF that the gateway knows. */
export const STRANGE = 'urn:oma:mo:ext-strange:2.1';
export const ADMIN: Caller = { principal: 'key:admin', name: 'administrator', admin: true };

export interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly errors: readonly { readonly path: string; readonly code: string; readonly miids?: unknown }[];
}

export class Plant {
  private readonly checked = new Set<string>();

  private constructor(
    readonly gateway: TestGateway,
    readonly schema: GraphQLSchema,
    readonly accounts: readonly string[],
  ) {}

  static async start(): Promise<Plant> {
    const gateway = await startTestGateway();
    await addMeter(gateway);
    await gateway.timers.stop();
    const { schema } = new SchemaBuilder().build(gateway.services.ddfs.library(), gateway.services.ddfs.names());
    const make = 'mutation ($s: String!) { createAccount(input: { serverId: $s }) { id } }';
    const accounts: string[] = [];
    for (const s of ['one', 'two', 'three'])
      accounts.push(((await gateway.graphql(make, { s })).data as { createAccount: { id: string } }).createAccount.id);
    return new Plant(gateway, schema, accounts);
  }

  close(): Promise<void> {
    return this.gateway.close();
  }

  /** What a caller is answered. An error that is none of the middle's fails the test. */
  async ask(text: string, variables: Readonly<Record<string, unknown>>, caller: Caller = ADMIN): Promise<Answer> {
    const document = parse(text);
    // A sample: the texts are made alike.
    if (this.checked.size < 40 && !this.checked.has(text)) {
      this.checked.add(text);
      const mistakes = validate(this.schema, document);
      if (mistakes.length > 0) throw new Error(`${mistakes.join('\n')}\n${text}`);
    }
    const { services } = this.gateway;
    const contextValue = new RequestContext(caller, services, await services.grants.rightsOf(caller));
    const { data, errors = [] } = (await execute({
      schema: this.schema,
      document,
      variableValues: variables,
      contextValue,
    })) as ExecutionResult<Record<string, unknown>>;
    if (data == null) throw new Error(`${errors.map(String).join('\n')}\n${text}\n${JSON.stringify(variables)}`);
    return {
      data,
      errors: errors.map(({ path, originalError, message }) => {
        const { code, details } = (originalError ?? {}) as Partial<ManagementError>;
        if (code === undefined) throw new Error(`${message}\n${text}`, { cause: originalError });
        const { miids } = details ?? {};
        return { path: (path ?? []).join('.'), code, ...(miids === undefined ? {} : { miids }) };
      }),
    };
  }

  /** The same with what errors say, and without data where there is none. */
  async tell(text: string, caller: Caller): Promise<unknown> {
    const document = parse(text);
    const mistakes = validate(this.schema, document);
    if (mistakes.length > 0) throw new Error(`${mistakes.join('\n')}\n${text}`);
    const { services } = this.gateway;
    const contextValue = new RequestContext(caller, services, await services.grants.rightsOf(caller));
    const { data, errors = [] } = (await execute({ schema: this.schema, document, contextValue })) as ExecutionResult;
    const told = errors.map(({ path, message, originalError }) => {
      const { code, details } = (originalError ?? {}) as Partial<ManagementError>;
      if (code === undefined) throw new Error(`${message}\n${text}`, { cause: originalError });
      return { path, message, code, details };
    });
    return { data, errors: told };
  }

  /** Twelve devices with objects, operations, alerts and events, as chance has it. */
  async sow(chance: Chance): Promise<readonly { readonly id: string; readonly caller: string }[]> {
    const { services, db } = this.gateway;
    const operations: { id: string; caller: string }[] = [];
    for (let n = 0; n < 12; n += 1) {
      const account = keyOf(chance.of(this.accounts));
      const view = await services.devices.register({
        deviceId: `urn:uuid:plant-${n}`,
        accountId: account,
        protocol: chance.of(['DM_1_2', 'DM_2_0']),
        tags: chance.some(TAGS, 0.4),
      });
      const key = view.key;
      await db.sql.query(
        `UPDATE device SET discovered_at = now(), supported_mos = $2::jsonb, features = $3::jsonb WHERE id = $1`,
        [
          key,
          JSON.stringify(Object.fromEntries(chance.some([METER, FUMO, STRANGE], 0.7).map((moid) => [moid, {}]))),
          JSON.stringify({ size: { value: n, evidence: 'devInfo', at: '2026-11-01T00:00:00Z' } }),
        ],
      );
      for (const moid of [METER, FUMO, STRANGE])
        for (let instance = chance.of([0, 1, 1, 2]); instance > 0; instance -= 1)
          await this.object(key, moid, `i${instance}`, chance);
      for (let left = 2; left > 0; left -= 1) {
        const caller = chance.of(['user:u0', 'user:u1', 'user:u2', 'key:777']);
        operations.push({ id: await this.operation(key, caller, chance), caller });
        await this.alert(key, chance);
      }
    }
    await untilEventsAreServed(db);
    return operations;
  }

  async object(key: string, moid: string, miid: string, chance: Chance): Promise<void> {
    const values = valuesOf(moid, chance);
    const { sql } = this.gateway.db;
    await sql.query(
      `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by, "values", observed_at, complete_at)
       VALUES ($1, $2, $3, $4, $5, 'PLACE', $6::jsonb, now(), now())`,
      [key, familyOf(moid), miid, moid, moid.split(':').at(-1), JSON.stringify(values)],
    );
    const changes = [
      { path: 'Unit', old: 'x', new: 'a' },
      { path: 'Tariff/day/Start', new: 'b' },
      { path: 'Note', old: 'secret' },
    ];
    await sql.query(`INSERT INTO event (device_id, type, data) VALUES ($1, 'valuesChanged', $2::jsonb)`, [
      key,
      JSON.stringify({ family: familyOf(moid), moid, miid, more: false, changes: chance.some(changes, 0.7) }),
    ]);
  }

  async operation(key: string, caller: string, chance: Chance): Promise<string> {
    const { sql } = this.gateway.db;
    const [row] = await sql.query<{ id: string }>(
      `INSERT INTO operation (device_id, state, caller, expires_at, ended_at) VALUES ($1, 'SUCCEEDED', $2, now() + interval '1 day', now()) RETURNING id`,
      [key, caller],
    );
    const id = String(row?.id);
    for (const [position, kind] of (['get', 'replace', 'exec'] as const).entries())
      await sql.query(
        `INSERT INTO command (device_id, operation_id, position, kind, state, moid, family, miid, path, outcome, status_code, result, answered_at)
         VALUES ($1, $2, $3, $4, 'ANSWERED', $5, $6, 'i1', $7, 'OK', 200, $8::jsonb, now())`,
        [
          key,
          id,
          position,
          kind,
          METER,
          familyOf(METER),
          chance.of(['', 'Unit', 'Tariff/day']),
          JSON.stringify(`result ${position}`),
        ],
      );
    await sql.query(
      `INSERT INTO event (device_id, type, data) VALUES ($1, 'operationEnded', jsonb_build_object('operation', $2::text))`,
      [key, id],
    );
    return Buffer.from(`Operation:${key}:${id}`).toString('base64url');
  }

  private async alert(key: string, chance: Chance): Promise<void> {
    const source = chance.of([
      null,
      ...[METER, FUMO].map((moid) => ({ moid, miid: 'i1', path: chance.of(['', 'Unit', 'PkgName']) })),
    ]);
    await this.gateway.db.sql.query(
      `WITH a AS (INSERT INTO alert (device_id, at, type, mark, source, data, result_code, correlator)
         VALUES ($1, now(), $2, 'warning', $3::jsonb, '"data of an alert"', 200, 'c1') RETURNING id, at, type, device_id)
       INSERT INTO event (device_id, type, data) SELECT device_id, 'alertRaised',
         jsonb_build_object('alert', floor(extract(epoch FROM at) * 1000)::bigint || '.' || id, 'type', type) FROM a`,
      [key, chance.of(['urn:test:one', 'urn:test:two']), source === null ? null : JSON.stringify(source)],
    );
  }

  /** Stores grants as `createGrant` does; some of them are over. */
  async grant(grants: readonly (OwnGrant & { readonly principal: string; readonly isOver: boolean })[]): Promise<void> {
    const rows = grants.map(({ where, accountId, ...grant }) => ({
      ...grant,
      account: accountId === undefined ? null : keyOf(accountId),
      filter: where === undefined ? null : storeCondition(deviceCondition(where, this.schema)),
    }));
    await this.gateway.db.sql.query(
      `INSERT INTO access_grant (principal, "right", device_id, account_id, tag, filter, family, path, granted_by, expires_at)
       SELECT x.principal, x."right", d.id, x.account, x.tag, CASE WHEN jsonb_typeof(x.filter) = 'object' THEN x.filter END, x.family, x.path, 'key:admin',
         CASE WHEN x."isOver" THEN now() - interval '1 s' END
       FROM jsonb_to_recordset($1::jsonb) AS x(principal text, "right" text, "deviceId" text, account bigint, tag text, filter jsonb, family text,
         path text, "isOver" boolean) LEFT JOIN device d ON d.device_id = x."deviceId"`,
      [JSON.stringify(rows)],
    );
  }

  /** Everything, as an administrator sees it. */
  async full(operations: readonly { readonly id: string; readonly caller: string }[]): Promise<Full> {
    const { data, errors } = await this.ask(
      `{ devices(first: 500) { nodes { id deviceId tags protocol account { id } supportedMos { moid } features { name }
           managementObjects { moid miid values history(first: 50) { nodes { path new } } } } }
         alerts(first: 500) { nodes { id type source data resultCode correlator device { deviceId } } }
         events(first: 500) { nodes { id type data device { deviceId } } } }`,
      {},
    );
    if (errors.length > 0) throw new Error(JSON.stringify(errors));
    const answer = JSON.parse(JSON.stringify(data)) as FullAnswer;
    const devices = answer.devices.nodes.map((node): FullDevice => ({
      ...node,
      account: node.account.id,
      supported: node.supportedMos.map(({ moid }) => moid),
      features: node.features.map(({ name }) => name),
      objects: node.managementObjects.map(({ history, ...object }) => ({
        ...object,
        family: familyOf(object.moid),
        history: history.nodes,
      })),
    }));
    const ofDevice = <T extends { readonly device: { readonly deviceId: string } | null }>({ device, ...rest }: T) => ({
      ...rest,
      deviceId: device?.deviceId ?? null,
    });
    return {
      devices,
      alerts: answer.alerts.nodes.map(ofDevice) as unknown as readonly FullAlert[],
      events: answer.events.nodes.map(ofDevice) as unknown as readonly FullEvent[],
      operations: await Promise.all(operations.map((one) => this.fullOperation(one))),
    };
  }

  private async fullOperation({
    id,
    caller,
  }: {
    readonly id: string;
    readonly caller: string;
  }): Promise<FullOperation> {
    const { data } = await this.ask(
      'query ($id: ID!) { operation(id: $id) { state device { deviceId } commands { kind result address { moid path } } } }',
      { id },
    );
    const { operation } = data as {
      operation: {
        state: string;
        device: { deviceId: string };
        commands: readonly { kind: string; result: Json; address: { moid: string; path: string } }[];
      };
    };
    const commands = operation.commands.map(({ address, ...rest }) => ({ ...rest, ...address }));
    return { id, caller, state: operation.state, deviceId: operation.device.deviceId, commands };
  }
}

interface FullAnswer {
  readonly devices: {
    readonly nodes: readonly (Omit<FullDevice, 'account' | 'supported' | 'features' | 'objects'> & {
      readonly account: { readonly id: string };
      readonly supportedMos: readonly { readonly moid: string }[];
      readonly features: readonly { readonly name: string }[];
      readonly managementObjects: readonly {
        readonly moid: string;
        readonly miid: string;
        readonly values: Json;
        readonly history: { readonly nodes: readonly { readonly path: string; readonly new: Json }[] };
      }[];
    })[];
  };
  readonly alerts: { readonly nodes: readonly { readonly device: { readonly deviceId: string } }[] };
  readonly events: { readonly nodes: readonly { readonly device: { readonly deviceId: string } | null }[] };
}

/** The key in a global id. */
export function keyOf(id: string): string {
  const [, key = ''] = Buffer.from(id, 'base64url').toString().split(':');
  return key;
}

function valuesOf(moid: string, chance: Chance): Json {
  const text = (): string => chance.of(['a', 'ab', 'b', '']);
  const any = (members: Readonly<Record<string, () => Json>>): Json =>
    Object.fromEntries(chance.some(Object.entries(members), 0.75).map(([name, make]) => [name, make()]));
  if (moid === FUMO) return any({ PkgName: text, PkgVersion: text });
  if (moid === STRANGE) return any({ A: text, 'x/y': () => any({ B: text, '%': () => 1 }), Empty: () => ({}) });
  const item = (): Json => any({ Start: text, Rate: () => chance.of([0.5, 1.5]) });
  return any({
    Unit: text,
    Note: text,
    Serial: text,
    Interval: () => chance.of([0, 1, 60]),
    Enabled: () => chance.isSo(0.5),
    Tariff: () => any({ day: item, night: item, 'x/y': item }),
  });
}
