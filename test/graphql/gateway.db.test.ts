import { loadDemoCatalogue } from '../../schema/catalogue/load';
import { ddf, node } from '../schema/ddf-texts';
import { startTestGateway } from '../support/gateway';
import type { GraphqlAnswer, TestGateway } from '../support/gateway';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway.close());

const codes = (answer: GraphqlAnswer): readonly unknown[] =>
  (answer.errors ?? []).map(({ extensions }) => extensions['code']);

/** The schema as it is served. */
async function sdl(): Promise<string> {
  const answer = await fetch(`${gateway.url}/schema.graphql`, {
    headers: { authorization: `Bearer ${gateway.adminKey}` },
  });
  return answer.text();
}

/** An object with one node that takes some words alone. */
function modesDdf(...words: readonly string[]): string {
  const values = words.map((word) => `<MSFT:Enum><MSFT:Value>${word}</MSFT:Value></MSFT:Enum>`).join('');
  const more = `<MSFT:AllowedValues ValueType="ENUM">${values}</MSFT:AllowedValues>`;
  const leaf = node('Mode', { format: 'chr', access: 'Get Replace', more });
  return ddf(node('Fan', { moid: 'urn:oma:mo:ext-example-fan:1.0', children: [leaf] }));
}

async function account(serverId: string): Promise<string> {
  const { data, errors } = await gateway.graphql(
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
    {
      input: { serverId, clientAuth: { type: 'DIGEST_MD5', username: 'user', secret: 'secret' } },
    },
  );
  expect(errors).toBeUndefined();
  return (data as { createAccount: { id: string } }).createAccount.id;
}

async function registered(deviceId: string, accountId: string): Promise<void> {
  const { errors } = await gateway.graphql(
    'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }',
    { input: { deviceId, accountId, tags: ['lab'] } },
  );
  expect(errors).toBeUndefined();
}

describe('Administration by GraphQL', () => {
  test('an account is made, changed, found by its id, and deleted; its secrets are never told', async () => {
    const id = await account('dm.example');
    const changed = await gateway.graphql(
      'mutation ($id: ID!) { updateAccount(id: $id, input: { name: "Lab", autoRegister: true }) { id name autoRegister serverId clientAuth { type username } serverAuth { type } } }',
      { id },
    );
    expect(changed.data).toEqual({
      updateAccount: {
        id,
        name: 'Lab',
        autoRegister: true,
        serverId: 'dm.example',
        clientAuth: { type: 'DIGEST_MD5', username: 'user' },
        serverAuth: { type: 'NONE' },
      },
    });
    expect(
      (await gateway.graphql('query ($id: ID!) { node(id: $id) { ... on Account { name } } }', { id })).data,
    ).toEqual({ node: { name: 'Lab' } });
    expect((await gateway.graphql('mutation ($id: ID!) { deleteAccount(id: $id) { serverId } }', { id })).data).toEqual(
      { deleteAccount: { serverId: 'dm.example' } },
    );
    expect((await gateway.graphql('query ($id: ID!) { account(id: $id) { name } }', { id })).data).toEqual({
      account: null,
    });
    expect(codes(await gateway.graphql('mutation ($id: ID!) { deleteAccount(id: $id) { serverId } }', { id }))).toEqual(
      ['NOT_FOUND'],
    );
  });

  test('a device is registered, listed by what it is, changed and deleted', async () => {
    const id = await account('devices.example');
    await registered('IMEI:100', id);
    await registered('IMEI:101', id);
    expect(
      codes(
        await gateway.graphql(
          'mutation ($id: ID!) { registerDevice(input: { deviceId: "IMEI:100", accountId: $id }) { id } }',
          { id },
        ),
      ),
    ).toEqual(['ALREADY_EXISTS']);
    const listed = await gateway.graphql(
      'query ($where: DeviceFilter) { devices(where: $where) { nodes { deviceId tags account { serverId } devInfo { man } managementObjects { moid } } pageInfo { hasNextPage } } }',
      { where: { accountId: id, tag: 'lab' } },
    );
    const bare = { tags: ['lab'], account: { serverId: 'devices.example' }, devInfo: null, managementObjects: [] };
    expect(listed.data).toEqual({
      devices: {
        nodes: [
          { deviceId: 'IMEI:100', ...bare },
          { deviceId: 'IMEI:101', ...bare },
        ],
        pageInfo: { hasNextPage: false },
      },
    });
    const page = await gateway.graphql(
      'query ($where: DeviceFilter) { devices(where: $where, first: 1) { nodes { deviceId } pageInfo { hasNextPage endCursor } } }',
      { where: { deviceId: { in: ['IMEI:100', 'IMEI:101', 'IMEI:9'] } } },
    );
    expect(page.data).toMatchObject({
      devices: { nodes: [{ deviceId: 'IMEI:100' }], pageInfo: { hasNextPage: true } },
    });
    const { endCursor } = (page.data as { devices: { pageInfo: { endCursor: string } } }).devices.pageInfo;
    const next = await gateway.graphql(
      'query ($where: DeviceFilter, $after: String) { devices(where: $where, first: 1, after: $after) { nodes { deviceId } pageInfo { hasNextPage } } }',
      { where: { accountId: id }, after: endCursor },
    );
    expect(next.data).toEqual({ devices: { nodes: [{ deviceId: 'IMEI:101' }], pageInfo: { hasNextPage: false } } });
    expect(
      (await gateway.graphql('mutation { updateDevice(deviceId: "IMEI:101", input: { tags: [] }) { tags } }')).data,
    ).toEqual({ updateDevice: { tags: [] } });
    expect(codes(await gateway.graphql('mutation ($id: ID!) { deleteAccount(id: $id) { id } }', { id }))).toEqual([
      'IN_USE',
    ]);
    expect(
      (await gateway.graphql('mutation { deleteDevice(deviceId: "IMEI:101") { deviceId account { serverId } } }')).data,
    ).toEqual({ deleteDevice: { deviceId: 'IMEI:101', account: { serverId: 'devices.example' } } });
    expect((await gateway.graphql('{ device(deviceId: "IMEI:101") { deviceId } }')).data).toEqual({ device: null });
  });

  test('a new secret is shown once', async () => {
    const accountId = await account('rotate.example');
    const { data } = await gateway.graphql(
      'mutation ($input: RotateCredentialInput!) { rotateCredential(input: $input) { secret account { serverId } device { id } } }',
      { input: { accountId, direction: 'CLIENT' } },
    );
    expect(data).toEqual({
      rotateCredential: {
        secret: expect.stringMatching(/^.{16,}$/) as string,
        account: { serverId: 'rotate.example' },
        device: null,
      },
    });
    expect(
      codes(await gateway.graphql('mutation { rotateCredential(input: { direction: CLIENT }) { secret } }')),
    ).toEqual(['BAD_USER_INPUT']);
  });

  test('an API key works from the moment it is made until it is revoked', async () => {
    const made = await gateway.graphql(
      'mutation { createApiKey(input: { name: "dashboard", expiresIn: "P1D" }) { key apiKey { id name admin expiresAt principal } } }',
    );
    const { key, apiKey } = (made.data as { createApiKey: { key: string; apiKey: { id: string; admin: boolean } } })
      .createApiKey;
    expect(apiKey.admin).toBe(false);
    expect((await gateway.graphql('{ __typename devices { nodes { id } } }', {}, key)).data).toEqual({
      __typename: 'Query',
      devices: { nodes: [] },
    });
    expect(codes(await gateway.graphql('{ accounts { nodes { id } } }', {}, key))).toEqual(['FORBIDDEN']);
    const rotated = await gateway.graphql('mutation ($id: ID!) { rotateApiKey(id: $id, overlap: "PT0S") { key } }', {
      id: apiKey.id,
    });
    expect((await gateway.graphql('{ __typename }', {}, key)).status).toBe(401);
    const newKey = (rotated.data as { rotateApiKey: { key: string } }).rotateApiKey.key;
    expect((await gateway.graphql('{ __typename }', {}, newKey)).status).toBe(200);
    expect(
      (await gateway.graphql('mutation ($id: ID!) { revokeApiKey(id: $id) { revokedAt } }', { id: apiKey.id })).errors,
    ).toBeUndefined();
    expect((await gateway.graphql('{ __typename }', {}, newKey)).status).toBe(401);
    expect((await gateway.graphql('{ apiKeys { nodes { name } } }')).data).toMatchObject({
      apiKeys: { nodes: expect.arrayContaining([{ name: 'dashboard' }]) as unknown },
    });
  });

  test('a grant is made, listed and deleted', async () => {
    const made = await gateway.graphql('mutation { createApiKey(input: { name: "reader" }) { apiKey { principal } } }');
    const { principal } = (made.data as { createApiKey: { apiKey: { principal: string } } }).createApiKey.apiKey;
    const grant = await gateway.graphql(
      'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id principal right tag device { id } } }',
      { input: { principal, right: 'READ', tag: 'lab' } },
    );
    expect(grant.data).toMatchObject({ createGrant: { principal, right: 'READ', tag: 'lab', device: null } });
    const { id } = (grant.data as { createGrant: { id: string } }).createGrant;
    expect((await gateway.graphql('{ grants { nodes { id } } }')).data).toEqual({ grants: { nodes: [{ id }] } });
    expect((await gateway.graphql('mutation ($id: ID!) { deleteGrant(id: $id) { right } }', { id })).data).toEqual({
      deleteGrant: { right: 'READ' },
    });
  });
});

describe('DDFs by GraphQL', () => {
  test('a DDF that is added has types when the answer comes, and none after it is removed', async () => {
    const [meter] = loadDemoCatalogue();
    const added = await gateway.graphql(
      'mutation ($source: String!) { addDdf(input: { source: $source }) { id origin moids } }',
      { source: meter?.text },
    );
    expect(added.data).toMatchObject({ addDdf: { origin: 'API', moids: ['urn:oma:mo:ext-acme-meter:1.0'] } });
    expect((await gateway.graphql('{ device(deviceId: "none") { acmeMeter { serial } } }')).data).toEqual({
      device: null,
    });
    const { id } = (added.data as { addDdf: { id: string } }).addDdf;
    const remove = 'mutation ($id: ID!, $breaking: Boolean) { removeDdf(id: $id, allowBreaking: $breaking) { moids } }';
    expect(codes(await gateway.graphql(remove, { id }))).toEqual(['BREAKING_CHANGE']);
    expect((await gateway.graphql(remove, { id, breaking: true })).errors).toBeUndefined();
    expect(codes(await gateway.graphql('{ device(deviceId: "none") { acmeMeter { serial } } }'))).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]);
  });

  test('a dry run tells what each change would do to the running schema, and changes nothing', async () => {
    const report = '{ id changes { severity kind path message } }';
    const add = `mutation ($input: AddDdfInput!) { addDdf(input: $input) ${report} }`;
    const replace = `mutation ($id: ID!, $input: AddDdfInput!) { replaceDdf(id: $id, input: $input) ${report} }`;
    const remove = `mutation ($id: ID!, $dryRun: Boolean) { removeDdf(id: $id, dryRun: $dryRun) ${report} }`;
    const pump = modesDdf('on', 'off', 'auto');
    const tried = await gateway.graphql(add, { input: { source: pump, dryRun: true } });
    expect(tried.data.addDdf).toMatchObject({
      changes: expect.arrayContaining([
        { severity: 'SAFE', kind: 'TYPE_ADDED', path: 'ExampleFan', message: 'ExampleFan was added.' },
      ]) as unknown,
    });
    expect(tried.data.addDdf.changes.every((change: { severity: string }) => change.severity === 'SAFE')).toBe(true);
    expect(codes(await gateway.graphql('{ device(deviceId: "none") { exampleFan { mode } } }'))).toEqual([
      'GRAPHQL_VALIDATION_FAILED',
    ]);

    const { id } = (await gateway.graphql(add, { input: { source: pump } })).data.addDdf;
    const before = await sdl();
    const other = { source: modesDdf('on', 'off', 'boost'), dryRun: true };
    const answers = [
      (await gateway.graphql(replace, { id, input: other })).data.replaceDdf,
      (await gateway.graphql(remove, { id, dryRun: true })).data.removeDdf,
    ];
    const told = (answers[0].changes as readonly { severity: string; kind: string; path: string }[]).map(
      ({ severity, kind, path }) => `${severity} ${kind} ${path}`,
    );
    expect(told.slice(0, 1)).toEqual(['BREAKING VALUE_REMOVED_FROM_ENUM ExampleFanMode.AUTO']);
    expect(told).toContain('DANGEROUS VALUE_ADDED_TO_ENUM ExampleFanMode.BOOST');
    expect(told.filter((line) => line.startsWith('BREAKING'))).toHaveLength(1);
    expect(answers[1].changes).toContainEqual({
      severity: 'BREAKING',
      kind: 'TYPE_REMOVED',
      path: 'ExampleFan',
      message: 'ExampleFan was removed.',
    });
    expect(await sdl()).toBe(before);

    const refused = await gateway.graphql(replace, { id, input: { ...other, dryRun: false } });
    expect(refused.errors).toMatchObject([
      {
        message: expect.stringContaining('AUTO was removed from enum type ExampleFanMode.') as string,
        extensions: {
          code: 'BREAKING_CHANGE',
          changes: [{ severity: 'BREAKING', kind: 'VALUE_REMOVED_FROM_ENUM', path: 'ExampleFanMode.AUTO' }],
        },
      },
    ]);
    expect(await sdl()).toBe(before);
    const made = await gateway.graphql(replace, { id, input: { ...other, dryRun: false, allowBreaking: true } });
    expect(made.data.replaceDdf.changes).toEqual(answers[0].changes);
    expect(await sdl()).toContain('BOOST');
  });

  test('a key without the right to manage DDFs may neither change one, nor try, nor see them', async () => {
    const { data } = await gateway.graphql('mutation { createApiKey(input: { name: "operator" }) { key } }');
    const { key } = data.createApiKey as { key: string };
    const before = await sdl();
    const {
      data: {
        ddfs: {
          nodes: [{ id }],
        },
      },
    } = await gateway.graphql('{ ddfs(first: 1) { nodes { id } } }');
    for (const query of [
      'mutation ($source: String!) { addDdf(input: { source: $source }) { id } }',
      'mutation ($source: String!) { addDdf(input: { source: $source, dryRun: true }) { id } }',
      'mutation ($id: ID!, $source: String!) { replaceDdf(id: $id, input: { source: $source, allowBreaking: true }) { id } }',
      'mutation ($id: ID!) { removeDdf(id: $id, allowBreaking: true) { id } }',
      'mutation ($id: ID!) { removeDdf(id: $id, dryRun: true) { id } }',
      '{ ddfs { nodes { id source } } }',
    ])
      expect(codes(await gateway.graphql(query, { id, source: modesDdf('x') }, key))).toEqual(['FORBIDDEN']);
    expect(await sdl()).toBe(before);
  });

  test('what is no DDF is refused with its place, and the schema stays', async () => {
    const answer = await gateway.graphql('mutation { addDdf(input: { source: "<html>\\n<p>" }) { id } }');
    expect(codes(answer)).toEqual(['DDF_REFUSED']);
    expect(answer.errors?.[0]?.extensions).toMatchObject({
      line: expect.any(Number) as number,
      column: expect.any(Number) as number,
    });
    expect((await gateway.graphql('{ ddfs { nodes { name origin moids } } }')).data).toMatchObject({
      ddfs: { nodes: expect.arrayContaining([expect.objectContaining({ origin: 'CATALOGUE' })]) as unknown },
    });
  });
});

describe('Operations by GraphQL', () => {
  test('work for a device is queued, found again, cancelled, and told as events', async () => {
    await registered('IMEI:200', await account('operations.example'));
    const submitted =
      await gateway.graphql(`mutation { submitOperation(input: { deviceId: "IMEI:200", idempotencyKey: "k", commands: [{ get: { address: { moid: "urn:oma:mo:oma-dm-devinfo:1.0", path: "Man" } } }] }) {
      id state createdAt expiresAt endedAt device { deviceId } commands { kind state outcome address { moid path } error { code } } } }`);
    expect(submitted.errors).toBeUndefined();
    expect(submitted.data).toMatchObject({
      submitOperation: {
        state: 'QUEUED',
        endedAt: null,
        device: { deviceId: 'IMEI:200' },
        commands: [{ kind: 'GET', state: 'QUEUED', outcome: null, address: { path: 'Man' }, error: null }],
      },
    });
    const { id } = (submitted.data as { submitOperation: { id: string } }).submitOperation;
    expect(
      (
        await gateway.graphql(
          'query ($id: ID!) { operation(id: $id) { id state } node(id: $id) { ... on Operation { state } } }',
          { id },
        )
      ).data,
    ).toEqual({ operation: { id, state: 'QUEUED' }, node: { state: 'QUEUED' } });
    expect(
      (await gateway.graphql('mutation ($id: ID!) { cancelOperation(id: $id) { state endedAt } }', { id })).data,
    ).toMatchObject({ cancelOperation: { state: 'CANCELLED' } });
    const events = await gateway.graphql(
      '{ events(where: { deviceId: "IMEI:200" }, first: 1) { nodes { id type device { deviceId } } pageInfo { hasNextPage endCursor } } alerts { nodes { id } } }',
    );
    expect(events.errors).toBeUndefined();
    expect(events.data).toMatchObject({
      events: {
        nodes: [{ type: 'deviceRegistered', device: { deviceId: 'IMEI:200' } }],
        pageInfo: { hasNextPage: true },
      },
      alerts: { nodes: [] },
    });
    const { endCursor } = (events.data as { events: { pageInfo: { endCursor: string } } }).events.pageInfo;
    const later = await gateway.graphql(
      'query ($after: ID) { events(where: { deviceId: "IMEI:200" }, after: $after) { nodes { type } } }',
      { after: endCursor },
    );
    expect(
      (later.data as { events: { nodes: { type: string }[] } }).events.nodes.map(({ type }) => type),
    ).not.toContain('deviceRegistered');
  });

  test.each([
    [
      'a device that does not exist',
      '{ deviceId: "IMEI:0", commands: [{ delete: { address: { moid: "urn:oma:mo:oma-fumo:1.0" } } }] }',
      'NOT_FOUND',
    ],
    [
      'a management object that no DDF and no device has',
      '{ deviceId: "IMEI:300", commands: [{ get: { address: { moid: "urn:oma:mo:oma-nothing:1.0" } } }] }',
      'NO_SUCH_MO',
    ],
    ['no command', '{ deviceId: "IMEI:300", commands: [] }', 'BAD_USER_INPUT'],
    ['neither moid nor uri', '{ deviceId: "IMEI:300", commands: [{ get: { address: {} } }] }', 'BAD_USER_INPUT'],
  ])('%s is refused with a code', async (_what, input, code) => {
    const { data } = await gateway.graphql('{ device(deviceId: "IMEI:300") { id } }');
    if ((data as { device: unknown }).device === null) await registered('IMEI:300', await account('refused.example'));
    expect(codes(await gateway.graphql(`mutation { submitOperation(input: ${input}) { id } }`))).toEqual([code]);
  });
});
