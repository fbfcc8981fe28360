import { identityOf } from '../../src/simulator';
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import {
  FUMO,
  METER,
  OPERATION,
  PROTOCOLS,
  ask,
  codesOf,
  contact,
  findOperation,
  startWorld,
  submit,
} from './support/world';
import type { OperationAnswer, Protocol, World } from './support/world';

/** Both devices have it, one after the other: what is made of it, such as serial numbers, is then the same. */
const DEVICE_ID = 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6';
const identity = identityOf(DEVICE_ID);
const KEY = Buffer.from(identity.key).toString('base64');

let world: World;
/** Every answer by protocol and by what was asked. */
const answers = new Map<Protocol, Map<string, unknown>>();

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

/** What the contract lets differ between protocols; and ids and times, which differ between any two devices. */
const OWN = /^(?:id|statusCode|uri|protocol|features|location|carrier|.*At)$/;

/** An answer without what may differ. */
function common(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer.map(common);
  if (typeof answer !== 'object' || answer === null) return answer;
  return Object.fromEntries(
    Object.entries(answer)
      .filter(([name]) => !OWN.test(name))
      .map(([name, value]) => [name, common(value)]),
  );
}

const at = (path: string, moid = METER): object => ({ moid, path });
const get = (path: string, depth?: number): object => ({
  get: { address: at(path), ...(depth === undefined ? {} : { depth }) },
});
const replace = (path: string, value: object): object => ({ replace: { address: at(path), value } });
const add = (path: string, value?: object): object => ({
  add: { address: at(path), ...(value === undefined ? {} : { value }) },
});
const remove = (path: string): object => ({ delete: { address: at(path) } });
const exec = (path: string, moid = METER): object => ({ exec: { address: at(path, moid) } });

const METER_VALUES = {
  Serial: identity.serial,
  Unit: 'kWh',
  Interval: 15,
  Enabled: true,
  Tariff: { day: { Start: '0600', Rate: 0.31 }, night: { Start: '2200', Rate: 0.17 } },
  Ops: { Reset: null },
  Key: KEY,
  Since: identity.since,
};

describe.each(PROTOCOLS)('Callers of a %s device', (protocol) => {
  let device: Dm1Device | Dm2Device;
  const seen = new Map<string, unknown>();
  answers.set(protocol, seen);

  /** Notes an answer for the comparison. */
  function note<T>(answer: T): T {
    const name = expect.getState().currentTestName?.replace(protocol, '') ?? '';
    const count = [...seen.keys()].filter((key) => key.startsWith(name)).length;
    seen.set(`${name} #${count}`, common(answer));
    return answer;
  }

  /** Submits, lets the device come, and gives what became of the operation. */
  async function operate(
    commands: readonly object[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<OperationAnswer> {
    const submitted = note(await submit(world.gateway, DEVICE_ID, commands, more));
    expect(submitted).toMatchObject({ state: 'QUEUED', endedAt: null });
    await contact(device);
    return note(await findOperation(world.gateway, submitted.id));
  }

  /** The codes that a submission is refused with. */
  async function refusal(commands: readonly object[]): Promise<readonly unknown[]> {
    const answer = await world.gateway.graphql(
      `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { ${OPERATION} } }`,
      { input: { deviceId: DEVICE_ID, commands } },
    );
    note({ status: answer.status, data: answer.data as unknown, errors: answer.errors });
    return codesOf(answer);
  }

  async function query<T = Record<string, never>>(fields: string): Promise<T> {
    const data = await ask<{ device: T }>(world.gateway, `query ($id: ID!) { device(deviceId: $id) { ${fields} } }`, {
      id: DEVICE_ID,
    });
    return note(data).device;
  }

  const ok = (result: unknown = null): object => ({ state: 'ANSWERED', outcome: 'OK', error: null, result });
  const failed = (outcome: string): object => ({
    state: 'ANSWERED',
    outcome,
    error: { code: outcome, message: expect.any(String) as unknown },
    result: null,
  });

  beforeAll(async () => {
    device = await world.device(protocol, DEVICE_ID);
  });
  afterAll(async () => {
    await ask(world.gateway, 'mutation ($id: ID!) { deleteDevice(deviceId: $id) { id } }', { id: DEVICE_ID });
  });

  test('find nothing of it before its first contact', async () => {
    expect(
      await query(
        'deviceId tags account { serverId } lastContactAt managementObjects { moid } acmeMeter { serial } fumo { state }',
      ),
    ).toMatchObject({ lastContactAt: null, managementObjects: [], acmeMeter: null, fumo: null });
  });

  test('find its management objects after its first contact', async () => {
    await contact(device);
    const found = await query<{ managementObjects: readonly { moid: string }[]; supportedMos: readonly unknown[] }>(
      `lastContactAt
       fumo: managementObjects(moid: "${FUMO}") { moid miid version freshness }
       meter: managementObjects(moid: "urn:oma:mo:ext-acme-meter") { moid miid version freshness }`,
    );
    expect(found).toMatchObject({
      lastContactAt: expect.any(String) as unknown,
      fumo: [{ moid: FUMO, miid: 'fw1', version: '1.0' }],
      meter: [{ moid: METER, miid: 'Meter', version: '1.0' }],
    });
  });

  test('read an object with values of every format', async () => {
    const operation = await operate([get('')]);
    expect(operation).toMatchObject({ state: 'SUCCEEDED', commands: [ok(METER_VALUES)] });
    expect(operation.commands[0]?.resultMeta).toMatchObject({
      Interval: { format: 'int' },
      Key: { format: 'bin' },
      'Ops/Reset': { format: 'null' },
      'Tariff/day/Start': { format: 'chr', type: 'text/plain' },
      'Tariff/night/Start': { format: 'chr', type: 'text/plain' },
      'Tariff/night/Rate': { format: 'float' },
    });
  });

  test('see the values that were read through types', async () => {
    expect(
      await query(
        `devInfo { man mod lang mo { freshness } }
         devDetail { devTyp fwV lrgObj uri { maxDepth } }
         fumo { pkgName pkgVersion state download { pkgUrl } mo { moid miid version freshness } }
         acmeMeter { serial unit interval enabled note key since mo { moid miid version freshness }
                     tariff { items { nodeName start rate } } }`,
      ),
    ).toMatchObject({
      acmeMeter: {
        serial: identity.serial,
        unit: 'kWh',
        interval: 15,
        enabled: true,
        note: null,
        key: KEY,
        since: identity.since,
        tariff: {
          items: [
            { nodeName: 'day', start: '0600', rate: 0.31 },
            { nodeName: 'night', start: '2200', rate: 0.17 },
          ],
        },
      },
    });
  });

  test('see the same values without types', async () => {
    expect(await query(`managementObjects(moid: "${METER}") { moid miid values }`)).toEqual({
      managementObjects: [{ moid: METER, miid: 'Meter', values: METER_VALUES }],
    });
    expect(await query(`managementObjects(moid: "${FUMO}") { moid miid values }`)).toMatchObject({
      managementObjects: [{ miid: 'fw1' }],
    });
  });

  test.each([
    ['a text', 'Serial', identity.serial],
    ['an integer', 'Interval', 15],
    ['a float', 'Tariff/day/Rate', 0.31],
    ['a truth', 'Enabled', true],
    ['octets', 'Key', KEY],
    ['a date', 'Since', identity.since],
  ])('read %s', async (_what, path, value) => {
    expect(await operate([get(path)])).toMatchObject({ state: 'SUCCEEDED', commands: [ok(value)] });
  });

  test('read an interior node, whole or as deep as they like', async () => {
    const operation = await operate([get('Tariff'), get('Tariff', 0), get('Tariff', 1), get('', 0), get('', 1)]);
    expect(operation).toMatchObject({ state: 'SUCCEEDED' });
    expect(operation.commands[0]?.result).toEqual(METER_VALUES.Tariff);
    expect(operation.commands[1]?.result).toEqual(['day', 'night']);
  });

  test('learn that a node is not there', async () => {
    expect(await operate([get('Tariff/noon')])).toMatchObject({ state: 'FAILED', commands: [failed('NOT_FOUND')] });
    expect(await operate([get('Note')])).toMatchObject({ state: 'FAILED', commands: [failed('NOT_FOUND')] });
  });

  test('replace leaves of every format that can be written', async () => {
    const operation = await operate([
      replace('Unit', { text: 'MWh <&> é ]]>' }),
      replace('Interval', { int: 30 }),
      replace('Enabled', { bool: false }),
      replace('Tariff/day/Rate', { float: 0.5 }),
      get('Unit'),
    ]);
    expect(operation).toMatchObject({ state: 'SUCCEEDED', commands: [ok(), ok(), ok(), ok(), ok('MWh <&> é ]]>')] });
    expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval'])?.value).toBe('30');
    expect(await query('acmeMeter { unit interval enabled tariff { items { nodeName rate } } }')).toMatchObject({
      acmeMeter: { unit: 'MWh <&> é ]]>', interval: 30, enabled: false },
    });
  });

  test('cannot replace what is not there', async () => {
    expect(await operate([replace('Note', { text: 'x' })])).toMatchObject({
      state: 'FAILED',
      commands: [failed('NOT_FOUND')],
    });
  });

  test('add a leaf, but not twice', async () => {
    expect(await operate([add('Note', { text: 'below the stairs' })])).toMatchObject({
      state: 'SUCCEEDED',
      commands: [ok()],
    });
    expect(await operate([add('Note', { text: 'elsewhere' })])).toMatchObject({
      state: 'FAILED',
      commands: [failed('ALREADY_EXISTS')],
    });
    expect(await query('acmeMeter { note }')).toEqual({ acmeMeter: { note: 'below the stairs' } });
  });

  test('add an interior node with what is below it', async () => {
    const operation = await operate([
      add('Tariff/peak'),
      add('Tariff/peak/Start', { text: '1700' }),
      add('Tariff/peak/Rate', { float: 0.62 }),
      get('Tariff/peak'),
    ]);
    expect(operation).toMatchObject({
      state: 'SUCCEEDED',
      commands: [ok(), ok(), ok(), ok({ Start: '1700', Rate: 0.62 })],
    });
    expect(await operate([add('Tariff/peak')])).toMatchObject({
      state: 'FAILED',
      commands: [failed('ALREADY_EXISTS')],
    });
  });

  test('delete a node with all below it, but not twice', async () => {
    expect(await operate([remove('Tariff/peak'), remove('Note')])).toMatchObject({
      state: 'SUCCEEDED',
      commands: [ok(), ok()],
    });
    expect(await operate([remove('Tariff/peak')])).toMatchObject({ state: 'FAILED', commands: [failed('NOT_FOUND')] });
    expect(await query('acmeMeter { note tariff { items { nodeName } } }')).toEqual({
      acmeMeter: { note: null, tariff: { items: [{ nodeName: 'day' }, { nodeName: 'night' }] } },
    });
  });

  test('execute what ends at once', async () => {
    expect(await operate([exec('Ops/Reset'), get('Interval')])).toMatchObject({
      state: 'SUCCEEDED',
      commands: [ok(), ok(15)],
    });
  });

  test('execute what ends later, when the device tells so', async () => {
    const before = await operate([exec('Download', FUMO)]);
    expect(before).toMatchObject({
      state: 'RUNNING',
      endedAt: null,
      commands: [{ state: 'ACCEPTED', outcome: null, error: null, result: null }],
    });
    await contact(device);
    expect(note(await findOperation(world.gateway, before.id))).toMatchObject({
      state: 'SUCCEEDED',
      endedAt: expect.any(String) as unknown,
      commands: [ok(200)],
    });
  });

  test('see what the device told', async () => {
    const { alerts } = note(
      await ask<{ alerts: { nodes: readonly { type: string }[] } }>(
        world.gateway,
        `query ($id: ID!) { alerts(where: { deviceId: $id }) { nodes { type mark resultCode device { deviceId } } } }`,
        { id: DEVICE_ID },
      ),
    );
    expect(alerts.nodes).toMatchObject([
      { type: 'org.openmobilealliance.dm.firmwareupdate.download', resultCode: 200, device: { deviceId: DEVICE_ID } },
    ]);
  });

  test('stop at the first failure unless they ask to go on', async () => {
    const commands = [add('Tariff/day'), add('Tariff/late'), exec('Ops/Reset')];
    expect(await operate(commands, { onFailure: 'STOP' })).toMatchObject({
      state: 'FAILED',
      commands: [failed('ALREADY_EXISTS'), { state: 'SKIPPED', outcome: null }, { state: 'SKIPPED', outcome: null }],
    });
    expect(await operate(commands, { onFailure: 'CONTINUE' })).toMatchObject({
      state: 'FAILED',
      commands: [failed('ALREADY_EXISTS'), ok(), ok()],
    });
    expect(await operate([remove('Tariff/late')])).toMatchObject({ state: 'SUCCEEDED' });
  });

  test.each([
    ['a write to what can only be read', [replace('Serial', { text: 'x' })], 'ACCESS_TYPE'],
    ['an execution of what is no command', [exec('Unit')], 'ACCESS_TYPE'],
    ['a value of the wrong format', [replace('Interval', { text: 'soon' })], 'BAD_FORMAT'],
    ['a node that the DDF does not have', [get('Colour')], 'NOT_IN_DDF'],
    ['an object that nobody knows', [{ get: { address: at('', 'urn:oma:mo:ext-nobody:1.0') } }], 'NO_SUCH_MO'],
    ['an instance that is not there', [{ get: { address: { moid: METER, miid: 'other', path: '' } } }], 'NO_SUCH_MO'],
  ])('are refused %s before it is queued', async (_what, commands, code) => {
    expect(await refusal(commands)).toEqual([code]);
  });

  test('change it by the mutations of its types', async () => {
    const typed = async (field: string, input: string): Promise<OperationAnswer> => {
      const data = await ask<Record<string, OperationAnswer>>(
        world.gateway,
        `mutation ($id: ID!) { ${field}(input: { deviceId: $id, ${input} }) { ${OPERATION} } }`,
        { id: DEVICE_ID },
      );
      await contact(device);
      return note(await findOperation(world.gateway, note(data)[field]?.id ?? ''));
    };
    expect(await typed('replaceAcmeMeter', 'interval: 45, unit: "Wh"')).toMatchObject({
      state: 'SUCCEEDED',
      commands: [ok(), ok()],
    });
    expect(
      await typed('addAcmeMeter', 'tariff: { items: [{ nodeName: "dawn", start: "0400", rate: 0.2 }] }'),
    ).toMatchObject({ state: 'SUCCEEDED' });
    expect(await query('acmeMeter { unit interval tariff { items { nodeName start rate } } }')).toMatchObject({
      acmeMeter: { unit: 'Wh', interval: 45 },
    });
    expect(await typed('deleteAcmeMeter', 'tariff: { items: [{ nodeName: "dawn" }] }')).toMatchObject({
      state: 'SUCCEEDED',
    });
    expect(await typed('execAcmeMeter', 'ops: { reset: true }')).toMatchObject({ state: 'SUCCEEDED' });
  });

  test('read what changed on the device when they ask for values that are not older than this', async () => {
    device.tree.replace(['Vendor', 'Acme', 'Meter', 'Unit'], { value: 'J' }, undefined);
    const asked = query('acmeMeter(maxAge: "PT0S", wait: "PT20S") { unit mo { freshness operation { state } } }');
    await queued();
    await contact(device);
    expect(await asked).toEqual({
      acmeMeter: { unit: 'J', mo: { freshness: 'FRESH', operation: { state: 'SUCCEEDED' } } },
    });
  });

  /** Resolves when there is work for the device. */
  async function queued(): Promise<void> {
    for (;;) {
      const rows = await world.gateway.db.sql.query(`SELECT 1 FROM operation WHERE state = 'QUEUED'`);
      if (rows.length > 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  test('wait for the end of an operation', async () => {
    const waiting = submit(world.gateway, DEVICE_ID, [get('Unit')], { wait: 'PT20S' });
    await queued();
    await contact(device);
    expect(note(await waiting)).toMatchObject({ state: 'SUCCEEDED', commands: [ok('J')] });
  });

  test('cancel what the device did not take yet', async () => {
    const { id } = await submit(world.gateway, DEVICE_ID, [replace('Unit', { text: 'cal' })]);
    const cancelled = await ask(world.gateway, `mutation ($id: ID!) { cancelOperation(id: $id) { ${OPERATION} } }`, {
      id,
    });
    expect(note(cancelled)).toMatchObject({
      cancelOperation: { state: 'CANCELLED', commands: [{ state: 'CANCELLED', outcome: null }] },
    });
    await contact(device);
    expect(note(await findOperation(world.gateway, id))).toMatchObject({ state: 'CANCELLED' });
    expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Unit'])?.value).toBe('J');
  });
});

test('A caller cannot tell from the answers which protocol a device speaks', () => {
  const [dm1, dm2] = PROTOCOLS.map((protocol) => Object.fromEntries(answers.get(protocol) ?? []));
  expect(Object.keys(dm1 ?? {}).length).toBeGreaterThan(40);
  expect(dm2).toEqual(dm1);
});
