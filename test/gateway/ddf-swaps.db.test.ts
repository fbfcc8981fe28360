import { getIntrospectionQuery } from 'graphql';

import { ddfSource } from '../support/ddf-sources';
import type { GraphqlAnswer } from '../support/gateway';
import { describeWith, requireTool } from '../support/shared';
import { makeHome, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import { ask, createAccount, register } from './support/world';

const CHANGES = 50;
/** By then the other process has the new schema too; where a busy machine takes longer for the change itself, twice that. */
const FOLLOWED_WITHIN_MS = 1_000;
const PAUSE_MS = 20;
const DEVICE = 'urn:uuid:asked-all-the-time';

const CHANGE = '{ id changes { severity } }';
const ADD = `mutation ($input: AddDdfInput!) { addDdf(input: $input) ${CHANGE} }`;
const REPLACE = `mutation ($id: ID!, $input: AddDdfInput!) { replaceDdf(id: $id, input: $input) ${CHANGE} }`;
const REMOVE = `mutation ($id: ID!) { removeDdf(id: $id, allowBreaking: true) ${CHANGE} }`;

/** What is asked all the while: everything that it names is there before, during and after each change. */
const LOAD: readonly string[] = [
  `{ device(deviceId: "${DEVICE}") { devInfo { man } examplePump { level mo { moid } } } }`,
  `{ devices(first: 5) { nodes { deviceId exampleValve { level } } } }`,
  getIntrospectionQuery(),
  `{ __type(name: "ExampleValve") { fields { name type { name } } } }`,
  `mutation { replaceExamplePump(input: { deviceId: "${DEVICE}", dryRun: true, level: "half" }) { state } }`,
  `mutation { submitOperation(input: { deviceId: "${DEVICE}", dryRun: true, commands: [{ get: { address: { moid: "urn:oma:mo:oma-dm-devdetail:1.0" } } }] }) { state } }`,
];

describeWith('postgres', 'DDFs that come and go on two gateways under load', () => {
  let home: Home;
  let gateways: readonly [GatewayProcess, GatewayProcess];
  let valve: string;

  beforeAll(async () => {
    home = await makeHome(requireTool('postgres'));
    const first = await startGatewayProcess(home);
    gateways = [first, await startGatewayProcess(home)];
    await ask(first, ADD, { input: { source: writable('Pump') } });
    ({
      addDdf: { id: valve },
    } = await ask<{ addDdf: { id: string } }>(first, ADD, { input: { source: writable('Valve') } }));
    await register(first, { deviceId: DEVICE, accountId: await createAccount(first) });
    for (const query of LOAD) await followed(gateways[1], query);
  }, 120_000);
  afterAll(async () => {
    await Promise.all((gateways ?? []).map((gateway) => gateway.kill()));
    await home.remove();
  });

  test(`${CHANGES} changes fail no request, are seen at once where they were made and within a second on the other`, async () => {
    let done = false;
    const failed: GraphqlAnswer[] = [];
    let answered = 0;
    const load = gateways.flatMap((gateway) =>
      LOAD.map(async (query) => {
        while (!done) {
          const answer = await gateway.graphql(query);
          answered++;
          if (answer.status !== 200 || answer.errors !== undefined) failed.push(answer);
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
        }
      }),
    );
    const late: object[] = [];
    let motor = '';
    for (let round = 0; round < CHANGES; round++) {
      const here = gateways[round % 2 === 0 ? 0 : 1];
      const there = gateways[round % 2 === 0 ? 1 : 0];
      const leaf = `Leaf${round}`;
      const began = Date.now();
      const { query, gone } = await change(here, round, leaf);
      const took = Date.now() - began;
      expect((await here.graphql(query)).errors === undefined).toBe(!gone);
      const behind = await followed(there, query, gone);
      if (behind > Math.max(FOLLOWED_WITHIN_MS, 2 * took)) late.push({ round, took, behind });
    }
    done = true;
    await Promise.all(load);

    expect(failed).toEqual([]);
    expect(late).toEqual([]);
    // Each of both answered something of every kind between the changes.
    expect(answered).toBeGreaterThan(2 * LOAD.length);

    /** By turns: the valve gets other leaves, a motor comes, is replaced, and goes. */
    async function change(
      gateway: GatewayProcess,
      round: number,
      leaf: string,
    ): Promise<{ readonly query: string; readonly gone: boolean }> {
      switch (round % 4) {
        case 0:
          await ask(gateway, REPLACE, {
            id: valve,
            input: { source: writable('Valve', leaf), allowBreaking: true },
          });
          return { query: `{ device(deviceId: "${DEVICE}") { exampleValve { ${leaf.toLowerCase()} } } }`, gone: false };
        case 1:
          ({
            addDdf: { id: motor },
          } = await ask<{ addDdf: { id: string } }>(gateway, ADD, { input: { source: writable('Motor', leaf) } }));
          return { query: `{ device(deviceId: "${DEVICE}") { exampleMotor { ${leaf.toLowerCase()} } } }`, gone: false };
        case 2:
          await ask(gateway, REPLACE, { id: motor, input: { source: writable('Motor', leaf), allowBreaking: true } });
          return { query: `{ device(deviceId: "${DEVICE}") { exampleMotor { ${leaf.toLowerCase()} } } }`, gone: false };
        default:
          await ask(gateway, REMOVE, { id: motor });
          return { query: `{ device(deviceId: "${DEVICE}") { exampleMotor { level } } }`, gone: true };
      }
    }
  }, 600_000);

  test('both serve the same SDL octet by octet, and so does one that is started after them', async () => {
    const [one, two] = await Promise.all(gateways.map(sdlOf));
    expect(one).toContain('type ExampleValve');
    expect(two === one).toBe(true);
    const third = await startGatewayProcess(home);
    try {
      expect((await sdlOf(third)) === one).toBe(true);
    } finally {
      await third.kill();
    }
  });
});

/** A DDF with a leaf that can be written, `Level`, and perhaps one more. */
function writable(name: string, ...more: readonly string[]): string {
  return ddfSource(name, ['Level', ...more]).replaceAll(
    '<AccessType><Get/></AccessType><DFFormat><chr',
    '<AccessType><Get/><Replace/></AccessType><DFFormat><chr',
  );
}

/** Milliseconds until a gateway answers a query without errors, or refuses it as one on what is not there (any more). */
async function followed(gateway: GatewayProcess, query: string, gone = false): Promise<number> {
  const began = Date.now();
  for (;;) {
    const { errors } = await gateway.graphql(query);
    if ((errors === undefined) !== gone) return Date.now() - began;
    if (Date.now() - began > 30_000) throw new Error(`not followed: ${JSON.stringify(errors)}`);
  }
}

async function sdlOf(gateway: GatewayProcess): Promise<string> {
  const answer = await gateway.get('/schema.graphql');
  expect(answer.status).toBe(200);
  return answer.text();
}
