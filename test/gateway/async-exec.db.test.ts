import type { Dm1Device } from '../../src/simulator';
import { contact, findOperation, FUMO, startWorld, submit, type OperationAnswer, type World } from './support/world';

const SCOMO = 'urn:oma:mo:oma-scomo';
const DAY = 86_400_000;

let now = Date.now();
let world: World;

beforeAll(async () => {
  world = await startWorld({ now: () => now });
});
afterAll(() => world.close());

const exec = (moid: string, path: string): object => ({ exec: { address: { moid, path } } });
const url = { replace: { address: { moid: FUMO, path: 'Download/PkgURL' }, value: { text: 'https://fw.example/1' } } };

async function device(name: string, options: object = {}): Promise<Dm1Device> {
  const made = (await world.device('dm1', `urn:uuid:exec-${name}`, options as never)) as Dm1Device;
  await contact(made);
  return made;
}
const statesOf = ({ commands }: OperationAnswer): unknown[] =>
  commands.map(({ kind, state, outcome, statusCode, result }) => [kind, state, outcome, statusCode, result]);
const alertsOf = async (deviceId: string): Promise<unknown[]> => {
  const answer = await world.gateway.graphql(
    'query ($d: ID!) { alerts(where: { deviceId: $d }) { nodes { type correlator resultCode } } }',
    { d: deviceId },
  );
  return (answer.data as { alerts: { nodes: unknown[] } }).alerts.nodes;
};

describe('18: an exec that the device accepts', () => {
  test('is ACCEPTED until its alert comes, days later in another session', async () => {
    const phone = await device('fumo');
    const { id } = await submit(world.gateway, phone.deviceId, [url, exec(FUMO, 'Download')]);
    await contact(phone);
    expect(statesOf(await findOperation(world.gateway, id))).toEqual([
      ['REPLACE', 'ANSWERED', 'OK', 200, null],
      ['EXEC', 'ACCEPTED', null, 202, null],
    ]);
    now += 3 * DAY;
    await world.gateway.timers.runOnce();
    await contact(phone);
    const ended = await findOperation(world.gateway, id);
    expect(ended.state).toBe('SUCCEEDED');
    expect(statesOf(ended)[1]).toEqual(['EXEC', 'ANSWERED', 'OK', 200, 200]);
    expect(await alertsOf(phone.deviceId)).toMatchObject([
      { type: 'org.openmobilealliance.dm.firmwareupdate.download', resultCode: 200 },
    ]);
  });

  test.each([
    ['failed', FUMO, 'Download', 404, 'BAD_VALUE'],
    ['refused', FUMO, 'Download', 401, 'USER_REFUSED'],
  ])('%s: %s %s with %i is %s', async (name, moid, path, code, outcome) => {
    const phone = await device(`fumo-${name}`, { execResult: code });
    const { id } = await submit(world.gateway, phone.deviceId, [url, exec(moid, path)]);
    await contact(phone);
    await contact(phone);
    const ended = await findOperation(world.gateway, id);
    expect([ended.state, statesOf(ended)[1]]).toEqual(['FAILED', ['EXEC', 'ANSWERED', outcome, code, code]]);
  });

  test('of which nothing is heard times out with its operation; the late alert changes nothing', async () => {
    const phone = await device('silent');
    const { id } = await submit(world.gateway, phone.deviceId, [url, exec(FUMO, 'Download')], { expiresIn: 'P1D' });
    await contact(phone);
    now += 2 * DAY;
    await world.gateway.timers.runOnce();
    const before = await findOperation(world.gateway, id);
    expect(statesOf(before)[1]?.toString()).toContain('ANSWERED,TIMED_OUT');
    await contact(phone);
    expect(await findOperation(world.gateway, id)).toEqual(before);
    expect(await alertsOf(phone.deviceId)).toHaveLength(1);
  });

  test('of SCOMO ends by its operation node and its own codes', async () => {
    const phone = await device('scomo', { execResult: 1409 });
    const inventory = await world.gateway.graphql(
      'query ($d: ID!) { device(deviceId: $d) { managementObjects(moid: "urn:oma:mo:oma-scomo") { values } } }',
      { d: phone.deviceId },
    );
    const [mo] = (inventory.data as { device: { managementObjects: { values: Record<string, never> }[] } }).device
      .managementObjects;
    const deployed = Object.keys((mo?.values['Inventory'] as unknown as { Deployed: object }).Deployed)[0] ?? '';
    const path = `Inventory/Deployed/${deployed}/Operations/Deactivate`;
    const { id } = await submit(world.gateway, phone.deviceId, [exec(SCOMO, path)]);
    await contact(phone);
    await contact(phone);
    expect(statesOf(await findOperation(world.gateway, id))).toEqual([
      ['EXEC', 'ANSWERED', 'DEVICE_ERROR', 1409, 1409],
    ]);
  });
});
