import { createHash } from 'node:crypto';

import type { FormattedExecutionResult } from 'graphql';

import { DEFAULT_LIMITS, REQUEST_LIMITS, type RequestLimits } from '../../src/graphql/limits';
import { trustedDocuments, type TrustedDocuments } from '../../src/graphql/prepare/trusted';
import type { EventFeed } from '../../src/management/events/feed';
import { ADMIN_KEY, device, givenWorld, PLAIN_KEY, serve, type Gateway, type World } from '../graphql/support/world';
import { byEvents, byWebSocket, clientOf, type Subscribe } from '../support/subscriber';

interface Request {
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly extensions?: Record<string, unknown>;
}
/** Asks by one entrance, and gives what came first. */
type Entrance = (url: string, request: Request, key?: string) => Promise<FormattedExecutionResult>;

const over =
  (by: Subscribe): Entrance =>
  async (url, { query = '', variables, extensions }, key = ADMIN_KEY) => {
    const subscriber = await by({ url, key }, query, variables, extensions);
    try {
      return await subscriber.raw();
    } finally {
      await subscriber.stop();
    }
  };

async function json(answer: Response): Promise<FormattedExecutionResult> {
  return (await answer.json()) as FormattedExecutionResult;
}

const ENTRANCES: readonly (readonly [name: string, entrance: Entrance])[] = [
  [
    'POST',
    async (url, request, key = ADMIN_KEY) =>
      json(
        await fetch(`${url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          body: JSON.stringify(request),
        }),
      ),
  ],
  [
    'GET',
    async (url, { query, variables, extensions }, key = ADMIN_KEY) => {
      const parameters = new URLSearchParams({
        ...(query === undefined ? {} : { query }),
        ...(variables === undefined ? {} : { variables: JSON.stringify(variables) }),
        ...(extensions === undefined ? {} : { extensions: JSON.stringify(extensions) }),
      });
      return json(await fetch(`${url}/graphql?${parameters}`, { headers: { authorization: `Bearer ${key}` } }));
    },
  ],
  ['WebSocket', over(byWebSocket)],
  ['server-sent events', over(byEvents)],
];

const SMALL: Partial<RequestLimits> = {
  queryTokens: 100,
  queryDepth: 5,
  queryAliases: 3,
  queryFields: 10,
  queryRootFields: 4,
  queryCost: 200,
  executionMs: 200,
  subscriptions: 2,
};
const TRUSTED = '{ trusted: __typename }';

let world: World;
let gateway: Gateway | undefined;
afterEach(async () => gateway?.close());

async function given(requestLimits: Partial<RequestLimits>, trusted?: TrustedDocuments): Promise<string> {
  world = givenWorld({ devices: [device('1'), device('2')] });
  gateway = await serve(world, { requestLimits, ...(trusted ? { trustedDocuments: trusted } : {}) });
  return gateway.url;
}

const told = ({ data, errors }: FormattedExecutionResult): unknown =>
  errors ? errors.map(({ extensions }) => extensions?.['code']) : data;

describe.each(ENTRANCES)('By %s', (_name, ask) => {
  test('no document is larger than the limits, and each of them is told by its code', async () => {
    const url = await given(SMALL);
    const cases: readonly (readonly [Request, unknown])[] = [
      [{ query: `{ ${'__typename '.repeat(120)} }` }, ['LIMIT_TOKENS']],
      [{ query: `{ ${'{a'.repeat(401)}` }, ['LIMIT_DEPTH']],
      [
        { query: '{ devices { edges { node { account { id } } } } }' },
        { devices: { edges: [expect.anything(), expect.anything()] } },
      ],
      [
        { query: '{ devices { edges { node { account { ...F } } } } } fragment F on Account { a { b } }' },
        ['LIMIT_DEPTH'],
      ],
      [{ query: '{ a: __typename b: __typename c: __typename }' }, { a: 'Query', b: 'Query', c: 'Query' }],
      [
        { query: '{ a: __typename b: __typename ...F } fragment F on Query { c: __typename d: __typename }' },
        ['LIMIT_ALIASES'],
      ],
      [
        { query: '{ __typename __typename ...F ... { __typename } } fragment F on Query { __typename __typename }' },
        ['LIMIT_BREADTH'],
      ],
      [{ query: `{ devices { ${'__typename '.repeat(11)} } }` }, ['LIMIT_BREADTH']],
      // A page of so many, with so many objects each.
      [{ query: '{ devices(first: 10) { nodes { account { id } managementObjects { moid } } } }' }, ['LIMIT_COST']],
      [
        { query: 'query ($n: Int = 2) { devices(first: $n) { nodes { account { id } } } }' },
        { devices: { nodes: [{}, {}].map(() => expect.anything()) } },
      ],
      [
        { query: 'query ($n: Int = 2) { devices(first: $n) { nodes { account { id } } } }', variables: { n: 400 } },
        ['LIMIT_COST'],
      ],
      [{ query: '{ devices(first: 501) { pageInfo { hasNextPage } } }' }, ['LIMIT_PAGE_SIZE']],
    ];
    for (const [request, expected] of cases)
      expect([request.query, told(await ask(url, request))]).toEqual([request.query, expected]);
  });

  test('time ends what is executed, and nothing more is loaded for it; a wait for a device has its own bound', async () => {
    const url = await given(SMALL);
    const slow = { query: '{ devices(first: 1) { nodes { deviceId account { id } } } }' };
    let loads = 0;
    world.services.accounts.getMany = () => {
      loads++;
      return Promise.resolve([]);
    };
    const { list } = world.services.devices;
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    world.services.devices.list = async (...args) => {
      await held;
      return list(...args);
    };
    const answer = await ask(url, slow);
    expect([told(answer), answer.data]).toEqual([['LIMIT_TIME'], undefined]);
    goOn();
    await new Promise((resolve) => setImmediate(resolve));
    expect(loads).toBe(0);

    world.onSubmit = async () => {
      await new Promise((resolve) => setTimeout(resolve, 400));
      throw new Error('the device did not call');
    };
    const waiting = await ask(url, {
      query: `mutation { submitOperation(input: { deviceId: "IMEI:1", wait: "PT1S", commands: [{ get: { address: { moid: "x" } } }] }) { id } }`,
    });
    // GET takes no mutation; everywhere else the operation's own error comes.
    expect([['INTERNAL'], ['BAD_REQUEST']]).toContainEqual(told(waiting));
  });

  test('a caller spends no more points than flow to him, whatever others do', async () => {
    const url = await given({ costPerSecond: 1, costBurst: 60 });
    const query = '{ devices(first: 20) { nodes { id } } }';
    expect(told(await ask(url, { query }))).toMatchObject({ devices: {} });
    expect(told(await ask(url, { query }))).toMatchObject({ devices: {} });
    const { errors } = await ask(url, { query });
    expect(errors).toMatchObject([{ extensions: { code: 'LIMIT_RATE', retryAfterMs: expect.any(Number) as number } }]);
    expect(told(await ask(url, { query: '{ __typename }' }, PLAIN_KEY))).toEqual({ __typename: 'Query' });
    // What could never be paid is told so at once.
    expect(told(await ask(url, { query: '{ devices(first: 80) { nodes { id } } }' }, PLAIN_KEY))).toEqual([
      'LIMIT_COST',
    ]);
  });

  test('a caller has so many operations under way at a time', async () => {
    const url = await given({ concurrentOperations: 1 });
    const { list } = world.services.devices;
    let goOn = (): void => undefined;
    let begun = (): void => undefined;
    const isHeld = new Promise<void>((resolve) => (begun = resolve));
    world.services.devices.list = async (...args) => {
      begun();
      await new Promise<void>((resolve) => (goOn = resolve));
      return list(...args);
    };
    const first = ask(url, { query: '{ devices { nodes { id } } }' });
    await isHeld;
    expect(told(await ask(url, { query: '{ a: __typename }' }))).toEqual(['LIMIT_CONCURRENCY']);
    expect(told(await ask(url, { query: '{ a: __typename }' }, PLAIN_KEY))).toEqual({ a: 'Query' });
    goOn();
    expect(told(await first)).toMatchObject({ devices: {} });
    expect(told(await ask(url, { query: '{ a: __typename }' }))).toEqual({ a: 'Query' });
  });

  test('documents come by their hash, and where that is required no others do', async () => {
    const sha256Hash = createHash('sha256').update(TRUSTED).digest('hex');
    const byHash = { extensions: { persistedQuery: { version: 1, sha256Hash } } };
    const url = await given({}, trustedDocuments([TRUSTED], true));
    expect(told(await ask(url, byHash))).toEqual({ trusted: 'Query' });
    expect(told(await ask(url, { query: TRUSTED }))).toEqual({ trusted: 'Query' });
    expect(told(await ask(url, { query: '{ __typename }' }))).toEqual(['DOCUMENT_NOT_TRUSTED']);
    expect(told(await ask(url, { query: '{ __typename }', ...byHash }))).toEqual(['BAD_REQUEST']);
    const unknown = { extensions: { persistedQuery: { version: 1, sha256Hash: '0'.repeat(64) } } };
    expect(told(await ask(url, unknown))).toEqual(['DOCUMENT_NOT_TRUSTED']);
  });
});

describe('Beside the document', () => {
  test('a request, and a message of a WebSocket, has so many octets', async () => {
    const url = await given({ requestOctets: 2_000 });
    const query = `{ __typename } #${'x'.repeat(2_000)}`;
    for (const accept of ['*/*', 'text/event-stream']) {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ query }),
      });
      expect([answer.status, told(await json(answer))]).toEqual([413, ['LIMIT_BODY_SIZE']]);
    }
    await expect(clientOf({ url, key: ADMIN_KEY }).iterate({ query }).next()).rejects.toMatchObject({ code: 1009 });
  });

  test('a caller has so many subscriptions in all, and may begin another when one ended', async () => {
    const url = await given(SMALL);
    const feed: Partial<EventFeed> = {
      follow: () => {
        let end = (): void => undefined;
        const ended = new Promise<IteratorResult<never, undefined>>(
          (resolve) => (end = () => resolve({ done: true, value: undefined })),
        );
        const finish = (): Promise<IteratorResult<never, undefined>> => {
          end();
          return ended;
        };
        return Promise.resolve({ next: () => ended, return: finish, fail: end } as never);
      },
    };
    Object.assign(world.services, { feed });
    const query = 'subscription { events { id } }';
    const running = [await byEvents({ url, key: ADMIN_KEY }, query), await byEvents({ url, key: ADMIN_KEY }, query)];
    for (const by of [byWebSocket, byEvents]) {
      const third = await by({ url, key: ADMIN_KEY }, query);
      expect(told(await third.raw())).toEqual(['LIMIT_SUBSCRIPTIONS']);
      await third.stop();
    }
    const other = await byEvents({ url, key: PLAIN_KEY }, query);
    await other.stop();
    await running[0]?.stop();
    for (;;) {
      const again = await byEvents({ url, key: ADMIN_KEY }, query);
      const first = await Promise.race([
        again.raw(),
        new Promise<undefined>((resolve) => setImmediate(() => resolve(undefined))),
      ]);
      await again.stop();
      if (first === undefined) break;
      expect(told(first)).toEqual(['LIMIT_SUBSCRIPTIONS']);
    }
    await running[1]?.stop();
  });

  test('headers tell what is left and when to come again', async () => {
    const url = await given({ costPerSecond: 10, costBurst: 100 });
    const post = (query: string): Promise<Response> =>
      fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
        body: JSON.stringify({ query }),
      });
    const first = await post('{ devices(first: 90) { nodes { id } } }');
    const headers = (answer: Response): unknown[] =>
      ['x-query-cost', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset', 'retry-after'].map((name) =>
        answer.headers.get(name),
      );
    expect([first.status, headers(first)]).toEqual([200, ['94', '100', '6', '10', null]]);
    const second = await post('{ devices(first: 90) { nodes { id } } }');
    expect([second.status, headers(second)]).toEqual([429, [null, '100', expect.any(String), expect.any(String), '9']]);
  });

  test('every limit has its code in the list and its default in bounds', () => {
    for (const [name, { fallback, least, most }] of Object.entries(REQUEST_LIMITS))
      expect([name, fallback >= least && fallback <= most]).toEqual([name, true]);
    expect(DEFAULT_LIMITS.queryCost).toBeLessThanOrEqual(DEFAULT_LIMITS.costBurst);
  });
});
