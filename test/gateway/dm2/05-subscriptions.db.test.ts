import { httpTransport, type Dm2Device, type WireRequest, type WireResponse } from '../../../src/simulator';
import { startSharedWorld, type SharedWorld } from '../support/shared-world';
import { ask, codesOf, contact, createKey, METER } from '../support/world';

// dm2 section 5, SUB and UNSUB: reference-counted here, one subscription on the device.
let world: SharedWorld;
const http = httpTransport();
/** What devices brought to the repository, and what they were answered. */
let pushes: { readonly request: WireRequest; readonly answer: WireResponse }[] = [];

beforeAll(async () => {
  world = await startSharedWorld();
});
beforeEach(() => {
  pushes = [];
});
afterAll(async () => {
  http.close();
  await world.close();
});

let deviceNo = 0;

async function metered(features: object = { subscriptions: true }, more: object = {}): Promise<Dm2Device> {
  deviceNo += 1;
  const device = await world.device(
    'dm2',
    `urn:uuid:subscribed-${deviceNo}`,
    { features, ...more } as never,
    world.through(async (request) => {
      const answer = await http(request);
      if (request.method === 'PUT') pushes.push({ request, answer });
      return answer;
    }),
  );
  await contact(device);
  return device as Dm2Device;
}

const FIELDS = 'moid miid path state holders pushedAt operation { state commands { kind outcome carrier } }';
interface Answer {
  readonly state: string;
  readonly holders: number;
  readonly pushedAt: string | null;
  readonly operation: { readonly commands: readonly object[] } | null;
}

async function change(verb: 'subscribe' | 'unsubscribe', device: Dm2Device, path = '', key?: string): Promise<Answer> {
  const answer = await world.gateway.graphql(
    `mutation ($input: SubscribeManagementObjectInput!) { made: ${verb}ManagementObject(input: $input) { ${FIELDS} } }`,
    { input: { deviceId: device.deviceId, address: { moid: METER, path } } },
    key,
  );
  if (answer.errors !== undefined) throw new Error(codesOf(answer).join());
  return answer.data?.made as Answer;
}

async function listed(device: Dm2Device): Promise<readonly Answer[]> {
  const { device: found } = await ask<{ device: { managementObjects: { subscriptions: Answer[] }[] } }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { managementObjects(moid: "${METER}") { subscriptions { ${FIELDS} } } } }`,
    { id: device.deviceId },
  );
  return found.managementObjects[0]?.subscriptions ?? [];
}

async function valueOf(device: Dm2Device): Promise<unknown> {
  const { device: found } = await ask<{ device: { managementObjects: { values: unknown }[] } }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { managementObjects(moid: "${METER}") { values } } }`,
    { id: device.deviceId },
  );
  return found.managementObjects[0]?.values;
}

/** A node of the meter in the device's tree. */
function node({ tree }: Dm2Device, ...names: readonly string[]): readonly string[] {
  return [...(tree.instances(METER)[0]?.path ?? []), ...names];
}

/** Commands that a session brought to the device, but for those of sessions themselves. */
async function sent(device: Dm2Device): Promise<readonly string[]> {
  const { messages } = await contact(device);
  return messages
    .filter(({ direction }) => direction === 'in')
    .flatMap(({ body }) => [
      ...Buffer.from(body)
        .toString('utf8')
        .matchAll(/\["(SUB|UNSUB|HGET|DELETE)",("[^\]]*)\]/g),
    ])
    .map(([, name = '', rest = '']) => `${name} ${rest.replace(/"[^"]*\/repository\/[\w-]+",/, '')}`);
}

async function eventsOf(device: Dm2Device, type: string): Promise<readonly unknown[]> {
  const rows = await world.gateway.db.sql.query<{ data: unknown }>(
    `SELECT e.data FROM event e JOIN device d ON d.id = e.device_id WHERE d.device_id = $1 AND e.type = $2 ORDER BY e.id`,
    [device.deviceId, type],
  );
  return rows.map(({ data }) => data);
}

const ROOT = `"${METER}/Meter/"`;

describe('SUB, 5', () => {
  test('the device is asked at its next contact; what changes then stands in the object, and an event tells it', async () => {
    const device = await metered();
    expect(await change('subscribe', device)).toMatchObject({ state: 'REQUESTED', holders: 1, pushedAt: null });
    expect(await sent(device)).toEqual([`SUB ${ROOT}`]);
    expect(await listed(device)).toMatchObject([
      { path: '', state: 'ACTIVE', operation: { commands: [{ kind: 'SUBSCRIBE', outcome: 'OK', carrier: 'SUB' }] } },
    ]);
    device.tree.replace(node(device, 'Interval'), { value: '42' }, undefined);
    device.tree.delete(node(device, 'Tariff', 'day'), undefined);
    expect(await device.pushChanges()).toBe(1);
    expect(pushes.map(({ answer }) => answer.status)).toEqual([204]);
    expect(await valueOf(device)).toMatchObject({ Interval: 42, Tariff: { night: { Start: '2200', Rate: 0.17 } } });
    expect(await valueOf(device)).not.toHaveProperty('Tariff.day');
    expect(await eventsOf(device, 'managementObjectPushed')).toEqual([{ moid: METER, miid: 'Meter', path: '' }]);
    expect((await listed(device))[0]?.pushedAt).not.toBeNull();
  });

  test('of one leaf, which comes as its bare value', async () => {
    const device = await metered();
    await change('subscribe', device, 'Unit');
    expect(await sent(device)).toEqual([`SUB "${METER}/Meter/Unit"`]);
    device.tree.replace(node(device, 'Interval'), { value: '42' }, undefined);
    expect(await device.pushChanges()).toBe(0);
    device.tree.replace(node(device, 'Unit'), { value: 'MWh' }, undefined);
    expect(await device.pushChanges()).toBe(1);
    expect(pushes[0]?.request.headers['content-type']).toMatch(/^text\/plain/);
    expect(await valueOf(device)).toMatchObject({ Unit: 'MWh', Interval: 15 });
  });

  test('several who hold it are one subscription on the device, which ends with the last', async () => {
    const device = await metered();
    const other = await createKey(world.gateway, device.deviceId, { right: 'READ', moid: METER });
    await change('subscribe', device);
    expect(await change('subscribe', device)).toMatchObject({ holders: 1 });
    expect(await change('subscribe', device, '', other)).toMatchObject({ holders: 2 });
    expect(await sent(device)).toEqual([`SUB ${ROOT}`]);
    expect(await change('unsubscribe', device)).toMatchObject({ state: 'ACTIVE', holders: 1 });
    await expect(change('unsubscribe', device)).rejects.toThrow('NOT_FOUND');
    expect(await sent(device)).toEqual([]);
    expect(await change('unsubscribe', device, '', other)).toMatchObject({ state: 'ENDING', holders: 0 });
    // From now on nobody takes what still comes.
    device.tree.replace(node(device, 'Interval'), { value: '7' }, undefined);
    expect(await device.pushChanges()).toBe(0);
    expect(pushes.map(({ answer }) => answer.status)).toEqual([404]);
    expect(await sent(device)).toEqual([`UNSUB ${ROOT}`]);
    expect(await listed(device)).toEqual([]);
    expect(device.save().subscriptions).toEqual([]);
    expect(await valueOf(device)).toMatchObject({ Interval: 15 });
    await change('subscribe', device);
    expect(await sent(device)).toEqual([`SUB ${ROOT}`]);
  });

  test('a key that is revoked lets go of what it holds, and one that expires does', async () => {
    const device = await metered();
    const made = async (input: object): Promise<{ readonly id: string; readonly key: string }> => {
      const { createApiKey } = await ask<{ createApiKey: { key: string; apiKey: { id: string } } }>(
        world.gateway,
        'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }',
        { input: { name: 'holder', admin: true, ...input } },
      );
      return { id: createApiKey.apiKey.id, key: createApiKey.key };
    };
    const revoke = async (id: string): Promise<unknown> =>
      ask(world.gateway, 'mutation ($id: ID!) { revokeApiKey(id: $id) { id } }', { id });
    const [one, other, brief] = [await made({}), await made({}), await made({ expiresIn: 'PT1H' })];
    for (const { key } of [one, other]) await change('subscribe', device, '', key);
    await change('subscribe', device, 'Unit', brief.key);
    await sent(device);
    await revoke(one.id);
    expect(await listed(device)).toMatchObject([
      { path: '', state: 'ACTIVE', holders: 1 },
      { path: 'Unit', state: 'ACTIVE', holders: 1 },
    ]);
    expect(await sent(device)).toEqual([]);
    await revoke(other.id);
    expect(await listed(device)).toMatchObject([{ state: 'ENDING', holders: 0 }, { state: 'ACTIVE' }]);
    expect(await sent(device)).toEqual([`UNSUB ${ROOT}`]);
    await world.passes(2 * 3_600_000);
    expect(await sent(device)).toEqual([`UNSUB "${METER}/Meter/Unit"`]);
    expect(await listed(device)).toEqual([]);
  });

  test('one that the device was never asked for leaves nothing behind', async () => {
    const device = await metered();
    await change('subscribe', device);
    await change('unsubscribe', device);
    expect(await sent(device)).toEqual([]);
    const [row] = await world.gateway.db.sql.query<{ n: string }>(
      `SELECT count(*) AS n FROM repository_item r JOIN device d ON d.id = r.device_id WHERE d.device_id = $1 AND r.purpose = 'SUBSCRIPTION'`,
      [device.deviceId],
    );
    expect(Number(row?.n)).toBe(0);
  });

  test('what is no data of the object is refused, and nothing changes', async () => {
    const device = await metered({ subscriptions: true }, { auth: 'basic' });
    await change('subscribe', device);
    await sent(device);
    const before = await valueOf(device);
    const [{ serverUri } = { serverUri: '' }] = device.save().subscriptions;
    const login = {
      authorization: `Basic ${Buffer.from(`${device.options.user}:${device.options.secret}`).toString('base64')}`,
    };
    const put = async (body: string, type: string): Promise<readonly [number, string | null]> => {
      const answer = await fetch(world.reach(serverUri), {
        method: 'PUT',
        body,
        headers: { ...login, 'content-type': type },
      });
      return [answer.status, answer.headers.get('omadm-accept')];
    };
    const accepted = expect.stringContaining('application/dmmo+json') as string;
    expect(await put('<a/>', 'application/xml')).toEqual([415, accepted]);
    expect(await put('{"', 'application/dmmo+json')).toEqual([400, null]);
    expect(await put('[]', 'application/dmmo+json')).toEqual([400, null]);
    expect(await put('{"ClientURI":"urn:other:mo//","MOData":{"x":{}}}', 'application/dmmo+json')).toEqual([400, null]);
    expect(await put('bare', 'text/plain')).toEqual([400, null]);
    const stranger = await fetch(world.reach(serverUri), {
      method: 'PUT',
      body: '[]',
      headers: { 'content-type': 'application/dmmo+json' },
    });
    expect(stranger.status).toBe(401);
    expect(await valueOf(device)).toEqual(before);
    expect(await eventsOf(device, 'managementObjectPushed')).toEqual([]);
  });

  test('a device without SUB answers 501: UNSUPPORTED, remembered with the evidence, and not asked again', async () => {
    const device = await metered({});
    await change('subscribe', device);
    expect(await sent(device)).toEqual([`SUB ${ROOT}`]);
    expect(await listed(device)).toMatchObject([{ state: 'UNSUPPORTED' }]);
    const { device: found } = await ask<{ device: { features: unknown[] } }>(
      world.gateway,
      'query ($id: ID!) { device(deviceId: $id) { features { name value evidence } } }',
      { id: device.deviceId },
    );
    expect(found.features).toContainEqual({ name: 'SUB', value: false, evidence: 'SUB answered 501' });
    await change('subscribe', device, 'Unit');
    expect(await sent(device)).toEqual([]);
    expect(await listed(device)).toMatchObject([{ state: 'UNSUPPORTED' }, { state: 'UNSUPPORTED' }]);
  });

  test('a device that was bootstrapped anew is asked again, in the same session', async () => {
    const device = await metered();
    await change('subscribe', device);
    await change('subscribe', device, 'Unit');
    await sent(device);
    // The account came anew: what the old one had is forgotten.
    const memory = device.save();
    const anew = (await world.device('dm2', `${device.deviceId}-x`, {
      features: { subscriptions: true },
      bootstrapped: true,
    } as never)) as Dm2Device;
    Object.assign(anew.options, {
      deviceId: device.deviceId,
      user: device.options.user,
      secret: device.options.secret,
    });
    anew.load({ ...memory, subscriptions: [] });
    expect([...(await sent(anew))].sort()).toEqual([`SUB ${ROOT}`, `SUB "${METER}/Meter/Unit"`].sort());
    expect(await listed(device)).toMatchObject([{ state: 'ACTIVE' }, { state: 'ACTIVE' }]);
    anew.tree.replace(node(anew, 'Interval'), { value: '9' }, undefined);
    expect(await anew.pushChanges()).toBe(1);
    expect(await valueOf(device)).toMatchObject({ Interval: 9 });
  });

  test('needs READ on the part, an object that the device told of, and DM 2.0', async () => {
    const device = await metered();
    const narrow = await createKey(world.gateway, device.deviceId, { right: 'READ', moid: METER, path: 'Tariff' });
    const blind = await createKey(world.gateway, device.deviceId, { right: 'WRITE' }, { right: 'DELEGATE' });
    await expect(change('subscribe', device, '', blind)).rejects.toThrow('FORBIDDEN');
    await expect(change('subscribe', device, '', narrow)).rejects.toThrow('FORBIDDEN');
    expect(await change('subscribe', device, 'Tariff', narrow)).toMatchObject({ state: 'REQUESTED' });
    await expect(change('subscribe', device, 'Nothing')).rejects.toThrow('NOT_IN_DDF');
    const old = await world.device('dm1', 'urn:uuid:subscribed-dm1');
    await contact(old);
    await expect(change('subscribe', old as never)).rejects.toThrow('NOT_SUPPORTED_BY_DEVICE');
  });
});
