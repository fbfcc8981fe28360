import { ManagementError, type OperationView } from '../../src/management/types';
import type { Gateway, World } from './support/world';
import { LAMP, device, givenWorld, mo, operation, serve } from './support/world';

let world: World;
let gateway: Gateway;

async function given(initial: Parameters<typeof givenWorld>[0], now?: string): Promise<void> {
  world = givenWorld(initial);
  gateway = await serve(world, now === undefined ? {} : { now: () => Date.parse(now) });
}

afterEach(() => gateway.close());

describe('Reading through types', () => {
  test('a value is given under its GraphQL name, with what is known of its object', async () => {
    await given({ objects: [mo('1', 'Lamp', { Colour: 'red', Level: 3 })] });
    const { data, errors } = await gateway.ask(
      '{ device(deviceId: "IMEI:1") { acmeLamp { colour level mo { moid miid version freshness location recognisedBy observedAt operation { id } } } } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      device: {
        acmeLamp: {
          colour: 'red',
          level: 3,
          mo: {
            moid: LAMP,
            miid: 'Lamp',
            version: '1.0',
            freshness: 'FRESH',
            location: './Vendor/Acme/Lamp',
            recognisedBy: 'PLACE',
            observedAt: '2026-01-02T00:00:00.000Z',
            operation: null,
          },
        },
      },
    });
  });

  test('what the device lacks is null without an error', async () => {
    await given({});
    expect(
      await gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp { colour } acmeLampInstances { colour } } }'),
    ).toMatchObject({ status: 200, data: { device: { acmeLamp: null, acmeLampInstances: [] } } });
    world.objects = [mo('1', 'Lamp', {})];
    const { data, errors } = await gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp { colour } } }');
    expect([data, errors]).toEqual([{ device: { acmeLamp: { colour: null } } }, undefined]);
  });

  test('a device that does not exist is null without an error', async () => {
    await given({});
    const { data, errors } = await gateway.ask('{ device(deviceId: "IMEI:404") { deviceId } }');
    expect([data, errors]).toEqual([{ device: null }, undefined]);
  });

  test('several instances are MO_AMBIGUOUS with their MIIDs, unless one is named or all are asked for', async () => {
    await given({ objects: [mo('1', 'B', { Colour: 'blue' }), mo('1', 'A', { Colour: 'red' })] });
    const { data, errors } = await gateway.ask(
      '{ device(deviceId: "IMEI:1") { acmeLamp { colour } one: acmeLamp(miid: "B") { colour } none: acmeLamp(miid: "C") { colour } acmeLampInstances { mo { miid } } } }',
    );
    expect(data).toEqual({
      device: {
        acmeLamp: null,
        one: { colour: 'blue' },
        none: null,
        acmeLampInstances: [{ mo: { miid: 'A' } }, { mo: { miid: 'B' } }],
      },
    });
    expect(errors).toEqual([
      expect.objectContaining({
        path: ['device', 'acmeLamp'],
        extensions: { code: 'MO_AMBIGUOUS', miids: ['A', 'B'] },
      }),
    ]);
  });

  test('a value that does not fit its type is null with the warning BAD_VALUE, and raw among the management objects', async () => {
    await given({ objects: [mo('1', 'Lamp', { Colour: 'red', Level: 'bright' })] });
    const { data, errors, extensions } = await gateway.ask(
      '{ device(deviceId: "IMEI:1") { acmeLamp { colour level } managementObjects { values } } }',
    );
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      device: {
        acmeLamp: { colour: 'red', level: null },
        managementObjects: [{ values: { Colour: 'red', Level: 'bright' } }],
      },
    });
    expect(extensions).toEqual({ warnings: [{ code: 'BAD_VALUE', path: ['device', 'acmeLamp', 'level'] }] });
  });

  test('the objects of all devices of a query are loaded at once', async () => {
    const many = Array.from({ length: 40 }, (_, i) => device(String(i + 1)));
    await given({ devices: many, objects: many.map(({ key }) => mo(key, 'Lamp', { Colour: key })) });
    const { data } = await gateway.ask(
      '{ devices(first: 40) { nodes { account { serverId } acmeLamp { colour } acmeLampInstances { level } } } }',
    );
    expect((data as { devices: { nodes: unknown[] } }).devices.nodes[39]).toEqual({
      account: { serverId: 'dm.example' },
      acmeLamp: { colour: '40' },
      acmeLampInstances: [{ level: null }],
    });
    expect(world.loads).toHaveLength(1);
  });

  test('managementObjects(moid) takes any version of the MOID and the family', async () => {
    await given({
      objects: [
        mo('1', 'Lamp', {}),
        mo('1', 'X', {}, { family: 'urn:oma:mo:ext-other', moid: 'urn:oma:mo:ext-other:2.0' }),
      ],
    });
    for (const moid of [LAMP, 'urn:oma:mo:ext-acme-lamp:9.9', 'urn:oma:mo:ext-acme-lamp']) {
      const { data } = await gateway.ask(
        'query ($moid: String) { device(deviceId: "IMEI:1") { managementObjects(moid: $moid) { moid } } }',
        { moid },
      );
      expect(data).toEqual({ device: { managementObjects: [{ moid: LAMP }] } });
    }
  });
});

describe('Freshness', () => {
  const QUERY =
    '{ device(deviceId: "IMEI:1") { acmeLamp(maxAge: "PT1H", wait: "PT5S") { colour mo { freshness operation { state } } } } }';

  test('a value not older than maxAge is given as it is', async () => {
    await given({ objects: [mo('1', 'Lamp', { Colour: 'red' })] }, '2026-01-02T00:59:00Z');
    const { data } = await gateway.ask(QUERY);
    expect(data).toEqual({ device: { acmeLamp: { colour: 'red', mo: { freshness: 'FRESH', operation: null } } } });
    expect(world.submitted).toEqual([]);
  });

  test('an older one is read first, for at most `wait`', async () => {
    await given({ objects: [mo('1', 'Lamp', { Colour: 'red' })] }, '2026-01-02T02:00:00Z');
    world.onSubmit = () => {
      const readAt = new Date('2026-01-02T02:00:01Z');
      world.objects = [mo('1', 'Lamp', { Colour: 'blue' }, { observedAt: readAt, completeAt: readAt })];
      return Promise.resolve(operation({ state: 'SUCCEEDED' }));
    };
    const { data, extensions } = await gateway.ask(QUERY);
    expect(data).toEqual({
      device: { acmeLamp: { colour: 'blue', mo: { freshness: 'FRESH', operation: { state: 'SUCCEEDED' } } } },
    });
    expect(extensions).toBeUndefined();
    expect(world.submitted).toEqual([
      expect.objectContaining({
        deviceId: 'IMEI:1',
        waitMs: 5000,
        onFailure: 'CONTINUE',
        commands: [{ kind: 'get', address: { moid: LAMP, miid: 'Lamp', path: '' } }],
      }),
    ]);
  });

  test('a value that could not be read again is given with freshness STALE and a warning', async () => {
    await given({ objects: [mo('1', 'Lamp', { Colour: 'red' })] }, '2026-01-02T02:00:00Z');
    world.onSubmit = () => Promise.resolve(operation({ state: 'QUEUED' }));
    const { data, errors, extensions } = await gateway.ask(QUERY);
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      device: { acmeLamp: { colour: 'red', mo: { freshness: 'STALE', operation: { state: 'QUEUED' } } } },
    });
    expect(extensions).toEqual({ warnings: [{ code: 'STALE', path: ['device', 'acmeLamp'] }] });
  });

  test('when nothing is stored the field is null with the error DEVICE_UNREACHABLE', async () => {
    await given({ objects: [mo('1', 'Lamp', {}, { observedAt: null, completeAt: null })] });
    world.onSubmit = () => Promise.resolve(operation({ state: 'QUEUED' }));
    const { data, errors } = await gateway.ask(QUERY);
    expect(data).toEqual({ device: { acmeLamp: null } });
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['DEVICE_UNREACHABLE']);
  });

  test('a device that was never in contact is asked for what it may have', async () => {
    await given({ devices: [device('1', { discoveredAt: null })] });
    world.onSubmit = () => Promise.resolve(operation({ state: 'QUEUED' }));
    const { errors } = await gateway.ask(QUERY);
    expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['DEVICE_UNREACHABLE']);
    expect(world.submitted[0]?.commands).toEqual([
      { kind: 'get', address: { moid: 'urn:oma:mo:ext-acme-lamp', miid: null, path: '' } },
    ]);
  });

  test('an object that was found but not read yet says NEVER_READ when no age is asked for', async () => {
    await given({ objects: [mo('1', 'Lamp', {}, { observedAt: null, completeAt: null })] });
    const { data } = await gateway.ask('{ device(deviceId: "IMEI:1") { acmeLamp { colour mo { freshness } } } }');
    expect(data).toEqual({ device: { acmeLamp: { colour: null, mo: { freshness: 'NEVER_READ' } } } });
  });

  test('all stale objects of one device become one operation, those of another one another', async () => {
    await given({
      devices: [device('1'), device('2')],
      objects: [mo('1', 'A', {}), mo('1', 'B', {}), mo('2', 'A', {})],
    });
    await gateway.ask(
      '{ devices { nodes { acmeLampInstances(maxAge: "PT0S") { colour } a: acmeLamp(miid: "A", maxAge: "PT0S") { colour } } } }',
    );
    expect(world.submitted.map(({ deviceId, commands }) => [deviceId, commands.length])).toEqual([
      ['IMEI:1', 2],
      ['IMEI:2', 1],
    ]);
  });

  const ALL =
    '{ device(deviceId: "IMEI:1") { managementObjects(maxAge: "PT0S") { miid freshness operation { id } } } }';

  test('what the device cannot be asked keeps nothing else from being read, and is given as it is stored', async () => {
    await given({ objects: [mo('1', 'A', {}), mo('1', 'B', {}), mo('1', 'C', {}, NEVER)] });
    world.onSubmit = ({ commands, dryRun }) => {
      const codes = commands.map((command) =>
        'address' in command && command.address.miid === 'B' ? 'FORBIDDEN' : null,
      );
      if (dryRun === true) return Promise.resolve(operation({ commands: codes.map((code) => judged(code)) }));
      if (codes.includes('FORBIDDEN')) throw new ManagementError('FORBIDDEN', 'not this');
      const readAt = new Date(Date.now() + 60_000);
      world.objects = world.objects.map((one) =>
        one.miid === 'A' ? { ...one, observedAt: readAt, completeAt: readAt } : one,
      );
      return Promise.resolve(operation({ state: 'QUEUED' }));
    };
    const { data, errors, extensions } = await gateway.ask(ALL);
    expect(errors).toBeUndefined();
    expect((data as { device: { managementObjects: readonly { freshness: string }[] } }).device).toMatchObject({
      managementObjects: [
        { miid: 'A', freshness: 'FRESH' },
        { miid: 'B', freshness: 'STALE' },
        { miid: 'C', freshness: 'NEVER_READ' },
      ],
    });
    expect(extensions).toEqual({ warnings: [{ code: 'STALE', path: ['device', 'managementObjects'] }] });
    const sent = world.submitted.filter(({ dryRun }) => dryRun !== true).at(-1);
    expect(sent?.commands.map((command) => 'address' in command && command.address.miid)).toEqual(['A', 'C']);
  });

  test('a device that was never looked at has nothing to show, with a warning', async () => {
    await given({ devices: [device('1', { discoveredAt: null })] });
    const { data, extensions } = await gateway.ask(ALL);
    expect(data).toEqual({ device: { managementObjects: [] } });
    expect(extensions).toEqual({ warnings: [{ code: 'STALE', path: ['device', 'managementObjects'] }] });
    expect(world.submitted).toEqual([]);
  });
});

const NEVER = { observedAt: null, completeAt: null };

/** A command of a dry run. */
function judged(code: string | null): OperationView['commands'][number] {
  return { verdict: { judgement: 'WILL_BE_SENT', by: null, code, message: '', seenAt: null } } as never;
}
