import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeWith, requireTool } from '../support/shared';
import { byEvents, byWebSocket } from '../support/subscriber';
import { startReceiver, type Answer } from '../support/webhook-receiver';
import { makeHome, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import {
  METER,
  addMeter,
  ask,
  contact,
  createAccount,
  credentialOf,
  findOperation,
  hangUp,
  register,
  simulated,
  submit,
} from './support/world';

const KEY = 'administrator-of-the-processes';

afterAll(() => hangUp());

describeWith('postgres', 'Of two gateways on one database', () => {
  let home: Home;
  let one: GatewayProcess;
  let two: GatewayProcess;
  let accountId: string;

  beforeAll(async () => {
    home = await makeHome(requireTool('postgres'));
    one = await startGatewayProcess(home);
    two = await startGatewayProcess(home);
    await addMeter(one);
    accountId = await createAccount(one);
  });
  afterAll(async () => {
    await Promise.all([one, two].map((gateway) => gateway?.kill()));
    await home.remove();
  });

  test('what is asked of one and done at the other is told the same by wait, by subscription and by asking again', async () => {
    const device = simulated('dm2', two.deviceUrl, 'urn:uuid:live-both');
    await register(one, { deviceId: device.deviceId, accountId, clientAuth: credentialOf(device) });
    await contact(device);
    const commands = [{ get: { address: { moid: METER, path: 'Serial' } } }];
    // The one that is waited for comes last, so that all three have ended when it has.
    const { id } = await submit(one, device.deviceId, commands);
    const state =
      'subscription ($id: ID!) { operationChanged(id: $id) { id state endedAt commands { outcome result } } }';
    const byOne = await byWebSocket({ url: one.deviceUrl, key: KEY }, state, { id });
    const byTwo = await byEvents({ url: two.deviceUrl, key: KEY }, state, { id });
    expect(await byOne.next()).toMatchObject({ operationChanged: { id, state: 'QUEUED' } });
    expect(await byTwo.next()).toMatchObject({ operationChanged: { id, state: 'QUEUED' } });
    const waiting = submit(one, device.deviceId, commands, { wait: 'PT60S' });
    const isQueued = async (): Promise<boolean> => {
      const { events } = await ask<{ events: { nodes: object[] } }>(
        two,
        `{ events(where: { deviceId: "${device.deviceId}", type: "operationAccepted" }, first: 50) { nodes { id } } }`,
      );
      return events.nodes.length >= 2;
    };
    while (!(await isQueued()));
    await contact(device);
    const waited = await waiting;
    const polled = await findOperation(two, id);
    for (const subscriber of [byOne, byTwo]) {
      const last = (await subscriber.rest()).at(-1)?.data?.['operationChanged'] as Record<string, unknown>;
      expect(last).toEqual({
        id,
        state: polled.state,
        endedAt: polled.endedAt,
        commands: polled.commands.map(({ outcome, result }) => ({ outcome, result })),
      });
      await subscriber.stop();
    }
    expect(polled.state).toBe('SUCCEEDED');
    expect({ ...waited, id: polled.id, createdAt: null, endedAt: null }).toEqual({
      ...polled,
      createdAt: null,
      endedAt: null,
    });
  });
});

describeWith('postgres', 'A gateway that is killed while it posts an event', () => {
  test('has it posted by another one, once more with the same id, and what follows it in order', async () => {
    const hook = await startReceiver((_request, count) => (count === 1 ? new Promise<Answer>(() => undefined) : {}));
    const path = join(tmpdir(), `moql-webhooks-${process.pid}.json`);
    const webhook = {
      name: 'killed',
      url: hook.url,
      secret: 'a secret of at least 24 characters',
      events: ['deviceRegistered', 'operationAccepted'],
      timeoutMs: 60_000,
    };
    writeFileSync(path, JSON.stringify({ webhooks: [webhook] }));
    const home = await makeHome(requireTool('postgres'));
    const one = await startGatewayProcess(home, { MOQL_CONFIG: path });
    let two: GatewayProcess | undefined;
    try {
      await addMeter(one);
      const accountId = await createAccount(one);
      await register(one, { deviceId: 'IMEI:1', accountId });
      const { body } = await hook.until(({ body: { type } }) => type === 'deviceRegistered');
      await one.kill();
      expect(body).toMatchObject({ deviceId: 'IMEI:1' });
      two = await startGatewayProcess(home, { MOQL_CONFIG: path });
      await submit(two, 'IMEI:1', [{ get: { address: { moid: METER } } }]);
      // The time that the first one had is over.
      await two.passes(80_000);
      await hook.until(({ body: { type } }) => type === 'operationAccepted');
      expect(hook.received.map(({ body: { type } }) => type)).toEqual([
        'deviceRegistered',
        'deviceRegistered',
        'operationAccepted',
      ]);
      expect(hook.received[1]?.headers['webhook-id']).toBe(hook.received[0]?.headers['webhook-id']);
      const webhooks = '{ webhooks { name state waiting deadLetters { nodes { id } } } }';
      for (;;) {
        const told = await ask<{ webhooks: readonly { waiting: number }[] }>(two, webhooks);
        if (told.webhooks[0]?.waiting !== 0) continue;
        expect(told).toEqual({
          webhooks: [{ name: 'killed', state: 'ACTIVE', waiting: 0, deadLetters: { nodes: [] } }],
        });
        break;
      }
    } finally {
      await one.kill();
      await two?.kill();
      await hook.close();
      await home.remove();
    }
  });
});
