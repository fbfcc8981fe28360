import { createObjects } from '../../src/management/objects';
import { startAdministration, type Administration } from '../support/administration';

let house: Administration;
let keys: readonly string[];

beforeAll(async () => {
  house = await startAdministration();
  const { id } = await house.accounts.create({ serverId: 's' });
  const devices = await Promise.all(['a', 'b'].map((deviceId) => house.devices.register({ deviceId, accountId: id })));
  keys = devices.map((device) => device.key);
  for (const key of keys) {
    for (const [family, miid] of [
      ['fumo', 'x'],
      ['fumo', 'w'],
      ['scomo', 'y'],
    ] as const) {
      await house.db.prisma.managementObject.create({
        data: {
          deviceId: BigInt(key),
          family,
          miid,
          moid: `${family}:1.0`,
          version: '1.0',
          place: `./${miid}`,
          recognisedBy: 'PLACE',
          values: { Name: `${key}/${miid}`, Big: '9007199254740993' },
          observedAt: new Date('2026-11-01T00:00:00Z'),
        },
      });
    }
  }
});
afterAll(() => house.db.close());

test('documents of many devices come by one statement, in order of device, family and MIID', async () => {
  const statements: string[] = [];
  const stop = house.db.onStatement((text) => void statements.push(text));
  const found = await createObjects({ db: house.db }).load([...keys].reverse());
  stop();

  expect(statements).toHaveLength(1);
  expect(found.map(({ device, family, miid }) => `${device} ${family} ${miid}`)).toEqual(
    keys.flatMap((key) => [`${key} fumo w`, `${key} fumo x`, `${key} scomo y`]),
  );
  expect(found[0]).toEqual({
    device: keys[0],
    family: 'fumo',
    moid: 'fumo:1.0',
    miid: 'w',
    version: '1.0',
    place: './w',
    recognisedBy: 'PLACE',
    values: { Name: `${keys[0]}/w`, Big: '9007199254740993' },
    properties: {},
    meta: {},
    observedAt: new Date('2026-11-01T00:00:00Z'),
    completeAt: null,
  });
});

test('documents of some families alone can be asked for', async () => {
  const found = await createObjects({ db: house.db }).load(keys.slice(0, 1), ['scomo', 'nothing', 'nul\0']);
  expect(found.map(({ miid }) => miid)).toEqual(['y']);
});

test('nothing is asked of the database when nothing is wanted', async () => {
  const stop = house.db.onStatement((text) => {
    throw new Error(text);
  });
  const objects = createObjects({ db: house.db });
  expect(await objects.load([])).toEqual([]);
  expect(await objects.load(['nonsense'])).toEqual([]);
  expect(await objects.load(keys, [])).toEqual([]);
  stop();
});
