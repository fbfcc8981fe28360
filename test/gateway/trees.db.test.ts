import { Dm1Device, httpTransport } from '../../src/simulator';
import type { TreeQueryOptions } from '../../src/simulator/dm1/tree-query';
import { ask, contact, findOperation, METER, startWorld, submit, type World } from './support/world';

/** Requirement: trees are read, written and found by the best means of a device, and what it tells of nodes is seen. */
let world: World;

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const ALL: TreeQueryOptions = { lists: ['TNDS', 'StructData', 'Struct'], writesTnds: true };

async function device(deviceId: string, queries: TreeQueryOptions | undefined, more: object = {}): Promise<Dm1Device> {
  const features = queries === undefined ? {} : { features: { queries } };
  return (await world.device('dm1', deviceId, { auth: 'none', ...features, ...more })) as Dm1Device;
}

interface Mo {
  readonly moid: string;
  readonly miid: string;
  readonly location: string | null;
  readonly recognisedBy: string;
  readonly values: unknown;
  readonly nodes: readonly Record<string, unknown>[];
}

async function objects(deviceId: string): Promise<readonly Mo[]> {
  const { device: found } = await ask<{ device: { managementObjects: readonly Mo[] } }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { managementObjects { moid miid location recognisedBy values
      nodes { path name format type title tStamp verNo size acl value } } } }`,
    { id: deviceId },
  );
  return found.managementObjects;
}

async function features(deviceId: string): Promise<Record<string, unknown>> {
  const { device: found } = await ask<{ device: { features: readonly { name: string; value: unknown }[] } }>(
    world.gateway,
    'query ($id: ID!) { device(deviceId: $id) { features { name value } } }',
    { id: deviceId },
  );
  return Object.fromEntries(found.features.map(({ name, value }) => [name, value]));
}

async function recognise(deviceId: string, location: string, moid: string | null): Promise<void> {
  await ask(
    world.gateway,
    'mutation ($input: RecogniseManagementObjectInput!) { recogniseManagementObject(input: $input) { id } }',
    { input: { deviceId, location, moid } },
  );
}

async function events(deviceId: string): Promise<readonly string[]> {
  const { events: found } = await ask<{ events: { nodes: readonly { type: string }[] } }>(
    world.gateway,
    'query ($id: ID!) { events(where: { deviceId: $id }, first: 100) { nodes { type } } }',
    { id: deviceId },
  );
  return found.nodes.map(({ type }) => type);
}

/** As soon as they are served: on PostgreSQL a transaction of any database of the server holds them back while it runs. */
async function eventsWith(deviceId: string, type: string): Promise<readonly string[]> {
  const until = Date.now() + 30_000;
  for (;;) {
    const found = await events(deviceId);
    if (found.includes(type) || Date.now() > until) return found;
  }
}

describe('A device with TNDS', () => {
  const id = 'IMEI:300000000000001';
  let meter: Dm1Device;
  beforeAll(async () => {
    const unit = { Title: 'Unit of counting', TStamp: '20260102T030405Z', VerNo: '3' };
    meter = await device(id, {
      ...ALL,
      properties: { './Vendor/Acme/Meter/Unit': unit, './Vendor/Acme/Meter': { Title: 'The meter' } },
    });
    await contact(meter);
  });

  test('is found out as one, and has all its MOs with values after one session', async () => {
    expect(await features(id)).toMatchObject({
      'dm1.list.tnds': true,
      'dm1.list.structdata': true,
      'dm1.list.struct': true,
      'dm1.typeProperty': true,
      'dm1.largeObjects': true,
    });
    const found = await objects(id);
    expect(found.find((mo) => mo.moid === METER)).toMatchObject({
      location: './Vendor/Acme/Meter',
      recognisedBy: 'MOID',
      values: { Unit: 'kWh' },
    });
  });

  test('tells titles, time stamps and versions of nodes, which the node view shows', async () => {
    const mo = (await objects(id)).find((one) => one.moid === METER);
    expect(mo?.nodes[0]).toMatchObject({ path: '', format: 'NODE', type: METER, title: 'The meter', value: null });
    expect(mo?.nodes.find((node) => node['path'] === 'Unit')).toEqual({
      path: 'Unit',
      name: 'Unit',
      format: 'CHR',
      type: 'text/plain',
      title: 'Unit of counting',
      tStamp: '20260102T030405Z',
      verNo: 3,
      size: null,
      acl: null,
      value: 'kWh',
    });
  });

  test('a get of the whole MO is one Get, and a get with properties has them', async () => {
    const { id: operation } = await submit(world.gateway, id, [
      { get: { address: { moid: METER, path: '' }, properties: ['TITLE', 'VERNO'] } },
      { get: { address: { moid: METER, path: 'Unit' }, properties: ['TITLE', 'SIZE', 'FORMAT'] } },
    ]);
    await contact(meter);
    const [whole, unit] = (await findOperation(world.gateway, operation)).commands;
    expect(whole).toMatchObject({
      outcome: 'OK',
      result: { Unit: 'kWh' },
      resultMeta: { Unit: { format: 'chr', properties: { Title: 'Unit of counting', VerNo: '3' } } },
    });
    expect(unit).toMatchObject({
      outcome: 'OK',
      result: 'kWh',
      resultMeta: { '': { properties: { Title: 'Unit of counting', Size: '3', Format: 'chr' } } },
    });
  });

  test('takes a new sub-tree as one document', async () => {
    await submit(world.gateway, id, [
      { add: { address: { moid: METER, path: 'Tariff/peak' }, value: { json: { Start: '1700', Rate: 0.5 } } } },
    ]);
    await contact(meter);
    expect(meter.tree.find(['Vendor', 'Acme', 'Meter', 'Tariff', 'peak', 'Start'])?.value).toBe('1700');
    expect((await features(id))['dm1.tnds.write']).toBe(true);
  });

  test('paths, levels and pages of the node view', async () => {
    const nodes = async (args: string): Promise<readonly string[]> => {
      const { device: found } = await ask<{
        device: { managementObjects: readonly { nodes: readonly { path: string }[] }[] };
      }>(
        world.gateway,
        `query ($id: ID!, $moid: String) { device(deviceId: $id) { managementObjects(moid: $moid) { nodes${args} { path } } } }`,
        { id, moid: METER },
      );
      return found.managementObjects[0]?.nodes.map(({ path }) => path) ?? [];
    };
    const all = await nodes('');
    expect(new Set(all).size).toBe(all.length);
    expect(await nodes('(path: "Tariff", depth: 1)')).toEqual(expect.arrayContaining(['Tariff', 'Tariff/night']));
    expect(await nodes('(path: "Tariff", depth: 0)')).toEqual(['Tariff']);
    expect([...(await nodes('(first: 4)')), ...(await nodes(`(after: "${all[3] ?? ''}")`))]).toEqual(all);
    expect(await nodes('(path: "Nowhere")')).toEqual([]);
  });
});

test('a device without any list is told by the same queries, in its own way', async () => {
  const id = 'IMEI:300000000000002';
  const plain = await device(id, undefined);
  await contact(plain);
  expect(await features(id)).toMatchObject({
    'dm1.list.tnds': false,
    'dm1.list.structdata': false,
    'dm1.list.struct': false,
  });
  expect((await objects(id)).find((mo) => mo.moid === METER)).toMatchObject({ values: { Unit: 'kWh' } });
  await submit(world.gateway, id, [
    { add: { address: { moid: METER, path: 'Tariff/peak' }, value: { json: { Start: '1700', Rate: 0.5 } } } },
  ]);
  await contact(plain);
  expect(plain.tree.find(['Vendor', 'Acme', 'Meter', 'Tariff', 'peak', 'Start'])?.value).toBe('1700');
});

describe('A device that tells no MOID', () => {
  const id = 'IMEI:300000000000003';
  let mute: Dm1Device;
  beforeAll(async () => {
    const plants = [
      {
        place: './Fw/Upd',
        root: {
          name: 'Upd',
          format: 'node' as const,
          access: ['Get' as const],
          permanent: true,
          children: [
            leafOf('PkgName'),
            leafOf('PkgVersion'),
            nodeOf('Download', [leafOf('PkgURL')]),
            nodeOf('Update', [leafOf('PkgData')]),
            nodeOf('DownloadAndUpdate', [leafOf('PkgURL')]),
            { ...leafOf('State'), format: 'int' as const, initial: '10' },
            nodeOf('Ext', []),
          ],
        },
      },
      { place: './Odd/Thing', root: nodeOf('Thing', [leafOf('Colour')]) },
    ];
    mute = await device(id, { ...ALL, tellsMoids: false }, { plants });
    await contact(mute);
  });

  test('has its MOs by place and by shape', async () => {
    const found = await objects(id);
    expect(found.find((mo) => mo.location === './DevDetail')).toMatchObject({ recognisedBy: 'PLACE' });
    expect(found.find((mo) => mo.location === './Fw/Upd')).toMatchObject({
      recognisedBy: 'SHAPE',
      values: { State: 10 },
    });
    expect(found.find((mo) => mo.location === './Odd/Thing')).toBeUndefined();
  });

  test('an administrator says what a node is; that lasts over discoveries, until it is taken back', async () => {
    await recognise(id, 'Odd/Thing', 'urn:odd:thing:1.0');
    await contact(mute);
    const thing = {
      moid: 'urn:odd:thing:1.0',
      location: './Odd/Thing',
      recognisedBy: 'ADMINISTRATOR',
      miid: 'Thing',
      values: { Colour: 'Colour' },
    };
    expect(await objects(id)).toContainEqual(expect.objectContaining(thing));
    await ask(
      world.gateway,
      'mutation ($id: ID!) { updateDevice(deviceId: $id, input: { rediscover: true }) { id } }',
      { id },
    );
    await contact(mute);
    expect(await objects(id)).toContainEqual(expect.objectContaining(thing));
    await recognise(id, './Odd/Thing', null);
    await contact(mute);
    expect((await objects(id)).find((mo) => mo.location === './Odd/Thing')).toBeUndefined();
  });

  test('an administrator corrects a shape at once: the values stay', async () => {
    await recognise(id, './Fw/Upd', 'urn:odd:update:1.0');
    expect((await objects(id)).filter((mo) => mo.location === './Fw/Upd')).toMatchObject([
      { moid: 'urn:odd:update:1.0', recognisedBy: 'ADMINISTRATOR', values: { State: 10 } },
    ]);
    await contact(mute);
    expect((await objects(id)).filter((mo) => mo.location === './Fw/Upd')).toMatchObject([
      { moid: 'urn:odd:update:1.0', recognisedBy: 'ADMINISTRATOR' },
    ]);
  });

  test('what is no location, no MOID, or no device is refused', async () => {
    const codes = async (input: object): Promise<unknown> => {
      const answer = await world.gateway.graphql(
        'mutation ($input: RecogniseManagementObjectInput!) { recogniseManagementObject(input: $input) { id } }',
        { input },
      );
      return answer.errors?.[0]?.extensions['code'];
    };
    expect(await codes({ deviceId: id, location: '.', moid: 'x' })).toBe('BAD_USER_INPUT');
    expect(await codes({ deviceId: id, location: './A?list=TNDS', moid: 'x' })).toBe('BAD_USER_INPUT');
    expect(await codes({ deviceId: id, location: './A', moid: '' })).toBe('BAD_USER_INPUT');
    expect(await codes({ deviceId: 'nobody', location: './A', moid: 'x' })).toBe('NOT_FOUND');
  });
});

test('an MO that moved is found again under its name, and its old place is forgotten', async () => {
  const id = 'IMEI:300000000000004';
  const thing = { ...nodeOf('Thing', [leafOf('Colour')]), moid: 'urn:odd:thing:1.0' };
  const first = await device(id, ALL, { plants: [{ place: './Here/Thing', root: thing }] });
  await contact(first);
  const before = (await objects(id)).find((mo) => mo.moid === 'urn:odd:thing:1.0');
  expect(before).toMatchObject({ location: './Here/Thing', miid: 'Thing' });
  const http = httpTransport();
  const second = new Dm1Device({ ...first.options, plants: [{ place: './There/Other/Thing', root: thing }] }, http);
  await ask(world.gateway, 'mutation ($id: ID!) { updateDevice(deviceId: $id, input: { rediscover: true }) { id } }', {
    id,
  });
  await contact(second);
  http.close();
  expect((await objects(id)).filter((mo) => mo.moid === 'urn:odd:thing:1.0')).toMatchObject([
    { location: './There/Other/Thing', miid: 'Thing', values: { Colour: 'Colour' } },
  ]);
  expect(await eventsWith(id, 'managementObjectMoved')).toContain('managementObjectMoved');
});

test('another firmware makes the gateway look for MOs again', async () => {
  const id = 'IMEI:300000000000005';
  const updated = await device(id, ALL);
  await contact(updated);
  const before = await discoveredAt(id);
  updated.tree.replace(['DevDetail', 'FwV'], { value: 'next' }, undefined);
  await contact(updated);
  expect(await discoveredAt(id)).toBe(before);
  await submit(world.gateway, id, [{ get: { address: { uri: './DevDetail/FwV' } } }]);
  await contact(updated);
  expect(await eventsWith(id, 'discoveryDue')).toContain('discoveryDue');
  expect(await discoveredAt(id)).not.toBe(before);
});

async function discoveredAt(id: string): Promise<string> {
  const { device: found } = await ask<{ device: { discoveredAt: string } }>(
    world.gateway,
    'query ($id: ID!) { device(deviceId: $id) { discoveredAt } }',
    { id },
  );
  return found.discoveredAt;
}

function leafOf(name: string): { name: string; format: 'chr'; access: ['Get']; permanent: true; initial: string } {
  return { name, format: 'chr', access: ['Get'], permanent: true, initial: name };
}

function nodeOf<T>(
  name: string,
  children: T[],
): { name: string; format: 'node'; access: ['Get']; permanent: true; children: T[] } {
  return { name, format: 'node', access: ['Get'], permanent: true, children };
}

test('What is written while a device is read for the first time is known as it was written', async () => {
  const http = httpTransport();
  const at = (path: string): object => ({ moid: METER, path });
  const WRITTEN = [
    { replace: { address: at('Interval'), value: { int: 99 } } },
    { add: { address: at('Note'), value: { text: 'meanwhile' } } },
    { delete: { address: at('Tariff/day') } },
  ];
  let written: string | undefined;
  const made = await world.device(
    'dm1',
    'urn:uuid:trees-meanwhile',
    { auth: 'none', wbxml: false },
    async (request) => {
      // The gateway is about to hear what the node holds; the rest of the object it will ask for later.
      const isReading = /Meter\/Interval<[^]*<Data>15</.test(Buffer.from(request.body ?? []).toString('utf8'));
      if (isReading) written ??= (await submit(world.gateway, 'urn:uuid:trees-meanwhile', WRITTEN)).id;
      return http(request);
    },
  );
  await contact(made as Dm1Device);
  http.close();
  expect(await findOperation(world.gateway, written ?? '')).toMatchObject({ state: 'SUCCEEDED' });
  const meter = (await objects('urn:uuid:trees-meanwhile')).find(({ moid }) => moid === METER);
  expect(meter?.values).toMatchObject({ Interval: 99, Note: 'meanwhile' });
  expect((meter?.values as { Tariff: object }).Tariff).toEqual({ night: expect.anything() as unknown });
});
