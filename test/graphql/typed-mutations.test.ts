import type { Gateway, World } from './support/world';
import { device, givenWorld, mo, operation, serve } from './support/world';

let world: World;
let gateway: Gateway;

beforeEach(async () => {
  world = givenWorld({ devices: [device('1'), device('2')], objects: [mo('1', 'Lamp', { Colour: 'red' })] });
  gateway = await serve(world);
});
afterEach(() => gateway.close());

describe('Mutations', () => {
  test("a family's mutation makes the same commands as submitOperation", async () => {
    const typed = await gateway.ask(
      'mutation { replaceAcmeLamp(input: { deviceId: "IMEI:1", miid: "Lamp", colour: "blue", level: 7, wait: "PT2S", atomic: true }) { state device { deviceId } } }',
    );
    expect(typed.errors).toBeUndefined();
    const plain =
      await gateway.ask(`mutation { submitOperation(input: { deviceId: "IMEI:1", wait: "PT2S", atomic: true, commands: [
      { replace: { address: { moid: "urn:oma:mo:ext-acme-lamp", miid: "Lamp", path: "Colour" }, value: { text: "blue", format: CHR, type: "text/plain" } } }
      { replace: { address: { moid: "urn:oma:mo:ext-acme-lamp", miid: "Lamp", path: "Level" }, value: { int: 7, format: INT, type: "text/plain" } } }
    ] }) { state } }`);
    expect(plain.errors).toBeUndefined();
    const [first, second] = world.submitted.map(
      (input) =>
        JSON.parse(JSON.stringify(input)) as {
          commands: { repeatable?: boolean; whole?: boolean; address: { uri?: unknown } }[];
        },
    );
    for (const command of second?.commands ?? []) {
      delete command.repeatable;
      delete command.whole;
    }
    expect(first).toEqual(second);
    expect(first).toMatchObject({
      deviceId: 'IMEI:1',
      atomic: true,
      onFailure: 'STOP',
      waitMs: 2000,
      expiresInMs: 2_592_000_000,
      dryRun: false,
    });
  });

  test('an exec is offered where the access type allows it, and nothing else is', async () => {
    await gateway.ask('mutation { execAcmeLamp(input: { deviceId: "IMEI:1", blink: true }) { state } }');
    expect(world.submitted[0]?.commands).toEqual([
      { kind: 'exec', address: { moid: 'urn:oma:mo:ext-acme-lamp', miid: null, path: 'Blink' } },
    ]);
    const { errors } = await gateway.ask('mutation { deleteAcmeLamp(input: { deviceId: "IMEI:1" }) { state } }');
    expect(errors?.[0]?.extensions).toEqual({ code: 'GRAPHQL_VALIDATION_FAILED' });
  });

  test('a typed value of the wrong format is refused and nothing is queued', async () => {
    const { status, errors } = await gateway.ask(
      'mutation ($level: Int) { replaceAcmeLamp(input: { deviceId: "IMEI:1", level: $level }) { state } }',
      { level: 'bright' },
    );
    expect([status, errors?.[0]?.extensions['code']]).toEqual([200, 'BAD_USER_INPUT']);
    expect(world.submitted).toEqual([]);
  });

  test('a command is exactly one of the kinds', async () => {
    const address = '{ moid: "m" }';
    for (const command of [
      '{}',
      `{ get: { address: ${address} }, delete: { address: ${address} } }`,
      '{ get: null }',
    ]) {
      const { errors } = await gateway.ask(
        `mutation { submitOperation(input: { deviceId: "IMEI:1", commands: [${command}] }) { state } }`,
      );
      expect(errors?.[0]?.extensions['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    }
    const { errors } = await gateway.ask(
      'mutation ($c: CommandInput!) { submitOperation(input: { deviceId: "IMEI:1", commands: [$c] }) { state } }',
      { c: {} },
    );
    expect(errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    expect(world.submitted).toEqual([]);
  });

  test("the answer tells each command's state, outcome, raw status and result", async () => {
    const base = {
      position: 0,
      kind: 'get',
      moid: 'urn:oma:mo:ext-acme-lamp:1.0',
      miid: 'Lamp',
      path: 'Colour',
      uri: null,
      resultMeta: null,
      emulated: false,
      carrier: 'Get',
    } as const;
    world.onSubmit = () =>
      Promise.resolve(
        operation({
          state: 'FAILED',
          commands: [
            { ...base, state: 'ANSWERED', outcome: 'OK', statusCode: 200, error: null, result: 'red' },
            {
              ...base,
              position: 1,
              state: 'ANSWERED',
              outcome: 'NOT_FOUND',
              statusCode: 404,
              error: null,
              result: null,
            },
          ],
        }),
      );
    const { data, errors } =
      await gateway.ask(`mutation { submitOperation(input: { deviceId: "IMEI:1", commands: [{ get: { address: { moid: "m", path: "Colour" } } }] }) {
      id state commands { kind state outcome statusCode result emulated error { code } address { moid miid path uri } } } }`);
    expect(errors).toBeUndefined();
    const address = { moid: 'urn:oma:mo:ext-acme-lamp:1.0', miid: 'Lamp', path: 'Colour', uri: null };
    expect(data).toEqual({
      submitOperation: {
        id: expect.any(String) as string,
        state: 'FAILED',
        commands: [
          {
            kind: 'GET',
            state: 'ANSWERED',
            outcome: 'OK',
            statusCode: 200,
            result: 'red',
            emulated: false,
            error: null,
            address,
          },
          {
            kind: 'GET',
            state: 'ANSWERED',
            outcome: 'NOT_FOUND',
            statusCode: 404,
            result: null,
            emulated: false,
            error: { code: 'NOT_FOUND' },
            address,
          },
        ],
      },
    });
  });

  test('without the right to read a device the answer is that of a device that does not exist', async () => {
    const mutation = (deviceId: string): string =>
      `mutation { submitOperation(input: { deviceId: "${deviceId}", commands: [{ delete: { address: { moid: "m" } } }] }) { state } }`;
    const hidden = await gateway.ask(mutation('IMEI:1'), {}, 'plain-key');
    const absent = await gateway.ask(mutation('IMEI:9'));
    expect(hidden.errors?.[0]).toMatchObject({
      message: 'There is no device "IMEI:1".',
      extensions: { code: 'NOT_FOUND' },
    });
    expect(absent.errors?.[0]).toMatchObject({
      message: 'There is no device "IMEI:9".',
      extensions: { code: 'NOT_FOUND' },
    });
    expect(world.submitted).toEqual([]);
  });
});

describe('A key without rights', () => {
  test('sees no device', async () => {
    const { data, errors } = await gateway.ask(
      '{ device(deviceId: "IMEI:1") { deviceId } devices { nodes { deviceId } } }',
      {},
      'plain-key',
    );
    expect([data, errors]).toEqual([{ device: null, devices: { nodes: [] } }, undefined]);
  });

  test('is told FORBIDDEN where it would administer', async () => {
    for (const query of [
      '{ accounts { nodes { id } } }',
      '{ apiKeys { nodes { id } } }',
      'mutation { createApiKey(input: { name: "x", admin: true }) { key } }',
      'mutation { addDdf(input: { source: "" }) { id } }',
    ]) {
      const { errors } = await gateway.ask(query, {}, 'plain-key');
      expect(errors?.map(({ extensions }) => extensions['code'])).toEqual(['FORBIDDEN']);
    }
  });
});
