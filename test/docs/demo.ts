/** A gateway as the demo has it when its tour is over: two devices that go on calling in. */
import { loadDemoCatalogue } from '../../schema/catalogue/load';
import { TOUR } from '../../src/cli/tour';
import { Simulation } from '../../src/simulator';
import { startTestGateway, type TestGateway } from '../support/gateway';

export const ONE = 'IMEI:490154203237518';
export const TWO = 'urn:uuid:2f1e9c6a-64b5-4b0e-9d5a-0c8f3f1d7a11';
const SECRET = 'a secret of the devices';
const POLL_MS = 50;

export interface Demo {
  readonly gateway: TestGateway;
  /** `/schema.graphql`. */
  readonly sdl: string;
  stop(): Promise<void>;
}

export async function startDemo(): Promise<Demo> {
  const gateway = await startTestGateway();
  const good = async <T>(query: string, variables: Record<string, unknown> = {}): Promise<T> => {
    const { data, errors } = await gateway.graphql(query, variables);
    expect(errors).toBeUndefined();
    return data as T;
  };
  for (const { text } of loadDemoCatalogue()) {
    await good('mutation ($source: String!) { addDdf(input: { source: $source }) { id } }', { source: text });
  }
  const { createAccount } = await good<{ createAccount: { id: string } }>(
    'mutation { createAccount(input: { serverId: "dm.example", name: "Demo" }) { id } }',
  );
  for (const [deviceId, protocol, type] of [
    [ONE, 'DM_1_2', 'DIGEST_MD5'],
    [TWO, 'DM_2_0', 'HTTP_DIGEST'],
  ]) {
    await good('mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }', {
      input: {
        deviceId,
        protocol,
        accountId: createAccount.id,
        tags: ['demo'],
        clientAuth: { type, username: 'demo', secret: SECRET },
      },
    });
  }
  const login = { user: 'demo', secret: SECRET };
  const simulations = [
    new Simulation({
      protocol: 'dm1',
      device: { url: `${gateway.deviceUrl}/dm/1`, deviceId: ONE, ...login, wbxml: true, serverUser: 'dm.example' },
    }),
    new Simulation({
      protocol: 'dm2',
      device: { url: `${gateway.deviceUrl}/dm/2`, deviceId: TWO, ...login, serverId: 'dm.example' },
    }),
  ];
  await Promise.all(simulations.map((simulation) => simulation.connectAll()));
  for (const simulation of simulations) simulation.poll(POLL_MS);
  for (const { query } of TOUR) await good(query, { one: ONE, two: TWO });
  const answer = await fetch(`${gateway.url}/schema.graphql`, {
    headers: { authorization: `Bearer ${gateway.adminKey}` },
  });
  return {
    gateway,
    sdl: await answer.text(),
    stop: async () => {
      for (const simulation of simulations) await simulation.stop();
      await gateway.close();
    },
  };
}
