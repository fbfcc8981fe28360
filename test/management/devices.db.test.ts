import { EVERY_DEVICE, type DeviceCondition } from '../../src/management/device-filter/condition';
import { openSecret } from '../../src/management/credentials';
import { ALICE, refusalOf, startAdministration, type Administration } from '../support/administration';

let house: Administration;
let accountId: string;

beforeAll(async () => {
  house = await startAdministration();
  const account = await house.accounts.create({
    serverId: 'dm.example',
    clientAuth: { type: 'DIGEST_MD5', username: 'fleet', secret: 'shared' },
  });
  accountId = account.id;
});
afterAll(() => house.db.close());

const FINGERPRINT = 'AB:'.repeat(31) + 'AB';

async function credentialOf(deviceId: string, direction: 'CLIENT' | 'SERVER') {
  const device = await house.devices.find(deviceId);
  return house.db.prisma.deviceCredential.findUnique({
    where: { deviceId_direction: { deviceId: BigInt(device?.key ?? 0), direction } },
  });
}

describe('a device', () => {
  test('is registered and found by its DevId and by its key', async () => {
    const made = await house.devices.register(
      { deviceId: 'IMEI:493005100592800', accountId, protocol: 'DM_1_2', tags: ['north', 'lab', 'north'] },
      ALICE,
    );

    expect(made).toMatchObject({
      deviceId: 'IMEI:493005100592800',
      accountId,
      protocol: 'DM_1_2',
      tags: ['north', 'lab'],
      lastContactAt: null,
    });
    expect(await house.devices.find('IMEI:493005100592800')).toEqual(made);
    expect(await house.devices.getMany(['x', made.key])).toEqual([null, made]);
    expect(await house.devices.findMany(['nobody', 'IMEI:493005100592800'])).toEqual([null, made]);
  });

  test('can be registered once only', async () => {
    await house.devices.register({ deviceId: 'twice', accountId });
    expect(await refusalOf(house.devices.register({ deviceId: 'twice', accountId }))).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  test('needs an account that exists', async () => {
    expect(await refusalOf(house.devices.register({ deviceId: 'lost', accountId: '4711' }))).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await refusalOf(house.devices.register({ deviceId: 'lost', accountId: 'four' }))).toMatchObject({
      code: 'NOT_FOUND',
    });
    expect(await house.devices.find('lost')).toBeNull();
  });

  test.each([
    ['an empty DevId', { deviceId: '' }],
    ['a DevId that is too long', { deviceId: 'x'.repeat(129) }],
    ['a DevId with a control character', { deviceId: 'a\nb' }],
    ['a DevId that ends in a blank', { deviceId: 'a ' }],
    ['an empty tag', { deviceId: 'tagged', tags: [''] }],
    ['a tag that is too long', { deviceId: 'tagged', tags: ['t'.repeat(65)] }],
    ['too many tags', { deviceId: 'tagged', tags: Array.from({ length: 65 }, (_, n) => `t${n}`) }],
  ])('is refused with %s', async (_what, input) => {
    expect(await refusalOf(house.devices.register({ accountId, ...input }))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('may have credentials of its own, encrypted', async () => {
    await house.devices.register({
      deviceId: 'own',
      accountId,
      clientAuth: { type: 'BASIC', username: 'me', secret: 'alone' },
      serverAuth: { type: 'DIGEST_MD5', secret: 'gate' },
    });

    const client = await credentialOf('own', 'CLIENT');
    expect(client).toMatchObject({ type: 'BASIC', username: 'me', fingerprint: null });
    expect(openSecret(house.secrets, 'CLIENT', client?.secret ?? '')).toBe('alone');
    expect(await credentialOf('own', 'SERVER')).toMatchObject({ type: 'DIGEST_MD5', username: null });
  });

  test('is known by a certificate whose SHA-256 is kept without colons', async () => {
    await house.devices.register({
      deviceId: 'certified',
      accountId,
      clientAuth: { type: 'X509', secret: FINGERPRINT },
    });
    expect(await credentialOf('certified', 'CLIENT')).toMatchObject({
      type: 'X509',
      fingerprint: 'ab'.repeat(32),
      secret: null,
    });
    expect(
      await refusalOf(house.devices.update('certified', { clientAuth: { type: 'X509', secret: 'abc' } })),
    ).toMatchObject({ code: 'BAD_USER_INPUT' });
  });

  test('that is refused leaves nothing behind', async () => {
    await refusalOf(
      house.devices.register({ deviceId: 'half', accountId, clientAuth: { type: 'BASIC', username: 'u' } }),
    );
    expect(await house.devices.find('half')).toBeNull();
  });

  test('keeps what an update leaves out', async () => {
    await house.devices.register({ deviceId: 'changing', accountId, tags: ['a'] });
    const other = await house.accounts.create({ serverId: 'other.example' });

    expect(await house.devices.update('changing', { tags: ['b'] }, ALICE)).toMatchObject({ accountId, tags: ['b'] });
    expect(await house.devices.update('changing', { accountId: other.id })).toMatchObject({
      accountId: other.id,
      tags: ['b'],
    });
    expect(await refusalOf(house.devices.update('nobody', { tags: [] }))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('is searched again for management objects when asked', async () => {
    const { key } = await house.devices.register({ deviceId: 'searched', accountId });
    const where = { id: BigInt(key) };
    await house.db.prisma.device.update({ where, data: { discoverRequested: false } });
    await house.devices.update('searched', { tags: ['x'] });
    expect(await house.db.prisma.device.findUnique({ where })).toMatchObject({ discoverRequested: false });
    await house.devices.update('searched', { rediscover: true });
    expect(await house.db.prisma.device.findUnique({ where })).toMatchObject({ discoverRequested: true });
  });

  test('gets a secret of its own by rotation, and a lock ends', async () => {
    const { key } = await house.devices.register({ deviceId: 'rotated', accountId });
    const deviceId = BigInt(key);
    await house.db.prisma.deviceCredential.create({
      data: {
        deviceId,
        direction: 'CLIENT',
        failures: 9,
        lockedUntil: new Date('2027-01-01'),
        nonce: Buffer.from('kept'),
      },
    });

    const { secret } = await house.devices.rotateCredential('rotated', 'CLIENT');

    const row = await credentialOf('rotated', 'CLIENT');
    expect(row).toMatchObject({ type: 'DIGEST_MD5', username: 'fleet', failures: 0, lockedUntil: null });
    expect(openSecret(house.secrets, 'CLIENT', row?.secret ?? '')).toBe(secret);
    expect(Buffer.from(row?.nonce ?? []).toString()).toBe('kept');
    expect(await refusalOf(house.devices.rotateCredential('rotated', 'SERVER'))).toMatchObject({
      code: 'BAD_USER_INPUT',
    });
  });

  test('goes with everything that is known of it, but its events stay', async () => {
    const { key } = await house.devices.register({ deviceId: 'gone', accountId }, ALICE);
    await house.db.prisma.managementObject.create({
      data: { deviceId: BigInt(key), family: 'f', miid: 'm', moid: 'f:1.0', recognisedBy: 'MOID' },
    });

    expect(await house.devices.delete('gone', ALICE)).toMatchObject({ key });

    expect(await house.devices.find('gone')).toBeNull();
    expect(await house.db.prisma.managementObject.count({ where: { deviceId: BigInt(key) } })).toBe(0);
    const items = (await house.events()).filter((event) => event.device === key);
    expect(items.map(({ type, data }) => [type, data])).toEqual([
      ['deviceRegistered', { deviceId: 'gone', account: accountId, by: 'key:7' }],
      ['deviceDeleted', { deviceId: 'gone', by: 'key:7' }],
    ]);
  });
});

describe('the list of devices', () => {
  test('is filtered by account, tag, DevId and protocol, and comes in pages in order of registration', async () => {
    const account = (await house.accounts.create({ serverId: 'list.example' })).id;
    for (let n = 0; n < 5; n++) {
      await house.devices.register({
        deviceId: `list-${n}`,
        accountId: account,
        tags: [n % 2 === 0 ? 'even' : 'odd'],
        protocol: n === 4 ? 'DM_2_0' : 'DM_1_2',
      });
    }
    const ofAccount: DeviceCondition = { kind: 'account', id: account };
    const names = async (condition: DeviceCondition): Promise<string[]> => {
      const { items } = await house.devices.list({ condition: { kind: 'all', of: [ofAccount, condition] } }, 50);
      return items.map((device) => device.deviceId);
    };

    expect(await names(EVERY_DEVICE)).toEqual(['list-0', 'list-1', 'list-2', 'list-3', 'list-4']);
    expect(await names({ kind: 'tag', tag: 'odd' })).toEqual(['list-1', 'list-3']);
    expect(await names({ kind: 'protocol', protocol: 'DM_2_0' })).toEqual(['list-4']);
    expect(await names({ kind: 'deviceId', in: ['list-2', 'nobody', ''] })).toEqual(['list-2']);
    expect(await names({ kind: 'account', id: 'nonsense' })).toEqual([]);

    const first = await house.devices.list({ condition: ofAccount }, 2);
    expect(first).toMatchObject({ hasNext: true, items: [{ deviceId: 'list-0' }, { deviceId: 'list-1' }] });
    const next = await house.devices.list({ condition: ofAccount }, 3, { key: first.items[1]?.key ?? '', values: [] });
    expect(next).toMatchObject({
      hasNext: false,
      items: [{ deviceId: 'list-2' }, { deviceId: 'list-3' }, { deviceId: 'list-4' }],
    });
  });
});
