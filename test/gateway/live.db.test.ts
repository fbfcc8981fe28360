import { once } from 'node:events';
import { connect } from 'node:net';

import { WebSocket } from 'ws';

import { byEvents, byWebSocket, clientOf, type Subscribe, type Subscriber } from '../support/subscriber';
import { untilEventsAreServed } from '../support/administration';
import { METER, ask, codesOf, contact, createKey, startWorld, submit } from './support/world';
import type { World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const open: Subscriber[] = [];
afterEach(async () => {
  for (const subscriber of open.splice(0)) await subscriber.stop();
});

async function subscribe(
  by: Subscribe,
  query: string,
  variables: Record<string, unknown> = {},
  key: string | null = world.gateway.adminKey,
): Promise<Subscriber> {
  const subscriber = await by({ url: world.gateway.url, key }, query, variables);
  open.push(subscriber);
  return subscriber;
}

const EVENTS = `subscription ($where: EventFilter, $after: ID) { events(where: $where, after: $after) { id type device { deviceId } data } }`;
const OPERATION = `subscription ($id: ID!, $after: ID) { operationChanged(id: $id, after: $after) { id state event commands { state outcome } } }`;
const ALERTS = `subscription ($where: AlertFilter, $after: ID) { alertRaised(where: $where, after: $after) { id type mark event data device { deviceId } } }`;
const get = (path: string): object => ({ get: { address: { moid: METER, path } } });

interface Told {
  readonly events: {
    readonly id: string;
    readonly type: string;
    readonly device: { readonly deviceId: string } | null;
  };
}

describe.each([
  ['WebSocket', byWebSocket],
  ['server-sent events', byEvents],
])('By %s', (name, by) => {
  const deviceId = `urn:uuid:live-${name.length}`;

  test('an operation is told as it is, then after each change until it ended', async () => {
    const device = await world.device('dm1', `${deviceId}-op`);
    await contact(device);
    const { id } = await submit(world.gateway, device.deviceId, [get('Serial')]);
    const operation = await subscribe(by, OPERATION, { id });
    expect(await operation.next()).toMatchObject({ operationChanged: { id, state: 'QUEUED', event: null } });
    await contact(device);
    const told = await operation.rest();
    const states = told.map(({ data }) => (data?.['operationChanged'] as { state: string }).state);
    expect(states.at(-1)).toBe('SUCCEEDED');
    expect(['SUCCEEDED', 'RUNNING SUCCEEDED']).toContain(states.join(' '));
    // An ended one is told once.
    const again = await subscribe(by, OPERATION, { id });
    expect(await again.rest()).toMatchObject([{ data: { operationChanged: { state: 'SUCCEEDED' } } }]);
  });

  test('events come in order, and who goes on after one misses and repeats none', async () => {
    const device = await world.device('dm2', `${deviceId}-events`);
    const where = { deviceId: device.deviceId };
    const first = await subscribe(by, EVENTS, { where, after: await lastEvent() });
    const operations = [];
    for (let n = 0; n < 3; n++) operations.push(await submit(world.gateway, device.deviceId, [get('Serial')]));
    const ids = [];
    for (let n = 0; n < 2; n++) ids.push((await first.next<Told>()).events);
    expect(ids).toMatchObject([{ type: 'operationAccepted' }, { type: 'operationAccepted' }]);
    await first.stop();
    const second = await subscribe(by, EVENTS, { where, after: ids.at(-1)?.id });
    expect((await second.next<Told>()).events).toMatchObject({
      type: 'operationAccepted',
      device: { deviceId: device.deviceId },
    });
    await ask(world.gateway, 'mutation ($id: ID!) { cancelOperation(id: $id) { id } }', { id: operations[2]?.id });
    expect((await second.next<Told>()).events).toMatchObject({ type: 'operationEnded', data: { state: 'CANCELLED' } });
  });

  test('an error of a document is told with its code, and ends the subscription', async () => {
    for (const [query, code] of [
      ['subscription { events { nothing } }', 'GRAPHQL_VALIDATION_FAILED'],
      ['subscription {', 'GRAPHQL_PARSE_FAILED'],
      ['subscription { operationChanged(id: "T3BlcmF0aW9uOjE6OTk5OTk5") { id } }', 'NOT_FOUND'],
      ['subscription { events(after: "RXZlbnQ6MS4x") { id } }', 'EVENTS_GONE'],
      ['subscription { events(after: "x") { id } }', 'BAD_USER_INPUT'],
      ['subscription { alertRaised(where: { deviceId: "nobody" }) { id } }', 'NOT_FOUND'],
      ['subscription ($a: ID!) { operationChanged(id: $a) { id } }', 'BAD_USER_INPUT'],
      [`{ ${'node(id: "x") { ... on Device '.repeat(401)}`, 'LIMIT_DEPTH'],
    ] as const) {
      const told = await (await subscribe(by, query)).rest();
      expect([query, told.map(({ errors }) => errors?.map((error) => error.extensions?.['code']))]).toEqual([
        query,
        [[code]],
      ]);
    }
  });

  test('queries are answered, too, by the same schema', async () => {
    const told = await (
      await subscribe(by, '{ devices(first: 1) { nodes { deviceId } } __schema { queryType { name } } }')
    ).rest();
    expect(told).toMatchObject([{ data: { devices: { nodes: [{}] }, __schema: { queryType: { name: 'Query' } } } }]);
  });

  test('alerts come as devices raise them, with what the caller may read of them', async () => {
    const device = await world.device('dm1', `${deviceId}-alert`);
    await contact(device);
    const where = { deviceId: device.deviceId };
    const key = await createKey(world.gateway, device.deviceId, { right: 'READ', moid: METER, path: 'Serial' });
    const all = await subscribe(by, ALERTS, { where, after: await lastEvent() });
    const little = await subscribe(by, ALERTS, { where, after: await lastEvent() }, key);
    await world.gateway.db.sql.query(
      `WITH a AS (INSERT INTO alert (device_id, at, type, mark, source, data)
         SELECT id, now(), 'urn:test:alert', 'critical', '{"moid": "${METER}", "path": "Interval"}', '"secret"' FROM device WHERE device_id = $1 RETURNING *)
       INSERT INTO event (device_id, type, data) SELECT a.device_id, 'alertRaised',
         jsonb_build_object('alert', floor(extract(epoch FROM a.at) * 1000)::bigint || '.' || a.id, 'type', a.type) FROM a`,
      [device.deviceId],
    );
    expect(await all.next()).toMatchObject({
      alertRaised: { type: 'urn:test:alert', mark: 'critical', data: 'secret', device: where },
    });
    const told = await little.next<{ alertRaised: { event: string } }>();
    expect(told).toMatchObject({ alertRaised: { type: 'urn:test:alert', data: null } });
    // The event's id resumes.
    const later = await subscribe(by, ALERTS, { where, after: told.alertRaised.event });
    await world.gateway.db.sql.query(
      `WITH a AS (INSERT INTO alert (device_id, at, type, mark) SELECT id, now(), 'urn:test:next', 'minor' FROM device WHERE device_id = $1 RETURNING *)
       INSERT INTO event (device_id, type, data) SELECT a.device_id, 'alertRaised',
         jsonb_build_object('alert', floor(extract(epoch FROM a.at) * 1000)::bigint || '.' || a.id, 'type', a.type) FROM a`,
      [device.deviceId],
    );
    expect(await later.next()).toMatchObject({ alertRaised: { type: 'urn:test:next' } });
  });

  test('a caller is told of the devices alone that he may know of, as his grants are then', async () => {
    const seen = await world.device('dm1', `${deviceId}-seen`);
    const hidden = await world.device('dm1', `${deviceId}-hidden`);
    const key = await createKey(world.gateway, seen.deviceId, { right: 'READ' });
    const { grants } = await ask<{ grants: { nodes: { id: string }[] } }>(
      world.gateway,
      '{ grants(first: 500) { nodes { id } } }',
    );
    const subscriber = await subscribe(by, EVENTS, { after: await lastEvent() }, key);
    await submit(world.gateway, hidden.deviceId, [get('Serial')]);
    await submit(world.gateway, seen.deviceId, [get('Serial')]);
    expect(await subscriber.next()).toMatchObject({
      events: { type: 'operationAccepted', device: { deviceId: seen.deviceId } },
    });
    await ask(world.gateway, 'mutation ($id: ID!) { deleteGrant(id: $id) { id } }', { id: grants.nodes.at(-1)?.id });
    await submit(world.gateway, seen.deviceId, [get('Serial')]);
    const principal = await principalOf(key);
    await ask(world.gateway, 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
      input: { principal, deviceId: hidden.deviceId, right: 'READ' },
    });
    await submit(world.gateway, hidden.deviceId, [get('Serial')]);
    const next = [];
    do next.push((await subscriber.next<Told>()).events);
    while (next.at(-1)?.type !== 'operationAccepted' || next.at(-1)?.device?.deviceId !== hidden.deviceId);
    expect(next.filter(({ device }) => device?.deviceId === seen.deviceId)).toEqual([]);
  });

  test('a key that is revoked ends what was begun with it, though nothing happens', async () => {
    const device = await world.device('dm1', `${deviceId}-revoked`);
    const key = await createKey(world.gateway, device.deviceId, { right: 'READ' });
    const { id } = await submit(world.gateway, device.deviceId, [get('Serial')]);
    const events = await subscribe(by, EVENTS, { where: { deviceId: device.deviceId, type: 'never' } }, key);
    const operation = await subscribe(by, OPERATION, { id }, key);
    await operation.next();
    const { apiKeys } = await ask<{ apiKeys: { nodes: { id: string }[] } }>(
      world.gateway,
      '{ apiKeys(first: 500) { nodes { id } } }',
    );
    await ask(world.gateway, 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id: apiKeys.nodes.at(-1)?.id });
    for (const ended of [await operation.rest(), await events.rest()])
      expect(ended).toMatchObject([{ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] }]);
  });
});

test('A POST that subscribes is refused with the way to go', async () => {
  const answer = await world.gateway.graphql('subscription { events { id } }');
  expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  expect(answer.errors?.[0]?.message).toMatch(/WebSocket/);
});

test('Without a good key there is no connection', async () => {
  const { url } = world.gateway;
  for (const key of [null, 'nonsense']) {
    await expect(byEvents({ url, key }, EVENTS)).rejects.toThrow(/^401 .*UNAUTHENTICATED/);
    const client = clientOf({ url, key });
    await expect(client.iterate({ query: EVENTS }).next()).rejects.toMatchObject({ code: 4401 });
  }
});

test('A request that offers another protocol than WebSocket is answered as if it had not, its body too', async () => {
  const { hostname, port } = new URL(world.gateway.url);
  const body = JSON.stringify({ query: '{ __typename }' });
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.on('error', reject);
    socket.on('data', (octets) => {
      text += octets.toString();
      if (!text.includes('__typename')) return;
      socket.destroy();
      resolve(text);
    });
    socket.on('end', () => resolve(text));
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAEAAEAA\r\n` +
        `authorization: Bearer ${world.gateway.adminKey}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  });
  expect(answer).toMatch(/^HTTP\/1.1 200 [^]*"__typename":"Query"/);
});

test('A WebSocket at another address is refused', async () => {
  const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/healthz`, 'graphql-transport-ws');
  await expect(once(socket, 'open')).rejects.toThrow('404');
});

describe('Who does not read', () => {
  const OCTETS = 10_000;
  const MANY = 3_000;
  const flood = (type: string): Promise<unknown> =>
    world.gateway.db.sql.query(
      `INSERT INTO event (type, data) SELECT $1, jsonb_build_object('n', n, 'x', repeat('x', ${OCTETS})) FROM generate_series(1, ${MANY}) n`,
      [type],
    );
  const query = (type: string): string => `subscription { events(where: { type: "${type}" }) { id data } }`;
  /** Resolves once the gateway has given him up, which is when it has read all. */
  const givenUp = async (type: string): Promise<void> => {
    const quick = await subscribe(byEvents, query(`${type} end`));
    const next = quick.raw();
    await world.gateway.db.sql.query('INSERT INTO event (type) VALUES ($1)', [`${type} end`]);
    await next;
  };
  interface Told {
    readonly data?: { readonly events: { readonly id: string; readonly data: { readonly n: number } } };
    readonly errors?: readonly { readonly extensions: { readonly code: string } }[];
  }
  const judge = async (type: string, told: readonly Told[]): Promise<void> => {
    const events = told.flatMap(({ data }) => (data && data.events.data.n > 0 ? [data.events] : []));
    expect(events.map(({ data }) => data.n)).toEqual(events.map((_, n) => n + 1));
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThan(MANY);
    expect(told.at(-1)?.errors?.[0]?.extensions.code).toBe('LIMIT_BUFFER');
    const rest = await subscribe(
      byEvents,
      `subscription ($after: ID) { events(where: { type: "${type}" }, after: $after) { data } }`,
      { after: events.at(-1)?.id },
    );
    expect(await rest.next()).toMatchObject({ events: { data: { n: events.length + 1 } } });
  };

  test('a WebSocket is told so after some thousand events, and can go on', async () => {
    const socket = new WebSocket(`${world.gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
      headers: { authorization: `Bearer ${world.gateway.adminKey}` },
    });
    const messages: { type: string; payload: Told }[] = [];
    let look = (): void => undefined;
    socket.on('message', (octets: Buffer) => {
      messages.push(JSON.parse(octets.toString()) as (typeof messages)[number]);
      look();
    });
    const until = (type: string): Promise<void> =>
      new Promise((resolve, reject) => {
        look = () => {
          if (messages.some((message) => message.type === type)) resolve();
        };
        socket.once('close', (code) => reject(new Error(`closed with ${code} before ${type} came`)));
        look();
      });
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'connection_init' }));
    await until('connection_ack');
    socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query: query('flood 1') } }));
    // It is served when it is told something. Few events are written until then: a thousand that wait would be too many already.
    const isTold = until('next').then(() => true);
    const aWhile = (): Promise<boolean> => new Promise((resolve) => setTimeout(() => resolve(false), 100));
    do await world.gateway.db.sql.query(`INSERT INTO event (type, data) VALUES ('flood 1', '{"n": 0}')`);
    while (!(await Promise.race([isTold, aWhile()])));
    socket.pause();
    await flood('flood 1');
    await givenUp('flood 1');
    socket.resume();
    await until('complete');
    socket.terminate();
    await judge(
      'flood 1',
      messages.filter(({ type }) => type === 'next').map(({ payload }) => payload),
    );
  });

  test('a stream of events is told so, and can go on', async () => {
    const answer = await fetch(`${world.gateway.url}/graphql?query=${encodeURIComponent(query('flood 2'))}`, {
      headers: { accept: 'text/event-stream', authorization: `Bearer ${world.gateway.adminKey}` },
    });
    await flood('flood 2');
    await givenUp('flood 2');
    const text = await answer.text();
    const told = [...text.matchAll(/^event: next\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Told);
    expect(text).toMatch(/event: complete/);
    await judge('flood 2', told);
  });
});

test('One connection has at most so many operations', async () => {
  const client = clientOf({ url: world.gateway.url, key: world.gateway.adminKey });
  const where = { type: 'never' };
  const running = Array.from({ length: 100 }, () => client.iterate({ query: EVENTS, variables: { where } }));
  const waiting = running.map((one) => one.next());
  await expect(client.iterate({ query: EVENTS, variables: { where } }).next()).rejects.toMatchObject([
    { extensions: { code: 'LIMIT_SUBSCRIPTIONS' } },
  ]);
  await client.dispose();
  await Promise.allSettled(waiting);
});

async function lastEvent(): Promise<string | undefined> {
  await untilEventsAreServed(world.gateway.db);
  let after: string | undefined;
  for (;;) {
    const { events } = await ask<{ events: { pageInfo: { endCursor: string | null; hasNextPage: boolean } } }>(
      world.gateway,
      'query ($after: ID) { events(after: $after, first: 500) { pageInfo { endCursor hasNextPage } } }',
      { after },
    );
    after = events.pageInfo.endCursor ?? after;
    if (!events.pageInfo.hasNextPage) return after;
  }
}

async function principalOf(key: string): Promise<string> {
  const caller = await world.gateway.services.keys.authenticate(key);
  return caller?.principal ?? '';
}
