import { startAdministration, untilEventsAreServed, type Administration } from '../support/administration';
import { onPostgres } from '../support/database';

let house: Administration;
let devices: readonly string[];

beforeEach(async () => {
  house = await startAdministration();
  const account = await house.accounts.create({ serverId: 's' });
  const made = await Promise.all(
    ['a', 'b'].map((deviceId) => house.devices.register({ deviceId, accountId: account.id })),
  );
  devices = made.map((device) => device.key);
  await house.db.prisma.event.deleteMany();
});
afterEach(() => house.db.close());

async function insertEvent(device: string | undefined, type: string): Promise<void> {
  await house.db.sql.query(`INSERT INTO event (device_id, type, data) VALUES ($1, $2, '{"n": 1}')`, [
    device ?? '0',
    type,
  ]);
}

describe('events', () => {
  test('are read from the oldest on, in pages, and a reader resumes where it stopped', async () => {
    for (const type of ['one', 'two', 'three']) await insertEvent(devices[0], type);
    await untilEventsAreServed(house.db);

    const first = await house.reports.events({}, 2);
    expect(first).toMatchObject({
      hasNext: true,
      items: [{ type: 'one', device: devices[0], data: { n: 1 } }, { type: 'two' }],
    });
    const next = await house.reports.events({}, 2, first.items[1]?.id);
    expect(next).toMatchObject({ hasNext: false, items: [{ type: 'three' }] });

    await insertEvent(undefined, 'four');
    await untilEventsAreServed(house.db);
    expect(await house.reports.events({}, 2, next.items[0]?.id)).toMatchObject({
      items: [{ type: 'four', device: '0' }],
    });
  });

  test('of one transaction are told apart by the cursor', async () => {
    await house.db.sql.transaction(async (tx) => {
      for (const type of ['one', 'two', 'three']) await tx.query('INSERT INTO event (type) VALUES ($1)', [type]);
    });
    await untilEventsAreServed(house.db);
    const first = await house.reports.events({}, 1);
    expect((await house.reports.events({}, 5, first.items[0]?.id)).items.map((event) => event.type)).toEqual([
      'two',
      'three',
    ]);
  });

  test('are filtered by device and type', async () => {
    await insertEvent(devices[0], 'met');
    await insertEvent(devices[1], 'met');
    await insertEvent(devices[1], 'left');
    await untilEventsAreServed(house.db);
    const types = async (filter: Parameters<typeof house.reports.events>[0]): Promise<string[]> =>
      (await house.reports.events(filter, 10)).items.map((event) => `${event.device} ${event.type}`);
    expect(await types({ device: devices[1] })).toEqual([`${devices[1]} met`, `${devices[1]} left`]);
    expect(await types({ type: 'met' })).toEqual([`${devices[0]} met`, `${devices[1]} met`]);
    expect(await types({ device: devices[0], type: 'left' })).toEqual([]);
    expect(await types({ device: 'nonsense' })).toEqual([]);
  });

  test('after text that is no cursor are none', async () => {
    await insertEvent(devices[0], 'one');
    for (const after of ['', 'x', '1', '1.2.3', '99999999999999999999.1', "1.1'; --"]) {
      expect(await house.reports.events({}, 5, after)).toEqual({ items: [], hasNext: false });
    }
  });

  // The embedded database has one connection, so no transaction can run beside the reader there.
  (onPostgres ? test : test.skip)(
    'are held back while an older transaction runs, so that no reader passes one by',
    async () => {
      let release: () => void = () => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let isWritten: () => void = () => undefined;
      const written = new Promise<void>((resolve) => (isWritten = resolve));
      const slow = house.db.sql.transaction(async (tx) => {
        await tx.query(`INSERT INTO event (type) VALUES ('slow')`);
        isWritten();
        await held;
      });
      await written;
      await insertEvent(devices[0], 'fast');
      expect((await house.reports.events({}, 10)).items).toEqual([]);

      release();
      await slow;
      await untilEventsAreServed(house.db);
      expect((await house.reports.events({}, 10)).items.map((event) => event.type)).toEqual(['slow', 'fast']);
    },
  );
});

describe('alerts', () => {
  const insertAlert = (device: string | undefined, type: string, at: string): Promise<unknown> =>
    house.db.prisma.alert.create({
      data: {
        deviceId: BigInt(device ?? 0),
        type,
        mark: 'INFORMATIONAL',
        at: new Date(at),
        source: { uri: './x' },
        data: 'd',
        resultCode: 200,
      },
    });

  test('are read by time, in pages, filtered by device and type', async () => {
    await insertAlert(devices[1], 'late', '2026-11-02T00:00:00.500Z');
    await insertAlert(devices[0], 'early', '2026-11-01T00:00:00Z');
    await insertAlert(devices[0], 'late', '2026-11-02T00:00:00.500Z');

    const first = await house.reports.alerts({}, 2);
    expect(first).toMatchObject({
      hasNext: true,
      items: [
        { type: 'early', device: devices[0] },
        { type: 'late', device: devices[1] },
      ],
    });
    expect(first.items[0]).toMatchObject({
      mark: 'INFORMATIONAL',
      source: { uri: './x' },
      target: null,
      correlator: null,
      format: null,
      data: 'd',
      resultCode: 200,
    });
    const next = await house.reports.alerts({}, 2, first.items[1]?.id);
    expect(next).toMatchObject({ hasNext: false, items: [{ type: 'late', device: devices[0] }] });

    expect((await house.reports.alerts({ device: devices[0] }, 5)).items.map((alert) => alert.type)).toEqual([
      'early',
      'late',
    ]);
    expect((await house.reports.alerts({ type: 'late' }, 5)).items).toHaveLength(2);
    expect(await house.reports.alerts({}, 5, 'nonsense')).toEqual({ items: [], hasNext: false });
  });
});
