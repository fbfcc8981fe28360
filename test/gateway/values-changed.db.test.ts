import { untilEventsAreServed } from '../support/administration';
import { METER, PROTOCOLS, ask, contact, createKey, startWorld, submit } from './support/world';
import type { World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.close());

const HISTORY = `query ($deviceId: ID!, $moid: String, $path: String) { device(deviceId: $deviceId) { managementObjects(moid: $moid) {
  history(path: $path) { nodes { path old new existed exists oldDigest { octets } newDigest { octets } more } pageInfo { hasNextPage } } } } }`;
const EVENTS = `query ($deviceId: ID!) { events(where: { deviceId: $deviceId, type: "valuesChanged" }) { nodes { data } } }`;

interface History {
  readonly device: {
    readonly managementObjects: readonly { readonly history: { readonly nodes: readonly object[] } }[];
  };
}
interface Events {
  readonly events: { readonly nodes: readonly { readonly data: { readonly changes: readonly object[] } | null }[] };
}

test.each(PROTOCOLS)(
  'What changes on a %s device is told with old and new values, to whom may read them',
  async (protocol) => {
    const { gateway } = world;
    const device = await world.device(protocol, `urn:uuid:values-${protocol}`);
    const { deviceId } = device;
    await contact(device);
    const read = { get: { address: { moid: METER } } };
    await submit(gateway, deviceId, [read]);
    await contact(device);
    await untilEventsAreServed(gateway.db);
    expect((await ask<Events>(gateway, EVENTS, { deviceId })).events.nodes).toEqual([]);

    const set = (path: string, value: object): object => ({ replace: { address: { moid: METER, path }, value } });
    const note = 'n'.repeat(2_000);
    await submit(gateway, deviceId, [
      set('Interval', { int: 77 }),
      { add: { address: { moid: METER, path: 'Note' }, value: { text: note } } },
    ]);
    await contact(device);
    await submit(gateway, deviceId, [read]);
    await contact(device);
    await untilEventsAreServed(gateway.db);

    const variables = { deviceId, moid: METER };
    const all = await ask<History>(gateway, HISTORY, variables);
    const changes = all.device.managementObjects[0]?.history.nodes;
    expect(changes).toContainEqual({
      path: 'Interval',
      old: expect.any(Number) as unknown,
      new: 77,
      existed: true,
      exists: true,
      oldDigest: null,
      newDigest: null,
      more: false,
    });
    expect(changes).toContainEqual(
      expect.objectContaining({ path: 'Note', new: null, exists: true, existed: false, newDigest: { octets: 2_000 } }),
    );

    const key = await createKey(gateway, deviceId, { right: 'READ', moid: METER, path: 'Interval' });
    const little = await gateway.graphql(HISTORY, variables, key);
    const paths = (little.data as History).device.managementObjects[0]?.history.nodes;
    expect(paths).toEqual([expect.objectContaining({ path: 'Interval', new: 77 })]);
    const told = (await gateway.graphql(EVENTS, { deviceId }, key)).data as Events;
    expect(told.events.nodes.flatMap(({ data }) => data?.changes ?? [])).toEqual([
      expect.objectContaining({ path: 'Interval', new: 77 }),
    ]);
    const other = await createKey(gateway, deviceId, { right: 'READ', moid: METER, path: 'Serial' });
    const none = await gateway.graphql(HISTORY, variables, other);
    expect((none.data as History).device.managementObjects[0]?.history.nodes).toEqual([]);
  },
);
