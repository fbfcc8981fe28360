/** DM-AZ-001, DM-AZ-003: grants and ACLs, from the caller's key to a simulated device. dm1 section 7. */
import type { Dm1Device } from '../../src/simulator';
import type { GraphqlAnswer } from '../support/gateway';
import {
  codesOf,
  contact,
  createKey,
  FUMO,
  METER,
  OPERATION,
  SERVER_ID,
  startWorld,
  submit,
  type World,
} from './support/world';

const DEVICE = 'IMEI:1';
let world: World;
let device: Dm1Device;
let accountId: string;

beforeAll(async () => {
  world = await startWorld();
  accountId = world.accountId;
  device = (await world.device('dm1', DEVICE)) as Dm1Device;
  await world.device('dm1', 'IMEI:2');
  await contact(device);
});
afterAll(() => world.close());

/** A key with these rights on the one device, unless they say otherwise. */
function keyWith(...grants: readonly Readonly<Record<string, unknown>>[]): Promise<string> {
  return createKey(world.gateway, DEVICE, ...grants);
}

function grantAs(key: string | undefined, input: object): Promise<GraphqlAnswer> {
  const text = 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }';
  return world.gateway.graphql(text, { input }, key);
}

function submitAs(key: string, commands: readonly object[], more: object = {}): Promise<GraphqlAnswer> {
  const text = `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { ${OPERATION} } }`;
  return world.gateway.graphql(text, { input: { deviceId: DEVICE, commands, ...more } }, key);
}

interface Verdict {
  readonly judgement: string;
  readonly by: string | null;
  readonly code: string | null;
}

async function verdictsAs(key: string, commands: readonly object[]): Promise<readonly Verdict[]> {
  const text = `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { commands { verdict { judgement by code } } } }`;
  const { data } = await world.gateway.graphql(text, { input: { deviceId: DEVICE, commands, dryRun: true } }, key);
  const { submitOperation } = data as { submitOperation: { commands: readonly { verdict: Verdict }[] } };
  return submitOperation.commands.map(({ verdict }) => verdict);
}

const meter = (path: string): object => ({ address: { moid: METER, path } });
const unit = { address: { moid: METER, path: 'Unit' }, value: { text: 'MWh' } };

test('a command is taken with its right on its node, and refused before anything is queued without it', async () => {
  const key = await keyWith(
    { right: 'READ', moid: METER },
    { right: 'WRITE', moid: METER, path: 'Unit' },
    { right: 'EXECUTE', moid: METER, path: 'Ops' },
  );
  const good = [{ get: meter('') }, { replace: unit }, { exec: meter('Ops/Reset') }];
  expect(codesOf(await submitAs(key, good, { dryRun: true }))).toEqual([]);
  const bad: readonly [object, string][] = [
    [{ replace: { address: { moid: METER, path: 'Interval' }, value: { int: 1 } } }, 'FORBIDDEN'],
    [{ delete: meter('Tariff/day') }, 'FORBIDDEN'],
    [{ exec: meter('') }, 'FORBIDDEN'],
    [{ copy: { from: { moid: METER, path: 'Unit' }, to: { moid: METER, path: 'Note' } } }, 'FORBIDDEN'],
    [{ show: { type: 'DISPLAY', text: 'x' } }, 'FORBIDDEN'],
    [{ getAcl: meter('') }, 'FORBIDDEN'],
    // Of what it may not know, it is told the same whether or not it is there.
    [{ get: { address: { moid: FUMO } } }, 'NOT_FOUND'],
    [{ get: { address: { moid: 'urn:oma:mo:none:1.0' } } }, 'NOT_FOUND'],
  ];
  const before = await operations();
  for (const [command, code] of bad)
    expect([command, codesOf(await submitAs(key, [command]))]).toEqual([command, [code]]);
  // A dry run tells it of each command, and whether a value is stored already to nobody who may not read it.
  const verdicts = await verdictsAs(key, [...bad.map(([command]) => command), { replace: unit }]);
  const forbidden = bad.map(([, code]) => ({ judgement: 'FORBIDDEN', by: 'GRANTS', code }));
  expect(verdicts).toEqual([...forbidden, expect.objectContaining({ code: null })]);
  expect(await operations()).toBe(before);
});

async function operations(): Promise<number> {
  const [row] = await world.gateway.db.sql.query<{ n: string }>('SELECT count(*) AS n FROM operation');
  return Number(row?.n);
}

test('a LocURI is judged as the node that it names, and one of no management object needs RAW besides', async () => {
  const write = { address: { uri: './Vendor/Acme/Meter/Unit' }, value: { text: 'MWh' } };
  const other = { address: { uri: './Vendor/Acme/Other' }, value: { text: 'x' } };
  const narrow = await keyWith({ right: 'WRITE', moid: METER, path: 'Unit' });
  expect(codesOf(await submitAs(narrow, [{ replace: write }], { dryRun: true }))).toEqual([]);
  const beside = { ...write, address: { uri: 'Vendor/Acme/Meter/Interval' } };
  expect(codesOf(await submitAs(narrow, [{ replace: beside }]))).toEqual(['FORBIDDEN']);
  expect(codesOf(await submitAs(narrow, [{ replace: other }]))).toEqual(['FORBIDDEN']);
  const wide = await keyWith({ right: 'WRITE' });
  expect((await submitAs(wide, [{ replace: other }])).errors?.[0]?.extensions).toMatchObject({ right: 'RAW' });
  const raw = await keyWith({ right: 'WRITE' }, { right: 'RAW' });
  expect(codesOf(await submitAs(raw, [{ replace: other }], { dryRun: true }))).toEqual([]);
});

test('a copy needs READ where it comes from and WRITE where it goes, however either is addressed', async () => {
  const at = (name: string): readonly object[] => [{ moid: METER, path: name }, { uri: `./Vendor/Acme/Meter/${name}` }];
  const codes = async (key: string, from: object, to: object): Promise<readonly unknown[]> => {
    const [verdict] = await verdictsAs(key, [{ copy: { from, to } }]);
    return verdict?.code == null ? [] : [verdict.code];
  };
  const narrow = await keyWith(
    { right: 'READ', moid: METER, path: 'Note' },
    { right: 'WRITE', moid: METER, path: 'Unit' },
  );
  const other = { uri: './Vendor/Acme/Other' };
  for (const note of at('Note'))
    for (const unit of at('Unit')) {
      expect(await codes(narrow, note, unit)).toEqual([]);
      expect(await codes(narrow, unit, unit)).toEqual(['FORBIDDEN']);
      expect(await codes(narrow, note, note)).toEqual(['FORBIDDEN']);
      expect(await codes(narrow, note, other)).toEqual(['FORBIDDEN']);
    }
  const wide = await keyWith({ right: 'READ' }, { right: 'WRITE' });
  expect((await submitAs(wide, [{ copy: { from: at('Note')[0], to: other } }])).errors?.[0]?.extensions).toMatchObject({
    right: 'RAW',
  });
  const raw = await keyWith({ right: 'READ' }, { right: 'WRITE' }, { right: 'RAW' });
  expect(await codes(raw, { uri: './Vendor/Acme/Meter/Note' }, other)).toEqual([]);
});

test('no address and no value lets a holder of WRITE and RAW change an ACL', async () => {
  const key = await keyWith({ right: 'WRITE' }, { right: 'RAW' }, { right: 'READ' });
  const value = { text: 'Replace=evil' };
  const uris = [
    '?prop=ACL',
    '%3Fprop=ACL',
    '%3fprop=ACL',
    '%253Fprop=ACL',
    '?PROP=acl',
    '?list=TNDS',
    '/../Meter?prop=ACL',
  ];
  const addresses = [
    ...uris.map((end) => ({ uri: `./Vendor/Acme/Meter${end}` })),
    { uri: '.?prop=ACL' },
    { uri: './?prop=ACL' },
    { uri: '?prop=ACL' },
    ...uris.map((end) => ({ moid: METER, path: `Unit${end}` })),
  ];
  for (const address of addresses) {
    expect([address, codesOf(await submitAs(key, [{ replace: { address, value } }]))]).toEqual([
      address,
      ['BAD_USER_INPUT'],
    ]);
    expect([address, codesOf(await submitAs(key, [{ get: { address } }]))]).toEqual([address, ['BAD_USER_INPUT']]);
  }
  const named = { address: { moid: METER, path: 'Tariff/x' }, value: { json: { '?prop=ACL': 'Replace=evil' } } };
  expect(codesOf(await submitAs(key, [{ add: named }]))).not.toEqual([]);
  const tree = { text: '<MgmtTree/>', format: 'XML', type: 'application/vnd.syncml.dmtnds+xml' };
  expect(codesOf(await submitAs(key, [{ replace: { address: { uri: './Vendor/Acme/Other' }, value: tree } }]))).toEqual(
    ['FORBIDDEN'],
  );
  expect(codesOf(await submitAs(key, [{ setAcl: { ...meter(''), acl: 'Replace=evil' } }]))).toEqual(['FORBIDDEN']);
  expect(codesOf(await submitAs(key, [{ getAcl: meter('') }]))).toEqual(['FORBIDDEN']);
});

test('what is hidden is as what is not there: devices, objects, values, operations', async () => {
  const query = `query ($id: ID!, $operation: ID!) {
    device(deviceId: $id) { deviceId supportedMos { moid } managementObjects { moid values acls { path } } }
    devices { nodes { deviceId } } operation(id: $operation) { id } node(id: $operation) { id } alerts { nodes { id } } }`;
  const foreign = await submit(world.gateway, DEVICE, [{ get: meter('Unit') }]);
  const ask = async (key: string, id = DEVICE): Promise<unknown> =>
    (await world.gateway.graphql(query, { id, operation: foreign.id }, key)).data;
  const nothing = { device: null, devices: { nodes: [] }, operation: null, node: null, alerts: { nodes: [] } };
  expect(await ask(await keyWith())).toEqual(nothing);
  expect(await ask(await keyWith({ right: 'RAW' }))).toEqual(nothing);
  const reader = await keyWith({ right: 'READ', moid: METER, path: 'Unit' });
  expect(await ask(reader)).toMatchObject({
    device: { deviceId: DEVICE, managementObjects: [{ moid: METER, values: { Unit: 'kWh' }, acls: [] }] },
    devices: { nodes: [{ deviceId: DEVICE }] },
    operation: null,
    node: null,
  });
  expect(await ask(reader, 'IMEI:2')).toMatchObject({ device: null });
  // Who manages access, or writes, sees that the device is there and reads no value.
  for (const right of ['DELEGATE', 'WRITE'])
    expect(await ask(await keyWith({ right }))).toMatchObject({ device: { deviceId: DEVICE, managementObjects: [] } });
  expect(await ask(await keyWith({ right: 'READ' }))).toMatchObject({ operation: { id: foreign.id } });
});

test("one's own operation is seen by who submitted it, and another's ACLs are not shown to a reader", async () => {
  const writer = await keyWith({ right: 'WRITE', moid: METER });
  const { data } = await submitAs(writer, [{ replace: unit }]);
  const { id } = (data as { submitOperation: { id: string } }).submitOperation;
  const find = (key: string): Promise<GraphqlAnswer> =>
    world.gateway.graphql('query ($id: ID!) { operation(id: $id) { id commands { result } } }', { id }, key);
  expect((await find(writer)).data).toMatchObject({ operation: { id } });
  const read = await submit(world.gateway, DEVICE, [{ getAcl: meter('') }]);
  await contact(device);
  const reader = await keyWith({ right: 'READ' });
  const query = 'query ($id: ID!) { operation(id: $id) { commands { result acl { text } } } }';
  const shown = await world.gateway.graphql(query, { id: read.id }, reader);
  expect(shown.data).toEqual({ operation: { commands: [{ result: null, acl: null }] } });
});

test('an ACL is read and replaced under DELEGATE, typed or as text, and kept beside the values', async () => {
  const key = await keyWith({ right: 'DELEGATE', moid: METER });
  const entries = [
    { server: SERVER_ID, commands: ['ADD', 'DELETE', 'EXEC', 'GET', 'REPLACE'] },
    { server: '*', commands: ['GET'] },
  ];
  const set = await submitAs(key, [
    { setAcl: { ...meter(''), entries } },
    { getAcl: meter('') },
    { getAcl: meter('Unit') },
  ]);
  const { id } = (set.data as { submitOperation: { id: string } }).submitOperation;
  await contact(device);
  const own = `Add=${SERVER_ID}&Delete=${SERVER_ID}&Exec=${SERVER_ID}&Get=${SERVER_ID}+*&Replace=${SERVER_ID}`;
  const query = `query ($id: ID!) { operation(id: $id) { commands { outcome result acl { text inherited entries { command servers } } } }
    device(deviceId: "${DEVICE}") { managementObjects { moid values acls { path text inherited } } } }`;
  expect((await world.gateway.graphql(query, { id }, key)).data).toMatchObject({
    operation: {
      commands: [
        { outcome: 'OK', result: null, acl: null },
        { outcome: 'OK', result: own, acl: { text: own, inherited: false } },
        { outcome: 'OK', result: '', acl: { text: '', inherited: true, entries: [] } },
      ],
    },
    device: { managementObjects: [] },
  });
  const asAdministrator = (await world.gateway.graphql(query, { id })).data as {
    device: { managementObjects: { moid: string; acls: unknown }[] };
  };
  expect(asAdministrator.device.managementObjects.find(({ moid }) => moid === METER)?.acls).toEqual([
    { path: '', text: own, inherited: false },
    { path: 'Unit', text: '', inherited: true },
  ]);
  const text = [{ setAcl: { ...meter(''), acl: 'Get=*&Replace=other' } }];
  await submitAs(key, text);
  await contact(device);
  expect(device.tree.aclOf(['Vendor', 'Acme', 'Meter']).text).toBe('Get=*&Replace=other');
});

test('a dry run warns of what an ACL forbids as it was seen last, and the device decides', async () => {
  // The list of the test before leaves us Get alone.
  const query = `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { commands { warning } } }`;
  const commands = [{ get: meter('Unit') }, { replace: unit }, { get: { address: { moid: FUMO } } }];
  const answer = await world.gateway.graphql(query, { input: { deviceId: DEVICE, commands, dryRun: true } });
  expect(answer.data).toMatchObject({
    submitOperation: {
      commands: [
        { warning: null },
        { warning: expect.stringContaining(`does not allow Replace to ${SERVER_ID}`) as unknown },
        { warning: null },
      ],
    },
  });
  const sent = await submit(world.gateway, DEVICE, [{ replace: unit }]);
  await contact(device);
  const { data } = await world.gateway.graphql(`query ($id: ID!) { operation(id: $id) { ${OPERATION} } }`, {
    id: sent.id,
  });
  expect(data).toMatchObject({ operation: { commands: [{ outcome: 'PERMISSION_DENIED', statusCode: 425 }] } });
});

test('a list that is none is refused with its place', async () => {
  const bad: readonly [object, object][] = [
    [{ acl: 'Get=*&Rplace=a' }, { at: 6 }],
    [{ acl: 'Get=a b' }, { at: 4 }],
    [
      {
        entries: [
          { server: '*', commands: ['GET'] },
          { server: 'a+b', commands: ['GET'] },
        ],
      },
      { at: 1 },
    ],
    [{ acl: 'Get=*', entries: [] }, {}],
    [{}, {}],
  ];
  for (const [given, place] of bad) {
    const answer = await submitAs(world.gateway.adminKey, [{ setAcl: { ...meter(''), ...given } }]);
    expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', command: 0, ...place });
  }
});

test('DELEGATE gives rights on within its scope, to others; administration is an administrator’s to give', async () => {
  const key = await keyWith({ right: 'DELEGATE', moid: METER });
  const to = { principal: 'key:999', deviceId: DEVICE };
  const made = await grantAs(key, { ...to, right: 'READ', moid: METER, path: 'Unit' });
  expect(codesOf(made)).toEqual([]);
  expect(codesOf(await grantAs(key, { ...to, right: 'READ' }))).toEqual(['FORBIDDEN']);
  expect(codesOf(await grantAs(key, { ...to, right: 'READ', moid: FUMO }))).toEqual(['FORBIDDEN']);
  expect(codesOf(await grantAs(key, { ...to, right: 'RAW' }))).toEqual(['FORBIDDEN']);
  expect(codesOf(await grantAs(key, { principal: 'key:999', right: 'MANAGE_KEYS' }))).toEqual(['FORBIDDEN']);
  expect(codesOf(await grantAs(key, { ...to, deviceId: 'IMEI:2', right: 'READ', moid: METER }))).toEqual(['NOT_FOUND']);
  expect(codesOf(await grantAs(key, { principal: 'key:999', accountId, right: 'READ', moid: METER }))).toEqual([
    'FORBIDDEN',
  ]);
  const { grants } = (await world.gateway.graphql('{ grants { nodes { id principal path } } }', {}, key)).data as {
    grants: { nodes: { id: string; principal: string; path: string | null }[] };
  };
  expect(grants.nodes).toContainEqual(expect.objectContaining({ principal: 'key:999', path: 'Unit' }));
  const { id } = (made.data as { createGrant: { id: string } }).createGrant;
  const end = (with_: string): Promise<GraphqlAnswer> =>
    world.gateway.graphql('mutation ($id: ID!) { deleteGrant(id: $id) { id } }', { id }, with_);
  expect(codesOf(await end(await keyWith({ right: 'DELEGATE', moid: FUMO })))).toEqual(['NOT_FOUND']);
  expect(codesOf(await end(key))).toEqual([]);
});

test('nobody gives rights to themselves, and no key shows or makes another with more', async () => {
  const { data } = await world.gateway.graphql(
    'mutation { createApiKey(input: { name: "self" }) { key apiKey { id principal } } }',
  );
  const { key, apiKey } = (data as { createApiKey: { key: string; apiKey: { id: string; principal: string } } })
    .createApiKey;
  for (const right of ['DELEGATE', 'MANAGE_KEYS']) await grantAs(undefined, { principal: apiKey.principal, right });
  expect(codesOf(await grantAs(key, { principal: apiKey.principal, right: 'READ' }))).toEqual(['FORBIDDEN']);
  const admin = 'mutation { createApiKey(input: { name: "x", admin: true }) { key } }';
  expect(codesOf(await world.gateway.graphql(admin, {}, key))).toEqual(['FORBIDDEN']);
  const rotate = 'mutation ($id: ID!) { rotateApiKey(id: $id) { key } }';
  const other = Buffer.from('ApiKey:1').toString('base64url');
  expect(codesOf(await world.gateway.graphql(rotate, { id: other }, key))).toEqual(['FORBIDDEN']);
  expect(codesOf(await world.gateway.graphql(rotate, { id: apiKey.id }, key))).toEqual([]);
});

test('each part of the administration has its right; that over devices may have a scope', async () => {
  const key = await keyWith({ right: 'MANAGE_DEVICES', deviceId: null, tag: 'north' });
  const register = (deviceId: string, tags: readonly string[]): Promise<GraphqlAnswer> =>
    world.gateway.graphql(
      'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { deviceId } }',
      { input: { deviceId, accountId, tags } },
      key,
    );
  expect(codesOf(await register('IMEI:31', ['north']))).toEqual([]);
  expect(codesOf(await register('IMEI:32', ['south']))).toEqual(['FORBIDDEN']);
  const update = (deviceId: string, tags: readonly string[]): Promise<GraphqlAnswer> =>
    world.gateway.graphql(
      'mutation ($deviceId: ID!, $input: UpdateDeviceInput!) { updateDevice(deviceId: $deviceId, input: $input) { tags } }',
      { deviceId, input: { tags } },
      key,
    );
  expect(codesOf(await update('IMEI:31', ['north', 'south']))).toEqual(['FORBIDDEN']);
  expect(codesOf(await update('IMEI:31', []))).toEqual(['FORBIDDEN']);
  expect(codesOf(await update('IMEI:31', ['north']))).toEqual([]);
  expect(codesOf(await update('IMEI:2', ['north']))).toEqual(['NOT_FOUND']);
  expect(codesOf(await world.gateway.graphql('{ accounts { nodes { id } } }', {}, key))).toEqual(['FORBIDDEN']);
});

test('devices are chosen by what their objects hold; what the caller may not read counts as absent', async () => {
  const found = async (where: string, key?: string): Promise<readonly string[]> => {
    const { data, errors } = await world.gateway.graphql(
      `{ devices(where: ${where}) { nodes { deviceId } } }`,
      {},
      key,
    );
    expect(errors).toBeUndefined();
    return (data as { devices: { nodes: { deviceId: string }[] } }).devices.nodes.map(({ deviceId }) => deviceId);
  };
  const fits = '{ acmeMeter: { unit: { in: ["kWh", "MWh"] } } }';

  // The other device never called: nothing is known of its objects.
  expect(await found(fits)).toEqual([DEVICE]);
  expect(await found(`{ not: ${fits}, deviceId: { in: ["IMEI:1", "IMEI:2"] } }`)).toEqual(['IMEI:2']);
  expect(await found(`{ or: [${fits}, { deviceId: { eq: "IMEI:2" } }] }`)).toEqual([DEVICE, 'IMEI:2']);
  expect(await found(`{ acmeMeter: { exists: true }, lastContact: { since: "2000-01-01T00:00:00Z" } }`)).toEqual([
    DEVICE,
  ]);

  const reader = await keyWith({ right: 'READ', moid: METER, path: 'Unit' });
  expect(await found(fits, reader)).toEqual([DEVICE]);
  expect(await found('{ acmeMeter: { interval: { exists: true } } }')).toEqual([DEVICE]);
  expect(await found('{ acmeMeter: { interval: { exists: true } } }', reader)).toEqual([]);
  const manager = await keyWith({ right: 'MANAGE_DEVICES' });
  expect(await found('{}', manager)).toEqual([DEVICE]);
  expect(await found(fits, manager)).toEqual([]);

  const deep = `${'{ not: '.repeat(21)}{}${' }'.repeat(21)}`;
  expect(codesOf(await world.gateway.graphql(`{ devices(where: ${deep}) { nodes { id } } }`))).toEqual([
    'LIMIT_FILTER',
  ]);
});
