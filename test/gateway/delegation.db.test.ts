/** dm1 19, "Delegation": two gateways with a database each, and a device of DM 1.3 with two accounts. dm1 7: ACLs of 1.3. */
import type { Dm1Device } from '../../src/simulator';
import type { TestGateway } from '../support/gateway';
import {
  addMeter,
  ask,
  codesOf,
  contact,
  createAccount,
  credentialOf,
  findOperation,
  FUMO,
  hangUp,
  METER,
  register,
  SERVER_ID,
  SERVER_SECRET,
  simulated,
  submit,
  type OperationAnswer,
} from './support/world';
import { startTestGateway } from '../support/gateway';

const DEVICE = 'IMEI:490154203237518';
const B_ID = 'b.example';
const SECRET = 'secret-between-the-two-gateways';
const HOUR_MS = 3_600_000;
const OURS = `Add=${SERVER_ID}&Delete=${SERVER_ID}&Exec=${SERVER_ID}&Get=*&Replace=${SERVER_ID}`;
const METER_ROOT = ['Vendor', 'Acme', 'Meter'];
const FUMO_ROOT = ['FUMO', 'fw1'];

let now = Date.parse('2026-11-27T12:00:00Z');
let a: TestGateway;
let b: TestGateway;
let device: Dm1Device;
let key: string;

beforeAll(async () => {
  b = await startTestGateway({ now: () => now });
  a = await startTestGateway({ now: () => now });
  for (const gateway of [a, b]) await addMeter(gateway);
  await introduce(a, { name: 'b', url: b.url, deviceUrl: `${b.deviceUrl}/dm/1`, serverId: B_ID });
  key = await makeKey(b);
  await introduce(b, { name: 'a', url: a.url, serverId: SERVER_ID, ownServerId: B_ID, grantTo: await principalOf(b) });
  const accountId = await createAccount(a);
  device = simulated('dm1', a.deviceUrl, DEVICE, {
    version: '1.3',
    serverSecret: SERVER_SECRET,
  }) as Dm1Device;
  await register(a, { deviceId: DEVICE, accountId, clientAuth: credentialOf(device) });
  await contact(device);
  // Whatever the device came with, from now on only A may change what is in these two.
  const addresses = [{ moid: METER }, { moid: FUMO }, { uri: './FUMO' }];
  const lists = addresses.map((address) => ({ setAcl: { address, acl: OURS } }));
  expect(await done(a, device, lists)).toMatchObject({ state: 'SUCCEEDED' });
  // Two databases are made.
}, 300_000);
afterAll(async () => {
  hangUp();
  await a.close();
  await b.close();
});

async function introduce(gateway: TestGateway, input: object): Promise<void> {
  await ask(gateway, 'mutation ($input: CreatePeerInput!) { createPeer(input: $input) { id } }', {
    input: { ...input, secret: SECRET },
  });
}

async function makeKey(gateway: TestGateway): Promise<string> {
  const made = await ask<{ createApiKey: { key: string } }>(
    gateway,
    'mutation { createApiKey(input: { name: "field service" }) { key } }',
  );
  return made.createApiKey.key;
}

async function principalOf(gateway: TestGateway): Promise<string> {
  const { apiKeys } = await ask<{ apiKeys: { nodes: { principal: string }[] } }>(
    gateway,
    '{ apiKeys { nodes { principal } } }',
  );
  return apiKeys.nodes.at(-1)?.principal ?? '';
}

/** Submits, lets the device come, and gives what became of it. */
async function done(
  gateway: TestGateway,
  as: Dm1Device,
  commands: readonly object[],
  more = {},
): Promise<OperationAnswer> {
  const { id } = await submit(gateway, DEVICE, commands, more);
  await contact(as);
  return findOperation(gateway, id);
}

const STATE = 'id direction state peer moids until problem device { deviceId tags }';
interface State {
  readonly id: string;
  readonly state: string;
  readonly problem: string | null;
  readonly device: { readonly tags: readonly string[] };
}

async function delegate(moids: readonly string[] = [METER], expiresIn: string | null = 'PT1H'): Promise<State> {
  const made = await ask<{ delegateManagement: State }>(
    a,
    `mutation ($input: DelegateManagementInput!) { delegateManagement(input: $input) { ${STATE} } }`,
    { input: { deviceId: DEVICE, peer: 'b', moids, expiresIn } },
  );
  return made.delegateManagement;
}

async function latest(gateway: TestGateway): Promise<State | undefined> {
  const { delegations } = await ask<{ delegations: { nodes: State[] } }>(
    gateway,
    `{ delegations { nodes { ${STATE} } } }`,
  );
  return delegations.nodes.at(-1);
}

/** The timers' step, the device's contact, until nothing changes any more: each step is one operation. */
async function settle(): Promise<void> {
  for (let step = 0; step < 3; step++) {
    await a.timers.runOnce();
    await contact(device);
  }
  await a.timers.runOnce();
}

/** The device as it speaks to B, by the account that A put into it. */
function toB(): Dm1Device {
  const found = device.withAccountOf(B_ID);
  if (found === undefined) throw new Error('the device has no account of B');
  return found;
}

const unit = (text: string): object => ({ replace: { address: { moid: METER, path: 'Unit' }, value: { text } } });

describe('A delegates one object for an hour to B', () => {
  test('the device gets an account of B, and B all rights on that object and on nothing else', async () => {
    expect(await delegate()).toMatchObject({ direction: 'GIVEN', state: 'PREPARING', peer: 'b', moids: [METER] });
    expect(await latest(b)).toMatchObject({
      direction: 'TAKEN',
      state: 'ACTIVE',
      until: '2026-11-27T13:00:00.000Z',
      device: { deviceId: DEVICE, tags: ['delegated'] },
    });
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'ACTIVE', problem: null });
    expect(device.tree.aclOf(METER_ROOT).text).toBe(
      ['Add', 'Delete', 'Exec'].map((verb) => `${verb}=${SERVER_ID}+${B_ID}`).join('&') +
        `&Get=*&Replace=${SERVER_ID}+${B_ID}`,
    );
    expect(device.tree.aclOf(FUMO_ROOT).text).toBe(OURS);
  });

  test('the secrets of the account are kept nowhere in clear once the device has them', async () => {
    const { secret, serverSecret } = toB().options;
    for (const gateway of [a, b])
      for (const table of ['command', 'delegation', 'event', 'management_object', 'peer', 'device_credential'])
        for (const text of [secret ?? '', serverSecret ?? '', SECRET]) {
          const found = await gateway.db.sql.query(`SELECT 1 FROM ${table} t WHERE strpos(t::text, $1) > 0`, [text]);
          expect([table, text === SECRET, found]).toEqual([table, text === SECRET, []]);
        }
  });

  test('B manages it, also by the key that was to get it, and both know one another by the credentials made for this', async () => {
    await contact(toB());
    expect(await done(b, toB(), [unit('MWh')])).toMatchObject({ state: 'SUCCEEDED' });
    const read = await b.graphql(`{ device(deviceId: "${DEVICE}") { managementObjects { moid values } } }`, {}, key);
    expect(read.data).toMatchObject({ device: { managementObjects: [{ moid: METER, values: { Unit: 'MWh' } }] } });
  });

  test('B cannot touch another: the device answers 425', async () => {
    const fumo = {
      replace: { address: { moid: FUMO, path: 'Download/PkgURL' }, value: { text: 'https://evil.example' } },
    };
    expect(await done(b, toB(), [fumo])).toMatchObject({
      state: 'FAILED',
      commands: [{ outcome: 'PERMISSION_DENIED', statusCode: 425 }],
    });
    const steal = { setAcl: { address: { moid: FUMO }, acl: `Replace=${B_ID}` } };
    expect(await done(b, toB(), [steal])).toMatchObject({ commands: [{ statusCode: 425 }] });
  });

  test('the same object is not delegated twice, and B does not give it on', async () => {
    const again = await a.graphql(
      `mutation { delegateManagement(input: { deviceId: "${DEVICE}", peer: "b", moids: ["${METER}"] }) { id } }`,
    );
    expect(codesOf(again)).toEqual(['ALREADY_EXISTS']);
    const on = await b.graphql(
      `mutation { delegateManagement(input: { deviceId: "${DEVICE}", peer: "a", moids: ["${METER}"] }) { id } }`,
    );
    expect(codesOf(on)).toEqual(['FORBIDDEN']);
  });

  test('when the hour is over B sends nothing any more, and A takes rights and account from the device', async () => {
    const late = await submit(b, DEVICE, [unit('GWh')], { expiresIn: 'P10D' });
    const bs = toB();
    now += HOUR_MS;
    expect(
      codesOf(
        await b.graphql(
          `mutation { submitOperation(input: { deviceId: "${DEVICE}", commands: [{ get: { address: { moid: "${METER}" } } }] }) { id } }`,
        ),
      ),
    ).toEqual(['FORBIDDEN']);
    await b.timers.runOnce();
    expect(await latest(b)).toMatchObject({ state: 'ENDED', device: { tags: ['delegation-ended'] } });
    expect((await findOperation(b, late.id)).state).toMatch(/^(?:CANCELLED|EXPIRED)$/);
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'ENDED', problem: null });
    expect(device.tree.aclOf(METER_ROOT).text).toBe(OURS);
    expect(device.withAccountOf(B_ID)).toBeUndefined();
    // Even with the old login, which B still knows, nothing is asked of the device.
    await contact(bs);
    expect(device.tree.find([...METER_ROOT, 'Unit'])?.value).toBe('MWh');
  });
});

describe('a delegation that ends otherwise', () => {
  test('is ended by A at once; a list that somebody changed meanwhile keeps the change', async () => {
    const { id } = await delegate([METER], null);
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'ACTIVE', until: null });
    const changed = `Get=*&Replace=${SERVER_ID}+${B_ID}+third.example`;
    await done(a, device, [{ setAcl: { address: { moid: METER }, acl: changed } }]);
    await ask(a, 'mutation ($id: ID!) { endDelegation(id: $id) { state } }', { id });
    expect(await latest(b)).toMatchObject({ state: 'ENDED' });
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'ENDED' });
    expect(device.tree.aclOf(METER_ROOT).text).toBe(`Get=*&Replace=${SERVER_ID}+third.example`);
  });

  test('is ended by B, and A takes the rights back; the object that inherited does so again', async () => {
    await done(a, device, [{ setAcl: { address: { moid: METER }, acl: OURS } }]);
    const devInfo = 'urn:oma:mo:oma-dm-devinfo:1.0';
    await delegate([METER]);
    await settle();
    const taken = await latest(b);
    await ask(b, 'mutation ($id: ID!) { endDelegation(id: $id) { state } }', { id: taken?.id });
    expect(await latest(a)).toMatchObject({ state: 'ENDING' });
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'ENDED' });
    expect(device.tree.aclOf(METER_ROOT).text).toBe(OURS);
    // DevInfo has no list of its own, and A no Replace above it: the device refuses the rights, and all is taken back.
    await delegate([devInfo]);
    await settle();
    await settle();
    expect(await latest(a)).toMatchObject({ state: 'FAILED' });
    expect(await latest(b)).toMatchObject({ state: 'ENDED' });
    expect(device.tree.aclOf(['DevInfo'])).toEqual({ text: 'Add=*&Get=*', inherited: true });
    expect(device.withAccountOf(B_ID)).toBeUndefined();
  });
});

describe('a gateway takes nothing from strangers', () => {
  const post = (body: string, bearer?: string): Promise<Response> =>
    fetch(`${b.url}/dm/delegation`, {
      method: 'POST',
      headers: {
        'content-type': 'application/vnd.dm.delegation+xml',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body,
    });
  const end = '<End xmlns="urn:moql:dm-delegation:1.0"><SessionID>x</SessionID></End>';

  test.each([
    ['without a secret', end, undefined, 401],
    ['with a wrong one', end, 'x'.repeat(20), 401],
    ['with an API key', end, 'key', 401],
    ['of what is no document', '<x/>', SECRET, 400],
  ])('%s', async (_what, body, bearer, status) => {
    expect((await post(body, bearer === 'key' ? b.adminKey : bearer)).status).toBe(status);
  });

  test('an address without TLS beyond this machine, and one with a user, are no peers', async () => {
    for (const url of [
      'http://dm.example',
      'https://u:p@dm.example',
      'file:///etc/passwd',
      'https://dm.example/?x=1',
    ]) {
      const answer = await a.graphql('mutation ($input: CreatePeerInput!) { createPeer(input: $input) { id } }', {
        input: { name: url, url, serverId: 'x', secret: 'y'.repeat(20) },
      });
      expect([url, codesOf(answer)]).toEqual([url, ['BAD_USER_INPUT']]);
    }
  });

  test('a device that B manages itself is not taken from it', async () => {
    const accountId = await createAccount(b, { serverId: 'own.example' });
    await register(b, { deviceId: 'IMEI:7', accountId });
    const own = await createAccount(a, { serverId: 'other.example' });
    const seven = simulated('dm1', a.deviceUrl, 'IMEI:7', { version: '1.3' }) as Dm1Device;
    await register(a, { deviceId: 'IMEI:7', accountId: own, clientAuth: credentialOf(seven) });
    await contact(seven);
    const answer = await a.graphql(
      `mutation { delegateManagement(input: { deviceId: "IMEI:7", peer: "b", moids: ["${METER}"] }) { id } }`,
    );
    expect(codesOf(answer)).toEqual(['PEER_REFUSED']);
    expect(await latest(a)).toMatchObject({ device: { deviceId: DEVICE } });
  });
});

describe('DM 1.3 and ACLs (dm1 7)', () => {
  test('an inherited list is told with 217 and marked, and the root’s cannot be changed: 405', async () => {
    const root = { setAcl: { address: { uri: '.' }, acl: 'Get=*&Replace=*' } };
    const operation = await done(a, device, [{ getAcl: { address: { moid: METER, path: 'Unit' } } }, root]);
    expect(operation.commands).toMatchObject([
      { outcome: 'OK', statusCode: 217, result: OURS },
      { outcome: 'NOT_ALLOWED', statusCode: 405 },
    ]);
  });
});
