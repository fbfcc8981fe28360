import { buildSchema, parse, validate } from 'graphql';

import { loadDemoCatalogue } from '../../schema/catalogue/load';
import { TOUR } from '../../src/cli/tour';
import { Simulation } from '../../src/simulator';
import { startTestGateway, type TestGateway } from '../support/gateway';
import { examplesOf, readDocuments, type Example } from './markdown';

const ONE = 'IMEI:490154203237518';
const TWO = 'urn:uuid:2f1e9c6a-64b5-4b0e-9d5a-0c8f3f1d7a11';
const SECRET = 'a secret of the devices';
const POLL_MS = 50;

let gateway: TestGateway;
let sdl: string;
let simulations: readonly Simulation[] = [];

/** The gateway of the demo when its tour is over. */
beforeAll(async () => {
  gateway = await startTestGateway();
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
  simulations = [
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
  sdl = await answer.text();
});

afterAll(async () => {
  for (const simulation of simulations) await simulation.stop();
  await gateway.close();
});

async function good<T>(query: string, variables: Record<string, unknown> = {}): Promise<T> {
  const { data, errors } = await gateway.graphql(query, variables);
  expect(errors).toBeUndefined();
  return data as T;
}

/** The examples of docs/ddf.md are of DDFs of its own: test/cli/ddf-docs.test.ts runs them. */
const examples = readDocuments()
  .filter(({ path }) => path !== 'docs/ddf.md')
  .flatMap(examplesOf);

/** One after the other, from README.md on: each finds the devices as those before it left them. */
describe('An example of the documentation', () => {
  test.each(examples.map((example) => [example.place, example] as const))('%s fits the schema', (_place, example) => {
    expect(validate(buildSchema(sdl), parse(example.query)).map(({ message }) => message)).toEqual([]);
  });

  test.each(examples.filter(({ schemaOnly }) => !schemaOnly).map((example) => [example.place, example] as const))(
    '%s is answered as it says',
    async (_place, example) => {
      const { status, data, errors } = await gateway.graphql(example.query);
      expect(status).toBe(200);
      if (example.answer === undefined) expect(errors).toBeUndefined();
      else expect({ data: data as unknown, ...(errors && { errors }) }).toEqual(claimed(example));
    },
  );
});

/** The claimed answer; `"…"` stands for any text, and an error may have more members than are shown. */
function claimed({ answer }: Example): unknown {
  const { data, errors } = answer as { readonly data: unknown; readonly errors?: readonly unknown[] };
  return {
    data: withWildcards(data),
    ...(errors === undefined
      ? {}
      : { errors: errors.map((error): unknown => expect.objectContaining(withExtensions(error as ErrorShown))) }),
  };
}

interface ErrorShown {
  readonly extensions: Readonly<Record<string, unknown>>;
}

function withExtensions(error: ErrorShown): Record<string, unknown> {
  return { ...error, extensions: expect.objectContaining(error.extensions) as unknown };
}

function withWildcards(json: unknown): unknown {
  if (json === '…') return expect.any(String);
  if (Array.isArray(json)) return json.map(withWildcards);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, member]) => [name, withWildcards(member)]));
}
