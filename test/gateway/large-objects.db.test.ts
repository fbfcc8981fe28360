import type { SimulatedDevice } from '../../src/simulator';
import { contact, findOperation, FUMO, METER, type Protocol, startWorld, submit, type World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(async () => {
  await world.close();
});

/** Characters of one to four octets, some of which XML escapes: 300 kB. */
const TEXT = 'aé<語&"😀'.repeat(20_000);
const OCTETS = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 7) % 256));

async function given(protocol: Protocol, name: string, options: object = {}): Promise<SimulatedDevice> {
  const device = await world.device(protocol, `urn:uuid:large-${name}`, options);
  await contact(device);
  return device;
}

type Answer = { readonly outcome: string | null; readonly result: unknown; readonly carrier?: string | null };

async function run(device: SimulatedDevice, commands: readonly unknown[]): Promise<readonly Answer[]> {
  const { id } = await submit(world.gateway, device.deviceId, commands);
  await contact(device);
  return (await findOperation(world.gateway, id)).commands;
}

async function one<T>(query: string, values: readonly unknown[] = []): Promise<T> {
  const [row] = await world.gateway.db.sql.query<{ value: T }>(query, values);
  return row?.value as T;
}

describe.each([
  ['WBXML', { wbxml: true }],
  ['XML', { wbxml: false }],
])('Large objects of a DM 1.2 device over %s', (form, options) => {
  test('a text reaches the device in chunks, comes back in chunks, and leaves nothing in the session', async () => {
    const device = await given('dm1', `text-${form}`, { ...options, maxMsgSize: 8192 });
    const [written] = await run(device, [
      { replace: { address: { moid: METER, path: 'Unit' }, value: { text: TEXT } } },
    ]);
    expect(written).toMatchObject({ outcome: 'OK', carrier: 'Replace' });
    expect(
      await one(
        `SELECT values ->> 'Unit' AS value FROM management_object m JOIN device d ON d.id = m.device_id
      WHERE d.device_id = $1 AND m.moid = $2`,
        [device.deviceId, METER],
      ),
    ).toBe(TEXT);
    const [read] = await run(device, [{ get: { address: { moid: METER, path: 'Unit' } } }]);
    expect(read?.outcome).toBe('OK');
    expect(read?.result).toBe(TEXT);
    expect(await one('SELECT count(*)::int AS value FROM message_chunk')).toBe(0);
    expect(await one<number>(`SELECT max(length(state::text))::int AS value FROM session`)).toBeLessThan(20_000);
  });

  test('octets reach the device in chunks', async () => {
    const device = await given('dm1', `octets-${form}`, { ...options, maxMsgSize: 4096 });
    const value = { base64: OCTETS.toString('base64') };
    const [written] = await run(device, [{ replace: { address: { moid: FUMO, path: 'Update/PkgData' }, value } }]);
    expect(written).toMatchObject({ outcome: 'OK' });
  });
});

test('an operation in sequence reaches the device as one Sequence, and each command has its own end', async () => {
  const device = await given('dm1', 'sequence');
  const unit = { moid: METER, path: 'Unit' };
  const { id } = await submit(
    world.gateway,
    device.deviceId,
    [
      { get: { address: unit } },
      { replace: { address: unit, value: { text: 'MWh' } } },
      { get: { address: unit } },
      { get: { address: { moid: METER, path: 'Tariff/none' } } },
      { get: { address: { moid: METER, path: 'Serial' } } },
    ],
    { sequence: true },
  );
  await contact(device);
  const { commands } = await findOperation(world.gateway, id);
  expect(commands.map((command) => command.outcome)).toEqual(['OK', 'OK', 'OK', 'NOT_FOUND', 'OK']);
  expect(commands.map((command) => (command as Answer).carrier)).toEqual(new Array(5).fill('Sequence'));
  expect(commands[2]?.result).toBe('MWh');
  expect(commands[0]?.result).not.toBe('MWh');
});

test('a device that announces a MaxObjSize gets nothing larger, and is told so by no message', async () => {
  const device = await given('dm1', 'small', { maxObjSize: 1000 });
  const [written] = await run(device, [{ replace: { address: { moid: METER, path: 'Unit' }, value: { text: TEXT } } }]);
  expect(written).toMatchObject({ outcome: 'TOO_LARGE', carrier: null });
});

test('a DM 2.0 device gets a long value whole', async () => {
  const device = await given('dm2', 'dm2');
  const [written, read] = await run(device, [
    { replace: { address: { moid: METER, path: 'Unit' }, value: { text: TEXT } } },
    { get: { address: { moid: METER, path: 'Unit' } } },
  ]);
  expect([written?.outcome, read?.outcome]).toEqual(['OK', 'OK']);
  expect(read?.result).toBe(TEXT);
});
