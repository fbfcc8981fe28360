import { httpTransport } from '../../src/simulator';
import type { Transport } from '../../src/simulator';
import { describeWith, requireTool } from '../support/shared';
import { makeHome, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import {
  METER,
  PROTOCOLS,
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
import type { OperationAnswer } from './support/world';

/** The one address by which devices know both gateways. */
const PUBLIC_URL = 'https://dm.example';

const http = httpTransport();
afterAll(() => {
  http.close();
  hangUp();
});

describeWith('postgres', 'Two gateways on one database', () => {
  let home: Home;
  let gateways: readonly [GatewayProcess, GatewayProcess];
  let accountId: string;

  beforeAll(async () => {
    home = await makeHome(requireTool('postgres'));
    const first = await startGatewayProcess(home, { MOQL_PUBLIC_URL: PUBLIC_URL });
    gateways = [first, await startGatewayProcess(home, { MOQL_PUBLIC_URL: PUBLIC_URL })];
    await addMeter(first);
    accountId = await createAccount(first);
  });
  afterAll(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.kill()));
    await home.remove();
  });

  const address = (path: string): object => ({ moid: METER, path });

  test('a DDF that is added on one has types on the other', async () => {
    const typed = '{ device(deviceId: "nobody") { acmeMeter { serial } } }';
    // The other hears of it by a notification; until then it answers by the schema that it had.
    for (;;) {
      const answer = await gateways[1].graphql(typed);
      if (answer.errors === undefined) break;
      expect(answer.errors[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    }
    expect(await ask(gateways[0], typed)).toEqual({ device: null });
  });

  describe.each(PROTOCOLS)('and a %s device', (protocol) => {
    const deviceId = `urn:uuid:both-${protocol}`;

    test('each message of a session can go to the other one', async () => {
      const used = [0, 0];
      const alternating: Transport = (request) => {
        const which = (used[0] ?? 0) > (used[1] ?? 0) ? 1 : 0;
        used[which] = (used[which] ?? 0) + 1;
        return by(gateways[which])(request);
      };
      const device = simulated(protocol, PUBLIC_URL, deviceId, {}, alternating);
      await register(gateways[0], { deviceId, accountId, clientAuth: credentialOf(device) });
      await contact(device);
      const operation = await submit(gateways[1], deviceId, [
        { replace: { address: address('Interval'), value: { int: 60 } } },
        { add: { address: address('Note'), value: { text: 'seen by two' } } },
        { get: { address: address('') } },
      ]);
      await contact(device);
      expect(Math.min(...used)).toBeGreaterThan(2);
      for (const gateway of gateways) {
        expect(
          await ask(gateway, `query ($id: ID!) { operation(id: $id) { state commands { outcome } } }`, {
            id: operation.id,
          }),
        ).toEqual({
          operation: { state: 'SUCCEEDED', commands: [{ outcome: 'OK' }, { outcome: 'OK' }, { outcome: 'OK' }] },
        });
        expect(await ask(gateway, `{ device(deviceId: "${deviceId}") { acmeMeter { interval note } } }`)).toEqual({
          device: { acmeMeter: { interval: 60, note: 'seen by two' } },
        });
      }
    });

    test('who waits at one hears of what the device tells the other', async () => {
      const device = simulated(protocol, PUBLIC_URL, `${deviceId}-wait`, {}, by(gateways[1]));
      await register(gateways[0], { deviceId: device.deviceId, accountId, clientAuth: credentialOf(device) });
      await contact(device);
      const waiting = submit(gateways[0], device.deviceId, [{ get: { address: address('Serial') } }], {
        wait: 'PT60S',
      });
      let isQueued = false;
      while (!isQueued) {
        const found = await ask<{ events: { nodes: readonly { type: string }[] } }>(
          gateways[1],
          `{ events(where: { deviceId: "${device.deviceId}" }, first: 50) { nodes { type } } }`,
        );
        isQueued = found.events.nodes.some(({ type }) => type.startsWith('operation'));
      }
      const asked = Date.now();
      await contact(device);
      const told = await waiting;
      expect(told).toMatchObject({ state: 'SUCCEEDED', endedAt: expect.any(String) as unknown });
      expect(Date.now() - asked).toBeLessThan(30_000);
      for (const gateway of gateways) expect(await findOperation(gateway, told.id)).toEqual(told);
    });

    test('what one has accepted is in the reply of the other to the message that comes next', async () => {
      let first = '';
      let second: OperationAnswer | undefined;
      const seen: string[] = [];
      const transport: Transport = async (request) => {
        const reply = await by(gateways[1])(request);
        if (second !== undefined) seen.push((await findOperation(gateways[0], second.id)).commands[0]?.state ?? '');
        else if (first !== '' && (await findOperation(gateways[0], first)).state === 'RUNNING')
          second = await submit(gateways[0], device.deviceId, [{ exec: { address: address('Ops/Reset') } }]);
        return reply;
      };
      const device = simulated(protocol, PUBLIC_URL, `${deviceId}-next`, {}, transport);
      await register(gateways[0], { deviceId: device.deviceId, accountId, clientAuth: credentialOf(device) });
      await contact(device);
      first = (await submit(gateways[0], device.deviceId, [{ exec: { address: address('Ops/Reset') } }])).id;
      await contact(device);
      expect(seen[0]).toBe('SENT');
    });
  });

  /** Takes what is for the public address to one of the gateways. */
  function by({ deviceUrl }: GatewayProcess): Transport {
    return ({ url, ...request }) => http({ ...request, url: url.replace(PUBLIC_URL, deviceUrl) });
  }
});

test('Of two gateways on one data directory the second refuses to start and names the first one', async () => {
  const home = await makeHome('');
  const first = await startGatewayProcess(home);
  try {
    await expect(startGatewayProcess(home)).rejects.toThrow(new RegExp(`\\b${first.pid}\\b`));
    expect((await first.graphql('{ __typename }')).data).toEqual({ __typename: 'Query' });
  } finally {
    await first.kill();
    await home.remove();
  }
});
