import { connect } from 'node:net';

import { buildSchema } from 'graphql';

import { ADMIN_KEY, device, givenWorld, mo, serve } from '../graphql/support/world';
import type { Answer, Gateway } from '../graphql/support/world';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await serve(
    givenWorld({ devices: [device('1'), device('2'), device('3')], objects: [mo('1', 'Lamp', { Colour: 'red' })] }),
    { ready: () => Promise.reject(new Error('no database')) },
  );
});
afterAll(() => gateway.close());

const KEY = { authorization: `Bearer ${ADMIN_KEY}` };
const JSON_TYPE = { 'content-type': 'application/json', accept: 'application/graphql-response+json' };

async function request(path: string, init: RequestInit = {}): Promise<Answer & { readonly text: string }> {
  const response = await fetch(`${gateway.url}${path}`, init);
  const text = await response.text();
  const isJson = (response.headers.get('content-type') ?? '').includes('json');
  return {
    ...(isJson ? (JSON.parse(text) as object) : {}),
    text,
    status: response.status,
    headers: response.headers,
  } as Answer & { readonly text: string };
}

function post(
  body: string,
  headers: Readonly<Record<string, string>> = { ...JSON_TYPE, ...KEY },
): ReturnType<typeof request> {
  return request('/graphql', { method: 'POST', headers, body });
}

describe('API keys', () => {
  test.each([
    ['no header', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown key', { authorization: 'Bearer nobody' }],
    ['an empty key', { authorization: 'Bearer ' }],
    ['a key of 10,000 characters', { authorization: `Bearer ${'x'.repeat(10_000)}` }],
  ])("%s is answered 401 UNAUTHENTICATED in GraphQL's shape", async (_what, headers) => {
    const answer = await post('{"query":"{ __typename }"}', { ...JSON_TYPE, ...headers });
    expect([answer.status, answer.errors?.[0]?.extensions]).toEqual([401, { code: 'UNAUTHENTICATED' }]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="moql"');
    expect((await request('/schema.graphql', { headers })).status).toBe(401);
    expect((await request('/graphql?query={__typename}', { headers })).status).toBe(401);
  });
});

describe('Bad requests', () => {
  test.each([
    ['broken JSON', '{"query":', 400, 'BAD_REQUEST'],
    ['no body', '', 400, 'BAD_REQUEST'],
    ['an array', '[{"query":"{ __typename }"}]', 400, 'BAD_REQUEST'],
    ['no query', '{}', 400, 'BAD_REQUEST'],
    ['a query that is no text', '{"query":{"a":1}}', 400, 'BAD_REQUEST'],
    ['a prototype', '{"query":"{ __typename }","__proto__":{"a":1}}', 400, 'BAD_REQUEST'],
    ['broken GraphQL', '{"query":"{ device("}', 400, 'GRAPHQL_PARSE_FAILED'],
    ['too many tokens', JSON.stringify({ query: `{ ${'__typename '.repeat(20_001)} }` }), 400, 'LIMIT_TOKENS'],
    ['an unknown field', '{"query":"{ nothing }"}', 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'an unknown management object',
      '{"query":"{ device(deviceId: \\"1\\") { msftNothing { a } } }"}',
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'an unknown operation name',
      '{"query":"{ __typename }","operationName":"other"}',
      400,
      'OPERATION_RESOLUTION_FAILURE',
    ],
    [
      'a query by hash',
      '{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}',
      400,
      'PERSISTED_QUERY_NOT_SUPPORTED',
    ],
    [
      'deep nesting',
      JSON.stringify({ query: `{ device(deviceId: "1") { ${'account { id } '.repeat(2)} } ${deep(30)} }` }),
      400,
      'LIMIT_DEPTH',
    ],
    [
      'nesting that would exhaust the stack',
      JSON.stringify({ query: `${'{a'.repeat(9_000)}${'}'.repeat(9_000)}` }),
      400,
      'LIMIT_DEPTH',
    ],
    [
      'lists that would exhaust the stack',
      JSON.stringify({ query: `{ a(b: ${'['.repeat(9_000)}${']'.repeat(9_000)}) }` }),
      400,
      'LIMIT_DEPTH',
    ],
    [
      'known fields nested so',
      JSON.stringify({ query: `{ __type(name: "x") ${'{ofType'.repeat(6_000)}{name}${'}'.repeat(6_000)} }` }),
      400,
      'LIMIT_DEPTH',
    ],
    ['fragments that would exhaust the stack', JSON.stringify({ query: fragments(1_700) }), 400, 'LIMIT_DEPTH'],
    ['deep nesting by fragments', JSON.stringify({ query: fragments(30) }), 400, 'LIMIT_DEPTH'],
    ['a page that is too large', '{"query":"{ devices(first: 501) { nodes { id } } }"}', 200, 'LIMIT_PAGE_SIZE'],
    ['a page of nothing', '{"query":"{ devices(first: 0) { nodes { id } } }"}', 200, 'BAD_USER_INPUT'],
    [
      'a cursor of another list',
      '{"query":"{ devices(after: \\"QWNjb3VudDox\\") { nodes { id } } }"}',
      200,
      'BAD_USER_INPUT',
    ],
    [
      'a cursor that is SQL',
      JSON.stringify({
        query: `{ devices(after: "${Buffer.from("Device:1' OR 1=1").toString('base64url')}") { nodes { id } } }`,
      }),
      200,
      'BAD_USER_INPUT',
    ],
    ['an identifier that is none', '{"query":"mutation { deleteAccount(id: \\"x\\") { id } }"}', 200, 'NOT_FOUND'],
  ])('%s is answered with a code', async (_what, body, status, code) => {
    const answer = await post(body);
    expect([answer.status, answer.errors?.[0]?.extensions['code']]).toEqual([status, code]);
    expect(answer.text).not.toMatch(/node_modules|stacktrace/);
  });

  test('another content type is 415', async () => {
    const answer = await post('query=1', { 'content-type': 'application/x-www-form-urlencoded', ...KEY });
    expect([answer.status, answer.errors?.[0]?.extensions]).toEqual([415, { code: 'UNSUPPORTED_MEDIA_TYPE' }]);
  });

  test('a body of more than 8 MiB is 413', async () => {
    const answer = await post(JSON.stringify({ query: `{ __typename } #${'x'.repeat(8 * 1024 * 1024)}` }));
    expect([answer.status, answer.errors?.[0]?.extensions]).toEqual([413, { code: 'LIMIT_BODY_SIZE' }]);
  });

  test('a mutation by GET is refused', async () => {
    const answer = await request(
      `/graphql?query=${encodeURIComponent('mutation { cancelOperation(id: "1") { id } }')}`,
      { headers: KEY },
    );
    expect(answer.status).toBe(405);
  });

  test('octets that are no HTTP are answered 400, and the gateway goes on', async () => {
    const { hostname, port } = new URL(gateway.url);
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => socket.write('\u0000\u0001 nonsense\r\n\r\n'));
      socket
        .on('data', (chunk) => (text += chunk.toString()))
        .on('close', () => resolve(text))
        .on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await post('{"query":"{ __typename }"}')).data).toEqual({ __typename: 'Query' });
  });

  test('an unexpected failure is INTERNAL with an id, and tells nothing of what happened', async () => {
    const answer = await post(
      '{"query":"mutation { registerDevice(input: { deviceId: \\"x\\", accountId: \\"QWNjb3VudDox\\" }) { id } }"}',
    );
    expect(answer.errors).toEqual([
      expect.objectContaining({
        extensions: { code: 'INTERNAL', id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string },
      }),
    ]);
    expect(answer.text).not.toContain('db.internal');
  });

  test('an address where nothing is says so', async () => {
    expect(await request('/nothing')).toMatchObject({ status: 404, errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });
});

describe('Good requests', () => {
  test('a query by GET is answered', async () => {
    const answer = await request('/graphql?query={__typename}', { headers: KEY });
    expect(answer.data).toEqual({ __typename: 'Query' });
  });

  test('lists come in pages, each cursor leads on', async () => {
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 2; page++) {
      const answer: Answer = await gateway.ask(
        'query ($after: String) { devices(first: 2, after: $after) { nodes { deviceId } edges { cursor } pageInfo { hasNextPage hasPreviousPage endCursor } } }',
        { after },
      );
      const { nodes, pageInfo } = (
        answer.data as {
          devices: { nodes: { deviceId: string }[]; pageInfo: { endCursor: string; hasNextPage: boolean } };
        }
      ).devices;
      seen.push(...nodes.map(({ deviceId }) => deviceId));
      expect(pageInfo.hasNextPage).toBe(page === 0);
      after = pageInfo.endCursor;
    }
    expect(seen).toEqual(['IMEI:1', 'IMEI:2', 'IMEI:3']);
  });

  test('node(id:) finds a device again by its id, and nothing by other text', async () => {
    const { data } = await gateway.ask('{ device(deviceId: "IMEI:2") { id } }');
    const id = (data as { device: { id: string } }).device.id;
    expect(
      (
        await gateway.ask(
          'query ($id: ID!) { node(id: $id) { __typename id ... on Device { deviceId acmeLamp { colour } } } }',
          { id },
        )
      ).data,
    ).toEqual({ node: { __typename: 'Device', id, deviceId: 'IMEI:2', acmeLamp: null } });
    for (const other of [
      '',
      'x',
      '%00',
      Buffer.from('Device:1;--').toString('base64url'),
      Buffer.from('Operation:1').toString('base64url'),
      Buffer.from('User:1').toString('base64url'),
    ]) {
      expect((await gateway.ask('query ($id: ID!) { node(id: $id) { id } }', { id: other })).data).toEqual({
        node: null,
      });
    }
  });

  test('/schema.graphql is SDL that reads back, with @mo and @node, and is not sent twice', async () => {
    const answer = await request('/schema.graphql', { headers: KEY });
    expect(answer.status).toBe(200);
    expect(() => buildSchema(answer.text)).not.toThrow();
    expect(answer.text).toContain('type AcmeLamp @mo(moid: "urn:oma:mo:ext-acme-lamp", versions: ["1.0"])');
    expect(answer.text).toMatch(
      /colour: String .*@node\(path: "Colour", format: "chr", access: \["Get", "Replace"\], versions: \["1\.0"\]\)/,
    );
    const etag = answer.headers.get('etag') ?? '';
    expect((await request('/schema.graphql', { headers: { ...KEY, 'if-none-match': etag } })).status).toBe(304);
  });

  test('/healthz tells that the process lives, /readyz whether it can work', async () => {
    expect((await request('/healthz')).status).toBe(200);
    expect((await request('/readyz')).status).toBe(503);
  });
});

/** A query of so many levels that the schema knows. */
function deep(levels: number): string {
  return `__type(name: "String") { ${'ofType { '.repeat(levels)} name ${'}'.repeat(levels)} }`;
}

function fragments(count: number): string {
  const parts = Array.from(
    { length: count },
    (_, i) => `fragment F${i} on __Type { ofType { ${i + 1 < count ? `...F${i + 1}` : 'name'} } }`,
  );
  return `{ __type(name: "String") { ...F0 } } ${parts.join(' ')}`;
}
