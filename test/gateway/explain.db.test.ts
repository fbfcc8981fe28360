/** What callers are told of commands before they are sent, of operations that wait, and of what a read would take. */
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import { METER, PROTOCOLS, ask, contact, createKey, startWorld, submit } from './support/world';
import type { Protocol, World } from './support/world';

let world: World;
const devices = {} as Record<Protocol, Dm1Device | Dm2Device>;

beforeAll(async () => {
  world = await startWorld();
  for (const protocol of PROTOCOLS) {
    devices[protocol] = await world.device(protocol, `urn:uuid:explained-${protocol}`);
    await contact(devices[protocol]);
  }
});
afterAll(() => world.close());

const at = (path: string, moid = METER): object => ({ address: { moid, path } });
const EXPLAIN = `reason text ahead isBarrier cancelledBy behind { id } contact { basis lastContactAt usualInterval expectedWait bearer text }`;

async function explain(id: string): Promise<Record<string, unknown>> {
  const query = `query ($id: ID!) { operation(id: $id) { explain { ${EXPLAIN} } } }`;
  return (await ask<{ operation: { explain: Record<string, unknown> } }>(world.gateway, query, { id })).operation
    .explain;
}

describe.each(PROTOCOLS)('On a %s device', (protocol) => {
  const id = (): string => devices[protocol].deviceId;

  test('a dry run gives each command a verdict, refuses nothing as a whole and queues nothing', async () => {
    const value = (name: string): object => ({ ...at(name), value: { int: 15 } });
    const lacking = protocol === 'dm1' ? { getAccess: at('') } : { getAcl: at('') };
    const commands = [
      { replace: value('Interval') },
      { replace: { ...at('Interval'), value: { int: 99 } } },
      { get: at('None') },
      { replace: { ...at('Unit', 'urn:oma:mo:oma-dm-devinfo:1.0'), value: { text: 'x' } } },
      { replace: { ...at('Man', 'urn:oma:mo:oma-dm-devinfo:1.0'), value: { text: 'x' } } },
      { get: { address: { moid: METER, miid: 'none' } } },
      { replace: { ...at('Interval'), value: { text: 'often' } } },
      lacking,
    ];
    const data = await ask<{ submitOperation: { commands: readonly Record<string, unknown>[] } }>(
      world.gateway,
      `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) {
        state explain { reason } commands { state error { code } verdict { judgement by code seenAt } } } }`,
      { input: { deviceId: id(), commands, dryRun: true } },
    );
    const told = data.submitOperation.commands.map(({ state, verdict }) => [state, verdict]);
    const refused = (judgement: string, by: string | null, code: string): unknown => [
      'SKIPPED',
      { judgement, by, code, seenAt: null },
    ];
    expect(told).toEqual([
      ['QUEUED', { judgement: 'ALREADY_EQUAL', by: null, code: null, seenAt: expect.any(String) as string }],
      ['QUEUED', { judgement: 'WILL_BE_SENT', by: null, code: null, seenAt: null }],
      refused('NOT_IN_DDF', 'DDF', 'NOT_IN_DDF'),
      refused('NOT_IN_DDF', 'DDF', 'NOT_IN_DDF'),
      refused('FORBIDDEN', 'DDF', 'ACCESS_TYPE'),
      refused('NO_SUCH_OBJECT', null, 'NO_SUCH_MO'),
      refused('BAD_VALUE', null, 'BAD_FORMAT'),
      refused('LACKS_FEATURE', 'PROTOCOL', 'NOT_SUPPORTED_BY_DEVICE'),
    ]);
    expect(data.submitOperation).toMatchObject({ state: 'FAILED', explain: null });
    expect(data.submitOperation.commands[6]).toMatchObject({ error: { code: 'BAD_FORMAT' } });
    const stored = await world.gateway.db.sql.query(
      'SELECT 1 FROM operation o JOIN device d ON d.id = o.device_id WHERE d.device_id = $1',
      [id()],
    );
    expect(stored).toEqual([]);
  });

  test('a dry run of a group that the protocol has not tells it of every command', async () => {
    const commands = [{ replace: { ...at('Unit'), value: { text: 'MWh' } } }, { get: at('Unit') }];
    const { submitOperation } = await ask<{ submitOperation: { state: string; commands: readonly object[] } }>(
      world.gateway,
      `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { state commands { verdict { judgement by } } } }`,
      { input: { deviceId: id(), commands, dryRun: true, atomic: true } },
    );
    const sendable = { verdict: { judgement: 'WILL_BE_SENT', by: null } };
    const lacking = { verdict: { judgement: 'LACKS_FEATURE', by: 'PROTOCOL' } };
    // DM 1.x has them, but none with a Get.
    const expected =
      protocol === 'dm1' ? [sendable, { verdict: { judgement: 'BAD_VALUE', by: null } }] : [lacking, lacking];
    expect(submitOperation).toEqual({ state: 'FAILED', commands: expected });
  });

  test('an operation says what it waits for, and how it ended', async () => {
    const first = await submit(world.gateway, id(), [{ get: at('Unit') }]);
    const second = await submit(world.gateway, id(), [{ exec: at('Ops/Reset') }]);
    expect(await explain(first.id)).toMatchObject({
      reason: 'WAITS_FOR_SESSION',
      ahead: 0,
      behind: null,
      isBarrier: false,
    });
    expect(await explain(second.id)).toMatchObject({
      reason: 'WAITS_FOR_SESSION',
      ahead: 1,
      behind: { id: first.id },
      isBarrier: true,
      contact: { basis: 'UNKNOWN', lastContactAt: expect.any(String) as string, expectedWait: null, bearer: null },
    });
    await ask(world.gateway, 'mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id: second.id });
    const [{ name } = { name: '' }] = await world.gateway.db.sql.query<{ name: string }>(
      'SELECT cancelled_by AS name FROM operation WHERE cancelled_by IS NOT NULL LIMIT 1',
    );
    expect(await explain(second.id)).toMatchObject({
      reason: 'ENDED',
      cancelledBy: name,
      text: expect.stringContaining(`${name} cancelled it`) as string,
    });
    await contact(devices[protocol]);
    await contact(devices[protocol]);
    expect(await explain(first.id)).toMatchObject({
      reason: 'ENDED',
      text: 'It ended: every command was answered well.',
      contact: { basis: 'POLLING', usualInterval: expect.any(String) as string },
    });
  });

  test('a read is answered by what is stored, or by the device', async () => {
    const text = `query ($id: ID!, $query: [ExplainReadInput!]!) { device(deviceId: $id) { explain(query: $query) {
      needsSession ahead contact { basis } text reads { moid path source age observedAt } } } }`;
    const query = [
      { moid: METER, path: 'Unit', maxAge: 'PT1H' },
      { moid: METER, path: 'Unit', maxAge: 'PT0S' },
      { moid: METER, path: 'None' },
    ];
    const told = await ask<{ device: { explain: unknown } }>(world.gateway, text, { id: id(), query });
    expect(told.device.explain).toMatchObject({
      needsSession: true,
      ahead: 0,
      contact: { basis: 'POLLING' },
      text: expect.stringMatching(/^The device has to be asked\. It was last in contact/) as string,
      reads: [
        { moid: METER, path: 'Unit', source: 'STORED', observedAt: expect.any(String) as string },
        { source: 'SESSION', age: expect.any(String) as string },
        { source: 'NOT_THERE' },
      ],
    });
    const key = await createKey(world.gateway, id(), { right: 'READ', moid: METER, path: 'Interval' });
    const answer = await world.gateway.graphql(text, { id: id(), query: query.slice(0, 1) }, key);
    expect(answer.data).toMatchObject({
      device: { explain: { needsSession: false, reads: [{ source: 'FORBIDDEN', age: null, observedAt: null }] } },
    });
  });
});

interface Fresh {
  readonly moid: string;
  readonly freshness: string;
  readonly values: Readonly<Record<string, unknown>>;
  readonly operation: { readonly id: string; readonly commands: readonly { address: { path: string } }[] } | null;
}
interface FreshDevice {
  readonly deviceId: string;
  readonly managementObjects: readonly Fresh[];
}

/** What a query answers of which each device gets one operation. */
async function read<T>(text: string, key?: string): Promise<T> {
  const waiting = async (): Promise<number> =>
    (await world.gateway.db.sql.query(`SELECT 1 FROM operation WHERE state = 'QUEUED'`)).length;
  const asked = world.gateway.graphql(text, {}, ...(key === undefined ? [] : [key]));
  while ((await waiting()) < PROTOCOLS.length) await new Promise((resolve) => setImmediate(resolve));
  expect(await waiting()).toBe(PROTOCOLS.length);
  for (const protocol of PROTOCOLS) await contact(devices[protocol]);
  const answer = await asked;
  expect([answer.errors, answer.extensions]).toEqual([undefined, undefined]);
  return answer.data as T;
}
const FRESH = `managementObjects(maxAge: "PT0S", wait: "PT20S") { moid freshness values operation { id commands { address { path } } } }`;

test('all that a query wants fresh is one operation a device, whichever fields ask for it', async () => {
  const fields = `acmeMeter(maxAge: "PT0S", wait: "PT20S") { unit mo { freshness operation { id } } }`;
  const { devices: found } = await read<{
    devices: { nodes: readonly (FreshDevice & { acmeMeter: { unit: string; mo: { operation: { id: string } } } })[] };
  }>(`{ devices { nodes { deviceId ${FRESH} ${fields} } } }`);
  expect(found.nodes).toHaveLength(PROTOCOLS.length);
  for (const { deviceId, managementObjects, acmeMeter } of found.nodes) {
    const { id } = acmeMeter.mo.operation;
    expect(managementObjects.length).toBeGreaterThan(2);
    for (const { moid, freshness, operation } of managementObjects)
      expect([deviceId, moid, freshness, operation?.id]).toEqual([deviceId, moid, 'FRESH', id]);
  }
});

test('who may read a part of an object has that part read', async () => {
  const grants = ['Unit', 'Tariff/*/Start'].map((path) => ({ right: 'READ', moid: METER, path, deviceId: undefined }));
  const key = await createKey(world.gateway, '', ...grants);
  const { devices: found } = await read<{ devices: { nodes: readonly FreshDevice[] } }>(
    `{ devices { nodes { deviceId ${FRESH} } } }`,
    key,
  );
  for (const { deviceId, managementObjects } of found.nodes) {
    const [meter, ...others] = managementObjects;
    expect(others).toEqual([]);
    expect([deviceId, meter]).toEqual([deviceId, expect.objectContaining({ moid: METER, freshness: 'FRESH' })]);
    const paths = meter?.operation?.commands.map(({ address }) => address.path) ?? [];
    expect(paths).toContain('Unit');
    expect(paths.filter((path) => path !== 'Unit' && !/^Tariff\/\w+\/Start$/.test(path))).toEqual([]);
    expect(Object.keys(meter?.values ?? {}).filter((name) => name !== 'Unit' && name !== 'Tariff')).toEqual([]);
  }
});
