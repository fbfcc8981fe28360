import { openSecret } from '../../src/management/credentials';
import type { CredentialInput } from '../../src/management/types';
import { ALICE, refusalOf, startAdministration, type Administration } from '../support/administration';

let house: Administration;

beforeAll(async () => {
  house = await startAdministration();
});
afterAll(() => house.db.close());

const MD5: CredentialInput = { type: 'DIGEST_MD5', username: 'meter', secret: 'flight-of-geese' };

describe('an account', () => {
  test('is created, found and listed', async () => {
    const made = await house.accounts.create({ serverId: 'dm.example', name: ' Field  ', clientAuth: MD5 }, ALICE);

    expect(made).toMatchObject({
      serverId: 'dm.example',
      name: 'Field',
      autoRegister: false,
      clientAuthType: 'DIGEST_MD5',
      clientUsername: 'meter',
    });
    expect(made).toMatchObject({ serverAuthType: 'NONE', serverUsername: null });
    expect(await house.accounts.get(made.id)).toEqual(made);
    expect(await house.accounts.getMany([made.id, '999999', 'nonsense'])).toEqual([made, null, null]);
    expect((await house.accounts.list(50)).items).toContainEqual(made);
  });

  test('keeps its secrets encrypted', async () => {
    const { id } = await house.accounts.create({
      serverId: 'dm.example',
      clientAuth: MD5,
      serverAuth: { type: 'BASIC', secret: 'ours' },
    });

    const row = await house.db.prisma.account.findUniqueOrThrow({ where: { id: BigInt(id) } });
    expect(JSON.stringify(row, (_, v: unknown) => String(v))).not.toMatch(/flight-of-geese|ours/);
    expect(openSecret(house.secrets, 'CLIENT', row.clientSecret ?? '')).toBe('flight-of-geese');
    expect(openSecret(house.secrets, 'SERVER', row.serverSecret ?? '')).toBe('ours');
    expect(openSecret(house.secrets, 'CLIENT', row.serverSecret ?? '')).toBeUndefined();
  });

  test('keeps what an update leaves out', async () => {
    const { id } = await house.accounts.create({ serverId: 'dm.example', name: 'n', clientAuth: MD5 });
    const before = await house.db.prisma.account.findUniqueOrThrow({ where: { id: BigInt(id) } });

    const after = await house.accounts.update(id, { name: 'other', clientAuth: { type: 'BASIC' } });

    expect(after).toMatchObject({ name: 'other', clientAuthType: 'BASIC', clientUsername: 'meter' });
    const row = await house.db.prisma.account.findUniqueOrThrow({ where: { id: BigInt(id) } });
    expect(row.clientSecret).toBe(before.clientSecret);
    expect(await house.accounts.update(id, { name: null })).toMatchObject({ name: null });
    expect(await house.accounts.update(id, { clientAuth: { type: 'NONE' } })).toMatchObject({
      clientAuthType: 'NONE',
      clientUsername: null,
    });
  });

  test('is listed in pages by key', async () => {
    const first = await house.accounts.list(1);
    expect(first).toMatchObject({ items: [expect.anything()], hasNext: true });
    const rest = await house.accounts.list(500, first.items[0]?.id);
    expect(rest.hasNext).toBe(false);
    expect(rest.items.map((a) => a.id)).not.toContain(first.items[0]?.id);
    expect(await house.accounts.list(5, 'nonsense')).toEqual({ items: [], hasNext: false });
  });

  test('cannot be deleted while devices belong to it', async () => {
    const { id } = await house.accounts.create({ serverId: 'dm.example' });
    await house.devices.register({ deviceId: 'IMEI:493005100592800', accountId: id });

    expect(await refusalOf(house.accounts.delete(id))).toMatchObject({ code: 'IN_USE', details: { devices: 1 } });

    await house.devices.delete('IMEI:493005100592800');
    expect(await house.accounts.delete(id)).toMatchObject({ id });
    expect(await house.accounts.get(id)).toBeNull();
    expect(await refusalOf(house.accounts.delete(id))).toMatchObject({ code: 'NOT_FOUND' });
    expect(await refusalOf(house.accounts.update('x', {}))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('gets a new secret by rotation, which is shown once', async () => {
    const { id } = await house.accounts.create({ serverId: 'dm.example', clientAuth: MD5 });

    const made = await house.accounts.rotateCredential(id, 'CLIENT', undefined, ALICE);
    expect(made.secret).toMatch(/^[\w-]{32}$/);
    const row = await house.db.prisma.account.findUniqueOrThrow({ where: { id: BigInt(id) } });
    expect(openSecret(house.secrets, 'CLIENT', row.clientSecret ?? '')).toBe(made.secret);

    expect((await house.accounts.rotateCredential(id, 'CLIENT', 'given')).secret).toBe('given');
    expect(await refusalOf(house.accounts.rotateCredential(id, 'SERVER'))).toMatchObject({ code: 'BAD_USER_INPUT' });
  });
});

describe('the input of an account is refused with the field that is wrong', () => {
  const BAD: readonly (readonly [string, string, Parameters<Administration['accounts']['create']>[0]])[] = [
    ['an empty serverId', 'serverId', { serverId: '' }],
    ['a serverId with a sign of ACLs', 'serverId', { serverId: 'a&b' }],
    ['a serverId with white space', 'serverId', { serverId: 'a b' }],
    ['a serverId that is too long', 'serverId', { serverId: 'a'.repeat(256) }],
    ['an empty name', 'name', { serverId: 's', name: ' ' }],
    [
      'a credential without secret',
      'clientAuth.secret',
      { serverId: 's', clientAuth: { type: 'BASIC', username: 'u' } },
    ],
    [
      'a credential without username',
      'clientAuth.username',
      { serverId: 's', clientAuth: { type: 'DIGEST_MD5', secret: 'x' } },
    ],
    [
      'an empty secret',
      'clientAuth.secret',
      { serverId: 's', clientAuth: { type: 'BASIC', username: 'u', secret: '' } },
    ],
    [
      'a control character in a secret',
      'clientAuth.secret',
      { serverId: 's', clientAuth: { type: 'BASIC', username: 'u', secret: 'a\u0000b' } },
    ],
    [
      'a Basic username with a colon',
      'clientAuth.username',
      { serverId: 's', clientAuth: { type: 'BASIC', username: 'u:v', secret: 'x' } },
    ],
    [
      'a serverId with a colon as Basic username',
      'serverAuth.username',
      { serverId: 'com.example:dm', serverAuth: { type: 'BASIC', secret: 'x' } },
    ],
    ['NONE with a secret', 'clientAuth', { serverId: 's', clientAuth: { type: 'NONE', secret: 'x' } }],
    [
      'a certificate for all devices',
      'clientAuth.secret',
      { serverId: 's', clientAuth: { type: 'X509', secret: 'a'.repeat(64) } },
    ],
    ['a certificate as our own credential', 'serverAuth', { serverId: 's', serverAuth: { type: 'X509' } }],
    ['registration on contact without a username', 'autoRegister', { serverId: 's', autoRegister: true }],
  ];

  test.each(BAD)('%s', async (_what, field, input) => {
    const before = await house.db.prisma.account.count();
    expect(await refusalOf(house.accounts.create(input))).toMatchObject({ code: 'BAD_USER_INPUT', details: { field } });
    expect(await house.db.prisma.account.count()).toBe(before);
  });

  test('a second account that registers devices with the same username', async () => {
    const clientAuth: CredentialInput = { type: 'DIGEST_MD5', username: 'fleet', secret: 'x' };
    const { id } = await house.accounts.create({ serverId: 's', clientAuth, autoRegister: true });
    expect(await refusalOf(house.accounts.create({ serverId: 't', clientAuth, autoRegister: true }))).toMatchObject({
      code: 'ALREADY_EXISTS',
    });
    expect(await house.accounts.update(id, { name: 'still itself' })).toMatchObject({ autoRegister: true });
  });
});

test('every change of an account is an event that tells who asked, and no secret', async () => {
  const { id } = await house.accounts.create({ serverId: 'told.example', clientAuth: MD5 }, ALICE);
  await house.accounts.update(id, { clientAuth: { type: 'DIGEST_MD5', secret: 'flight-of-swans' } }, ALICE);
  await house.accounts.rotateCredential(id, 'CLIENT', 'flight-of-cranes', ALICE);
  await house.accounts.delete(id, ALICE);

  const events = (await house.events()).filter((event) => (event.data as { account?: string }).account === id);
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['accountCreated', { account: id, serverId: 'told.example', by: 'key:7' }],
    ['accountUpdated', { account: id, serverId: 'told.example', changed: ['clientAuth'], by: 'key:7' }],
    ['accountCredentialRotated', { account: id, direction: 'CLIENT', by: 'key:7' }],
    ['accountDeleted', { account: id, serverId: 'told.example', by: 'key:7' }],
  ]);
});
