import { startTestGateway } from '../support/gateway';
import type { TestGateway } from '../support/gateway';
import { moql } from './moql';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startTestGateway();
  const create = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }';
  for (const type of ['DIGEST_MD5', 'BASIC', 'HMAC', 'NONE']) {
    const secret = type === 'NONE' ? {} : { username: type, secret: 's3cret' };
    const { errors } = await gateway.graphql(create, {
      input: {
        serverId: `${type.toLowerCase().replace('_', '-')}.example`,
        autoRegister: type !== 'NONE',
        clientAuth: { type, ...secret },
        ...(type === 'HMAC' ? { serverAuth: { type, username: 'hmac.example', secret: 'of the server' } } : {}),
      },
    });
    expect(errors).toBeUndefined();
  }
});
afterAll(() => gateway.close());

let count = 0;
async function simulated(auth: 'md5' | 'basic' | 'hmac', ...more: readonly string[]) {
  const deviceId = `IMEI:4930051005928${String((count += 1)).padStart(2, '0')}`;
  const user = { md5: 'DIGEST_MD5', basic: 'BASIC', hmac: 'HMAC' }[auth];
  const ended = await moql([
    'simulate',
    ...['--protocol', 'dm1', '--url', `${gateway.url}/dm/1`, '--device-id', deviceId],
    ...['--auth', auth, '--user', user, '--secret', 's3cret'],
    ...more,
  ]);
  return { ...ended, deviceId };
}

async function ask(query: string, deviceId: string) {
  const answer = await gateway.graphql(query, { id: deviceId });
  expect(answer.errors).toBeUndefined();
  return answer.data;
}

const DONE = /ended by the server, authenticated$/m;

test.each([
  ['1.1.2', 'DM_1_1_2', 'org.openmobilealliance/1.0/w7'],
  ['1.2', 'DM_1_2', 'urn:oma:mo:oma-dm-dmacc:1.0'],
  ['1.3', 'DM_1_3', 'urn:oma:mo:oma-dm-dmacc:1.1'],
])('--version %s speaks it, and has its objects', async (version, protocol, moid) => {
  const { code, out, deviceId } = await simulated('md5', '--version', version, '--once', '--wbxml');
  expect(out).toMatch(DONE);
  expect(code).toBe(0);
  const { device } = await ask(
    'query ($id: ID!) { device(deviceId: $id) { protocol managementObjects { moid } } }',
    deviceId,
  );
  expect(device.protocol).toBe(protocol);
  expect(device.managementObjects).toContainEqual({ moid });
});

test.each(['koneki', 'libdmclient', 'windows-mobile'])('--client %s is played', async (client) => {
  const { code, out } = await simulated(
    client === 'koneki' ? 'basic' : 'md5',
    '--client',
    client,
    '--once',
    '--verbose',
  );
  expect(out).toMatch(DONE);
  expect(code).toBe(0);
  expect(out).toContain(
    client === 'libdmclient' ? 'application/vnd.syncml+wbxml; charset=utf-8' : 'application/vnd.syncml.dm+',
  );
});

test('--auth hmac signs every message, and is answered in kind', async () => {
  const { code, out } = await simulated(
    ...(['hmac', '--server-user', 'hmac.example', '--server-secret', 'of the server', '--sessions', '2'] as const),
  );
  expect(out.match(new RegExp(DONE, 'gm'))).toHaveLength(2);
  expect(code).toBe(0);
});

test('--alert and --event come with each session and are stored', async () => {
  const { code, deviceId } = await simulated(
    ...(['md5', '--alert', 'com.acme.door=open=wide', '--event', 'com.acme/login', '--sessions', '2'] as const),
  );
  expect(code).toBe(0);
  const { alerts } = await ask(
    'query ($id: ID!) { alerts(where: { deviceId: $id }) { nodes { type data } } }',
    deviceId,
  );
  const told = alerts.nodes.map(({ type, data }: { type: string; data: unknown }) => `${type} ${String(data)}`).sort();
  expect(told).toEqual([
    ...['com.acme.door open=wide', 'com.acme.door open=wide'],
    ...['com.acme/login ', 'com.acme/login '],
  ]);
});

test('--large-object has a value that comes in parts, each message within --max-msg-size', async () => {
  const uri = './Vendor/Acme/Large/Data';
  const options = ['--large-object', '150000', '--max-msg-size', '4096'] as const;
  const first = await simulated('md5', ...options, '--once');
  expect(first.code).toBe(0);
  const { data } = await gateway.graphql(
    'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
    { input: { deviceId: first.deviceId, commands: [{ get: { address: { uri } } }] } },
  );
  count -= 1;
  const again = await simulated('md5', ...options, '--once', '--verbose');
  expect(again.out).toMatch(DONE);
  const { operation } = await ask(`{ operation(id: "${data.submitOperation.id}") { state commands { result } } }`, '');
  expect(operation.state).toBe('SUCCEEDED');
  const { result } = operation.commands[0];
  expect(Buffer.from(result?.base64 ?? result, 'base64')).toHaveLength(150_000);
});

test('--interrupt breaks the first session off, and the next one is whole', async () => {
  const { code, out } = await simulated('md5', '--interrupt', '2', '--once');
  expect(out).toMatch(/: 2 messages, ended by the device[^]*ended by the server, authenticated$/);
  expect(code).toBe(0);
});

test('--repeat sends every message twice and is answered alike', async () => {
  const { code, out } = await simulated('md5', '--repeat', '--once');
  expect(out).toMatch(DONE);
  expect(code).toBe(0);
});

test('--chaos tells at the end what was done and how the server took it, and a seed does the same again', async () => {
  const options = ['--chaos', '7', '--sessions', '15', '--xml'] as const;
  const { code, out } = await simulated('basic', ...options);
  expect(code).toBe(0);
  const summary = out.slice(out.indexOf('\nchaos '));
  expect(summary).toMatch(/^\nchaos 7: 15 sessions, \d+ mishaps$/m);
  expect(summary).toMatch(/^ +\d+ × an answer was lost, and the message sent again: the same answer \d+×$/m);
  expect(summary).not.toContain('ANOTHER ANSWER');
});

test('a secret that the gateway does not take ends with exit code 1', async () => {
  const { code, out } = await moql([
    'simulate',
    ...['--protocol', 'dm1', '--url', `${gateway.url}/dm/1`, '--device-id', 'IMEI:493005100592799', '--once'],
    ...['--client', 'windows', '--user', 'BASIC', '--secret', 'wrong'],
  ]);
  expect(code).toBe(1);
  expect(out).toMatch(/ended by the device, not authenticated/);
});
