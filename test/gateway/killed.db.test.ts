import { httpTransport } from '../../src/simulator';
import type { Dm1Device, Dm2Device, SessionReport, Transport, WireResponse } from '../../src/simulator';
import { makeHome, startAgain, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import {
  METER,
  PROTOCOLS,
  addMeter,
  ask,
  contact,
  createAccount,
  credentialOf,
  faultless,
  findOperation,
  finish,
  hangUp,
  register,
  simulated,
  submit,
} from './support/world';
import type { Protocol } from './support/world';

let home: Home;
let gateway: GatewayProcess;
let accountId: string;

beforeAll(async () => {
  home = await makeHome();
  gateway = await startGatewayProcess(home);
  await addMeter(gateway);
  accountId = await createAccount(gateway);
});
afterAll(async () => {
  hangUp();
  http.close();
  await gateway.kill();
  await home.remove();
});

const http = httpTransport();

/** Ends the gateway by `kill -9` and starts it at the same address and on the same database. */
async function crash(): Promise<void> {
  await gateway.kill();
  gateway = await startAgain(home, gateway);
}

async function metDevice(protocol: Protocol, name: string, transport?: Transport): Promise<Dm1Device | Dm2Device> {
  const deviceId = `urn:uuid:killed-${protocol}-${name}`;
  const device = simulated(protocol, gateway.deviceUrl, deviceId, {}, transport);
  await register(gateway, { deviceId, accountId, clientAuth: credentialOf(device) });
  await contact(device);
  return device;
}

const address = (path: string): object => ({ moid: METER, path });
/** The exec is a barrier: it leaves when the write before it was answered, and ends before the read begins. */
const WORK = [
  { replace: { address: address('Interval'), value: { int: 99 } } },
  { exec: { address: address('Ops/Reset') } },
  { add: { address: address('Note'), value: { text: 'added once' } } },
  { get: { address: address('Interval') } },
];

const interval = (device: Dm1Device | Dm2Device): unknown =>
  device.tree.find(['Vendor', 'Acme', 'Meter', 'Interval'])?.value;

/** Commands that change something, as the device answered them. */
function executed({ statusesSeen }: SessionReport): readonly string[] {
  return statusesSeen
    .filter(({ by, command }) => by === 'device' && /^(?:Exec|Add|Replace|HGET)$/i.test(command))
    .map(({ command, target, code }) => `${command} ${target?.split('/').at(-1) ?? ''} ${code}`);
}

async function endedOnce(operationId: string, deviceId: string): Promise<void> {
  expect(await findOperation(gateway, operationId)).toMatchObject({
    state: 'SUCCEEDED',
    endedAt: expect.any(String) as unknown,
    commands: [
      { state: 'ANSWERED', outcome: 'OK' },
      { state: 'ANSWERED', outcome: 'OK' },
      { state: 'ANSWERED', outcome: 'OK' },
      { state: 'ANSWERED', outcome: 'OK', result: 15 },
    ],
  });
  const { events } = await ask<{ events: { nodes: readonly { type: string; data: { operation?: string } }[] } }>(
    gateway,
    'query ($id: ID!) { events(where: { deviceId: $id }, first: 100) { nodes { type data } } }',
    { id: deviceId },
  );
  const ends = events.nodes.filter(({ type }) => type === 'operationEnded');
  expect(ends).toHaveLength(1);
}

test('A gateway that is killed between two messages goes on with each session, and each operation ends once', async () => {
  const held = [];
  for (const protocol of PROTOCOLS) {
    const device = await metDevice(protocol, 'held');
    const { id } = await submit(gateway, device.deviceId, WORK);
    const stepper = device.begin();
    await stepper.step();
    while (interval(device) !== '15' || !sentExec(stepper.report())) expect(await stepper.step()).toBe(true);
    expect(await findOperation(gateway, id)).toMatchObject({
      state: 'RUNNING',
      commands: [{ state: 'ANSWERED' }, { state: 'SENT' }, { state: 'QUEUED' }, { state: 'QUEUED' }],
    });
    held.push({ device, stepper, id });
  }
  await crash();
  for (const { device, stepper, id } of held) {
    const report = await finish(stepper);
    expect(executed(report)).toHaveLength(3);
    expect(interval(device)).toBe('15');
    await endedOnce(id, device.deviceId);
  }
});

/** Whether the device was told to execute. */
function sentExec({ messages }: SessionReport): boolean {
  return messages.some(({ direction, body }) => direction === 'in' && Buffer.from(body).includes('Ops/Reset'));
}

describe.each(PROTOCOLS)('When a message of a %s device is repeated because the gateway was killed', (protocol) => {
  test('it is answered as it was before, or for the first time, and nothing happens twice', async () => {
    let next: 'nothing' | 'after the exec left' | 'while its answer is read' = 'nothing';
    let lost: WireResponse | undefined;
    let repeated: WireResponse | undefined;
    const lossy: Transport = async (request) => {
      if (next === 'while its answer is read') {
        next = 'nothing';
        await Promise.allSettled([http(request), crash()]);
        return http(request);
      }
      const answer = await http(request);
      if (next === 'nothing' || !Buffer.from(answer.body).includes('Ops/Reset')) return answer;
      next = 'while its answer is read';
      lost = answer;
      await crash();
      repeated = await http(request);
      return repeated;
    };
    const device = await metDevice(protocol, 'lost', lossy);
    const { id } = await submit(gateway, device.deviceId, WORK);
    next = 'after the exec left';
    const report = faultless(await device.connect());
    expect(next).toBe('nothing');
    expect(repeated?.status).toBe(200);
    expect(repeated?.body).toEqual(lost?.body);
    expect(executed(report)).toHaveLength(3);
    expect(interval(device)).toBe('15');
    await endedOnce(id, device.deviceId);
  });
});
