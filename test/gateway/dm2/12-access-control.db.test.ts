import type { Dm2Device } from '../../../src/simulator';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { ask, codesOf, contact, createKey, findOperation, METER, SERVER_ID, submit } from '../support/world';
import type { OperationAnswer } from '../support/world';

// dm2 sections 12 and 14.3: rights over data, and the right to change them, are apart on both sides.
const DACMO = 'urn:oma:mo:oma-dm-dacmo:1.0';
const OWN = `serverid:${SERVER_ID}`;
const [READ, WRITE, EXECUTE, DELEGATE] = [1, 2, 4, 8];

let world: SharedWorld;
beforeAll(async () => {
  world = await startSharedWorld();
});
afterAll(() => world.close());

let deviceNo = 0;

/** A device in contact, whose meter has these rights: by path the sums by authority. */
async function metered(
  paths: Readonly<Record<string, Readonly<Record<string, number>>>>,
  authorities?: readonly string[],
): Promise<Dm2Device> {
  deviceNo += 1;
  const access = {
    rules: [{ moid: METER, miid: 'Meter', paths }],
    ...(authorities === undefined ? {} : { authorities }),
  };
  const device = (await world.device('dm2', `urn:uuid:access-${deviceNo}`, { access } as never)) as Dm2Device;
  await contact(device);
  return device;
}

async function did(device: Dm2Device, commands: readonly unknown[], more: object = {}): Promise<OperationAnswer> {
  const { id } = await submit(world.gateway, device.deviceId, commands, { onFailure: 'CONTINUE', ...more });
  await contact(device);
  return findOperation(world.gateway, id);
}

const ACCESS = `query ($id: ID!) { device(deviceId: $id) { managementObjects(moid: "${METER}") {
  moid access { path authorities { authority rights } } } } }`;

async function shownTo(device: Dm2Device, key?: string): Promise<unknown> {
  const answer = await world.gateway.graphql(ACCESS, { id: device.deviceId }, key);
  return answer.data?.device.managementObjects[0]?.access;
}

/** Names of the commands that the device was sent. */
async function carriers(device: Dm2Device): Promise<readonly string[]> {
  const { messages } = await contact(device);
  return messages
    .filter(({ direction }) => direction === 'in')
    .flatMap(({ body }) =>
      [
        ...Buffer.from(body)
          .toString('utf8')
          .matchAll(/\["([A-Z]+)"/g),
      ].map(([, name = '']) => name),
    )
    .filter((name) => name !== 'CONT' && name !== 'END');
}

const meter = (path = ''): object => ({ moid: METER, ...(path === '' ? {} : { path }) });
const get = (path: string): object => ({ get: { address: meter(path) } });
const put = (path: string, value: object): object => ({ replace: { address: meter(path), value } });
const setAccess = (...entries: readonly object[]): object => ({ setAccess: { address: meter(), entries } });
const grants = (authority: string, ...rights: readonly string[]): object => ({ authority, rights });
const outcomes = ({ commands }: OperationAnswer): unknown[] => commands.map(({ outcome }) => outcome);

describe('14.3 the access-control object is read', () => {
  test('managementObject.access shows who may do what, by path; to those who hold DELEGATE', async () => {
    const device = await metered({
      '/': { [OWN]: READ + WRITE + DELEGATE, 'serverid:bill.example': READ },
      '/Ops': { '*': EXECUTE },
    });
    const entries = [
      {
        path: '',
        authorities: [
          { authority: OWN, rights: ['READ', 'WRITE', 'DELEGATE'] },
          { authority: 'serverid:bill.example', rights: ['READ'] },
        ],
      },
      { path: 'Ops', authorities: [{ authority: '*', rights: ['EXECUTE'] }] },
    ];
    expect(await shownTo(device)).toEqual(entries);
    const all = { right: 'READ' };
    expect(await shownTo(device, await createKey(world.gateway, device.deviceId, all))).toBeNull();
    const keeper = await createKey(
      world.gateway,
      device.deviceId,
      { right: 'DELEGATE', moid: METER },
      { right: 'READ', moid: METER },
    );
    expect(await shownTo(device, keeper)).toEqual(entries);
  });

  test('a device without such an object says nothing', async () => {
    const device = await world.device('dm2', 'urn:uuid:access-none');
    await contact(device);
    expect(await shownTo(device as Dm2Device)).toBeNull();
    const operation = await did(device as Dm2Device, [setAccess(), { getAccess: { address: meter() } }]);
    expect(outcomes(operation)).toEqual(['UNSUPPORTED', 'UNSUPPORTED']);
  });

  test('getAccess reads it anew', async () => {
    const device = await metered({ '/': { [OWN]: READ + DELEGATE } });
    const at = ['DacMO', METER, 'Meter', '1', 'Permissions', 'p1', 'AR'];
    device.tree.replace(at, { value: String(READ + WRITE + DELEGATE) }, undefined);
    const { id } = await did(device, [{ getAccess: { address: meter() } }]);
    const entries = [{ path: '', authorities: [{ authority: OWN, rights: ['READ', 'WRITE', 'DELEGATE'] }] }];
    const QUERY =
      'query ($id: ID!) { operation(id: $id) { commands { outcome carrier access { path authorities { authority rights } } } } }';
    expect(await ask(world.gateway, QUERY, { id })).toEqual({
      operation: { commands: [{ outcome: 'OK', carrier: 'GET', access: entries }] },
    });
    expect(await shownTo(device)).toEqual(entries);
  });
});

describe('12 commands that the device would refuse', () => {
  test('are refused before they are sent, with the reason; a deeper entry overrides the one above', async () => {
    const device = await metered({
      '/': { [OWN]: READ },
      '/Ops': { [OWN]: EXECUTE },
      '/Tariff': { '*': READ + WRITE },
    });
    const { id } = await submit(
      world.gateway,
      device.deviceId,
      [
        get('Unit'),
        put('Unit', { text: 'MWh' }),
        { exec: { address: meter('Ops/Reset') } },
        { delete: { address: meter('Tariff/day') } },
        setAccess({ authorities: [grants('*', 'WRITE')] }),
      ],
      { onFailure: 'CONTINUE' },
    );
    expect(await carriers(device)).toEqual(['GET', 'EXEC', 'DELETE']);
    const operation = await findOperation(world.gateway, id);
    expect(outcomes(operation)).toEqual(['OK', 'PERMISSION_DENIED', 'OK', 'OK', 'PERMISSION_DENIED']);
    const [, refused, , , access] = operation.commands;
    expect(refused).toMatchObject({ statusCode: null, error: { code: 'PERMISSION_DENIED' } });
    expect(refused?.error?.message).toContain(`gives ${SERVER_ID} no right to WRITE at "Unit"`);
    expect(access?.error?.message).toContain('no right to DELEGATE');
  });

  test('a copy reads at its one end and writes at the other', async () => {
    const device = await metered({ '/': { [OWN]: READ }, '/Tariff/night': { [OWN]: WRITE } });
    const copy = (from: string, to: string): object => ({ copy: { from: meter(from), to: meter(to) } });
    const copies = [copy('Tariff/day', 'Tariff/noon'), copy('Tariff/night', 'Tariff/noon')];
    const { id } = await submit(world.gateway, device.deviceId, copies, { onFailure: 'CONTINUE' });
    expect(await carriers(device)).toEqual([]);
    const operation = await findOperation(world.gateway, id);
    expect(outcomes(operation)).toEqual(['PERMISSION_DENIED', 'PERMISSION_DENIED']);
    const [written, read] = operation.commands;
    expect(written?.error?.message).toContain('no right to WRITE at "Tariff/noon"');
    expect(read?.error?.message).toContain('no right to READ at "Tariff/night"');
  });

  test('a dry run tells it before, of a copy for either end', async () => {
    const device = await metered({ '/': { [OWN]: READ }, '/Tariff/night': { [OWN]: WRITE } });
    const copy = (from: string, to: string): object => ({ copy: { from: meter(from), to: meter(to) } });
    const commands = [
      get('Unit'),
      put('Unit', { text: 'x' }),
      copy('Tariff/day', 'Tariff/noon'),
      copy('Tariff/night', 'Tariff/night'),
    ];
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { commands { warning } } }',
      { input: { deviceId: device.deviceId, dryRun: true, commands } },
    );
    expect(answer.data?.submitOperation.commands).toEqual([
      { warning: null },
      { warning: expect.stringContaining('no right to WRITE') as string },
      { warning: expect.stringContaining('no right to WRITE at "Tariff/noon"') as string },
      { warning: expect.stringContaining('no right to READ at "Tariff/night"') as string },
    ]);
  });

  test('what was read too long ago, or is not known, leaves it to the device: 403 is PERMISSION_DENIED', async () => {
    const device = await metered({ '/': { [OWN]: READ } });
    await world.gateway.db.sql.query(
      `UPDATE management_object SET observed_at = now() - interval '25 hours' WHERE family = 'urn:oma:mo:oma-dm-dacmo'`,
    );
    const { id } = await submit(world.gateway, device.deviceId, [put('Unit', { text: 'x' })]);
    expect(await carriers(device)).toEqual(['GET', 'HGET']);
    expect((await findOperation(world.gateway, id)).commands[0]).toMatchObject({
      outcome: 'PERMISSION_DENIED',
      statusCode: 403,
    });
  });
});

describe('12 changing who may do what', () => {
  test('travels as HGET on the access-control object, replaces the entries of the instance, and counts at once', async () => {
    const device = await metered({
      '/': { [OWN]: READ + DELEGATE, 'serverid:old.example': READ },
      '/Ops': { '*': EXECUTE },
    });
    const { id } = await submit(world.gateway, device.deviceId, [
      setAccess(
        { authorities: [grants(OWN, 'READ', 'WRITE', 'DELEGATE'), grants('serverid:bill.example', 'READ')] },
        { path: 'Ops', authorities: [grants(OWN, 'EXECUTE')] },
      ),
      put('Unit', { text: 'MWh' }),
    ]);
    const { messages } = await contact(device);
    const sent = messages.map(({ body }) => Buffer.from(body).toString('utf8')).join('\n');
    expect(sent).toMatch(new RegExp(`\\["HGET","[^"]+/repository/[^"]+","${DACMO}/dac/${METER}/Meter"\\]`));
    const operation = await findOperation(world.gateway, id);
    expect(operation.commands.map(({ kind, outcome }) => [kind, outcome])).toEqual([
      ['SET_ACCESS', 'OK'],
      ['REPLACE', 'OK'],
    ]);
    expect(await shownTo(device)).toEqual([
      {
        path: '',
        authorities: [
          { authority: OWN, rights: ['READ', 'WRITE', 'DELEGATE'] },
          { authority: 'serverid:bill.example', rights: ['READ'] },
        ],
      },
      { path: 'Ops', authorities: [{ authority: OWN, rights: ['EXECUTE'] }] },
    ]);
    const rules = device.tree.find(['DacMO', METER, 'Meter']);
    expect([...(rules?.children?.keys() ?? [])]).toEqual(['1', '2']);
    expect(rules?.children?.get('2')?.children?.get('Path')?.value).toBe('/Ops');
  });

  test('the device rejects an authority that it does not know, and nothing changes', async () => {
    const device = await metered({ '/': { [OWN]: DELEGATE } }, [OWN]);
    const before = await shownTo(device);
    const operation = await did(device, [setAccess({ authorities: [grants('serverid:strange', 'READ')] })]);
    expect(operation.commands[0]).toMatchObject({ outcome: 'PERMISSION_DENIED', statusCode: 403 });
    expect(await shownTo(device)).toEqual(before);
  });

  test('rights over data do not reach it, on the device or here, by whatever command and address', async () => {
    const device = await metered({ '/': { [OWN]: READ + WRITE + EXECUTE + DELEGATE } });
    const writer = await createKey(
      world.gateway,
      device.deviceId,
      ...['READ', 'WRITE', 'EXECUTE', 'RAW'].map((right) => ({ right })),
    );
    const keeper = await createKey(world.gateway, device.deviceId, { right: 'DELEGATE', moid: METER });
    const asks = async (key: string, command: object): Promise<readonly unknown[]> =>
      codesOf(
        await world.gateway.graphql(
          'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
          { input: { deviceId: device.deviceId, commands: [command] } },
          key,
        ),
      );
    const all = setAccess({ authorities: [grants('*', 'READ', 'WRITE', 'EXECUTE', 'DELEGATE')] });
    expect(await asks(writer, all)).toEqual(['FORBIDDEN']);
    expect(await asks(writer, { getAccess: { address: meter() } })).toEqual(['FORBIDDEN']);
    const path = `${METER}/Meter/1/Permissions/p1/AR`;
    for (const moid of [DACMO, 'urn:oma:mo:oma-dm-dacmo', 'urn:oma:mo:oma-dm-dacmo:7.7']) {
      const address = { moid, path };
      const value = { int: 15 };
      expect(await asks(writer, { replace: { address, value } })).toEqual(['ACCESS_TYPE']);
      expect(await asks(writer, { add: { address, value } })).toEqual(['ACCESS_TYPE']);
      expect(await asks(writer, { add: { address: { moid }, value: { json: {} } } })).toEqual(['ACCESS_TYPE']);
      expect(await asks(writer, { delete: { address } })).toEqual(['ACCESS_TYPE']);
      expect(await asks(writer, { exec: { address } })).toEqual(['ACCESS_TYPE']);
      expect(await asks(writer, { copy: { from: meter('Unit'), to: address } })).toEqual(['ACCESS_TYPE']);
    }
    expect(await asks(keeper, put('Unit', { text: 'x' }))).toEqual(['FORBIDDEN']);
    expect(await carriers(device)).toEqual([]);
    expect(await asks(keeper, all)).toEqual([]);
    expect(await carriers(device)).toEqual(['HGET']);
  });

  test.each([
    [{ path: '/Ops', authorities: [] }, 'entries[0].path'],
    [{ authorities: [grants('dm.example', 'READ')] }, 'authorities[0].authority'],
    [{ authorities: [grants('*', 'READ'), grants('*', 'WRITE')] }, 'authorities[1].authority'],
  ])('%j is refused before it is queued, and the place is named', async (entry, place) => {
    const device = await metered({});
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input: { deviceId: device.deviceId, commands: [setAccess(entry)] } },
    );
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(answer.errors?.[0]?.message).toContain(place);
  });

  test('a DM 1.x device has lists in its place', async () => {
    const device = await world.device('dm1', 'urn:uuid:access-dm1');
    await contact(device);
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input: { deviceId: device.deviceId, commands: [setAccess()] } },
    );
    expect(codesOf(answer)).toEqual(['NOT_SUPPORTED_BY_DEVICE']);
  });
});
