import type { GraphQLEnumType, GraphQLSchema } from 'graphql';

import { loadCatalogue, loadDemoCatalogue } from '../../schema/catalogue/load';
import type { Dm1Device, Dm2Device } from '../../src/simulator';
import { EVERY_FORMAT, catalogueObjects } from './support/catalogue';
import type { CatalogueObject } from './support/catalogue';
import { commandsOf } from './support/catalogue-commands';
import { refusalsOf } from './support/refusals';
import { servedSchema, typedField } from './support/typed-query';
import { PROTOCOLS, addDdf, ask, codesOf, contact, findOperation, startWorld, submit } from './support/world';
import type { CommandAnswer, OperationAnswer, Protocol, World } from './support/world';

/**
 * One device of each protocol holds an instance of every object of the catalogue, with a value for every node that its DDF
 * describes. Whatever is asked of one is asked of the other; the answers are the same, but for what the contract names.
 */
const objects = catalogueObjects();
const METER = 'acme-meter-1.0';
const idOf = (protocol: Protocol): string => `urn:uuid:catalogue-${protocol}`;

let world: World;
let schema: GraphQLSchema;
const devices = new Map<Protocol, Dm1Device | Dm2Device>();
/** Kinds of commands that were answered, and objects that answered them. */
const seen = { kinds: new Set<string>(), objects: new Set<string>() };

beforeAll(async () => {
  world = await startWorld();
  await addDdf(world.gateway, EVERY_FORMAT.text);
  schema = await servedSchema(world.gateway);
  const plants = objects.map(({ plant }) => plant);
  for (const protocol of PROTOCOLS) {
    const device = await world.device(protocol, idOf(protocol), { plants, isBare: true, features: { copy: true } });
    devices.set(protocol, device);
    await contact(device);
  }
});
afterAll(() => world.close());

/** What each of both answers, without what differs between any two devices; that it is the same. */
async function alike<T>(asked: (protocol: Protocol) => Promise<T>): Promise<T> {
  const answers: T[] = [];
  for (const protocol of PROTOCOLS) {
    const text = JSON.stringify(await asked(protocol)).replaceAll(idOf(protocol), 'the device');
    answers.push(JSON.parse(text) as T);
  }
  expect(answers[1]).toEqual(answers[0]);
  return answers[0] as T;
}

async function query<T>(protocol: Protocol, fields: string): Promise<T> {
  const { device } = await ask<{ device: T }>(
    world.gateway,
    `query ($id: ID!) { device(deviceId: $id) { ${fields} } }`,
    { id: idOf(protocol) },
  );
  return device;
}

/** Submits commands, and lets the device come until they have ended. */
async function carryOut(
  protocol: Protocol,
  commands: readonly object[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<OperationAnswer> {
  const { id } = await submit(world.gateway, idOf(protocol), commands, { onFailure: 'CONTINUE', ...more });
  // What was accepted is told in later sessions, on DM 2.0 in one for each address of a report.
  for (let sessions = 0; ; sessions += 1) {
    await contact(devices.get(protocol) as Dm1Device | Dm2Device);
    const operation = await findOperation(world.gateway, id);
    if (operation.endedAt === null && sessions <= commands.length) continue;
    for (const { kind, state } of operation.commands) if (state === 'ANSWERED') seen.kinds.add(kind);
    return operation;
  }
}

/** What the contract lets differ: the device's own status, and by which command of its protocol it was carried. */
function common({ state, commands }: OperationAnswer): {
  readonly state: string;
  readonly commands: readonly Partial<CommandAnswer>[];
} {
  return {
    state,
    commands: commands.map((command) => {
      const { statusCode: _, carrier: _carrier, emulated: _emulated, ...rest } = command;
      return rest;
    }),
  };
}

/** Codes that commands are refused with, by the commands' names; null: none. */
async function refusals(
  protocol: Protocol,
  asked: readonly { readonly name: string; readonly command: object }[],
): Promise<Record<string, unknown>> {
  const codes = asked.map(async ({ name, command }) => {
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { commands { verdict { code } } } }',
      { input: { deviceId: idOf(protocol), commands: [command], dryRun: true } },
    );
    const { submitOperation } = answer.data as { submitOperation: Verdicts };
    return [name, submitOperation.commands[0]?.verdict.code ?? null];
  });
  return Object.fromEntries(await Promise.all(codes)) as Record<string, unknown>;
}

interface Verdicts {
  readonly commands: readonly { readonly verdict: { readonly code: string | null } }[];
}

interface Found {
  readonly managementObjects: readonly { readonly miid: string }[];
}

/** The object without types, and by its type with all its fields. */
async function stateOf(protocol: Protocol, { mo, miid }: CatalogueObject): Promise<unknown> {
  const generic = `managementObjects(moid: ${JSON.stringify(mo.family)}) {
    moid miid version values freshness nodes { path format type value }
  }`;
  const typed = await query(protocol, typedField(schema, mo.family, miid));
  const { managementObjects } = await query<Found>(protocol, generic);
  return { generic: managementObjects.find((one) => one.miid === miid), typed };
}

describe.each(objects.map((object) => [object.name, object] as const))(
  '%s, on devices of both protocols',
  (_, object) => {
    const asked = commandsOf(object);

    test('is found with the values that it has', async () => {
      const { moid, version } = object.mo;
      const freshness = object.mo.root.access.includes('Get') ? 'FRESH' : 'NEVER_READ';
      expect(await alike((protocol) => stateOf(protocol, object))).toMatchObject({
        generic: { moid, version, values: object.values, freshness },
      });
    });

    test('is not asked for what its DDF does not allow', async () => {
      const refused = refusalsOf(object);
      const codes = Object.fromEntries(refused.map(({ name, code }) => [name, code]));
      expect(await alike((protocol) => refusals(protocol, refused))).toEqual(codes);
    });

    test('answers every command alike', async () => {
      const commands = asked.map(({ command }) => command);
      const operation = await alike(async (protocol) => common(await carryOut(protocol, commands)));
      expect(operation.commands.map(({ outcome }, index) => `${asked[index]?.name}: ${outcome}`)).toEqual(
        asked.map(({ name, outcome }) => `${name}: ${outcome}`),
      );
      seen.objects.add(object.name);
    });

    test('has the same values after that', async () => {
      await alike((protocol) => stateOf(protocol, object));
    });
  },
);

describe('Devices of both protocols', () => {
  const meter = { moid: objects.find(({ name }) => name === METER)?.mo.moid, miid: METER };
  const at = (path: string): object => ({ ...meter, path });
  const refused = (protocol: Protocol, command: object): Promise<Record<string, unknown>> =>
    refusals(protocol, [{ name: 'code', command }]);

  test('ask a person alike', async () => {
    const show = { type: 'CONFIRM', text: 'Restart now?', timeout: 'PT1M' };
    const operation = await alike(async (protocol) => common(await carryOut(protocol, [{ show }])));
    expect(operation.commands).toMatchObject([{ outcome: 'OK', result: { answer: 'ACCEPTED' } }]);
  });

  test('stop alike at the first failure', async () => {
    const commands = [
      { delete: { address: at('Tariff/never') } },
      { get: { address: at('Unit') } },
      { exec: { address: at('Ops/Reset') } },
    ];
    const operation = await alike(async (protocol) =>
      common(await carryOut(protocol, commands, { onFailure: 'STOP' })),
    );
    expect(operation).toMatchObject({
      state: 'FAILED',
      commands: [{ outcome: 'NOT_FOUND' }, { state: 'SKIPPED' }, { state: 'SKIPPED' }],
    });
  });

  test('are ambiguous alike where they have several versions of an object', async () => {
    const versions = objects.filter(({ mo }) => mo.family === 'urn:oma:mo:oma-scomo').map(({ miid }) => miid);
    const get = { address: { moid: 'urn:oma:mo:oma-scomo', path: '' } };
    const answer = await alike((protocol) => refused(protocol, { get }));
    expect({ versions, answer }).toEqual({ versions: ['scomo-1.0', 'scomo-1.1'], answer: { code: 'MO_AMBIGUOUS' } });
  });

  /** What only one of both has; the other is refused before anything is queued. */
  test.each<readonly [what: string, of: Protocol, commands: readonly object[]]>([
    [
      'access control lists',
      'dm1',
      [{ getAcl: { address: at('') } }, { setAcl: { address: at(''), acl: 'Get=*&Replace=*' } }],
    ],
    ['addresses by LocURI', 'dm1', [{ get: { address: { uri: `./Catalogue/${METER}/${METER}/Unit` } } }]],
    ['properties of nodes', 'dm1', [{ get: { address: at('Unit'), properties: ['FORMAT', 'SIZE'] } }]],
    ['arguments of an exec', 'dm1', [{ exec: { address: at('Ops/Reset'), value: { text: 'now' } } }]],
    ['values that wait for an object', 'dm2', [{ default: { moid: meter.moid, values: { Unit: 'kWh' } } }]],
    ['access rights', 'dm2', [{ getAccess: { address: at('') } }, { setAccess: { address: at(''), entries: [] } }]],
  ])('differ by %s', async (_what, of, commands) => {
    const other = PROTOCOLS.find((protocol) => protocol !== of) as Protocol;
    for (const command of commands) expect(await refused(other, command)).toEqual({ code: 'NOT_SUPPORTED_BY_DEVICE' });
    const { commands: answers } = await carryOut(of, commands);
    expect(answers.map(({ state }) => state)).toEqual(commands.map(() => 'ANSWERED'));
  });

  test('differ by groups that are kept whole, which DM 2.0 does not have, and say by what a copy was made', async () => {
    const group = [
      { replace: { address: at('Unit'), value: { text: 'J' } } },
      { replace: { address: at('Interval'), value: { int: 30 } } },
    ];
    expect(await carryOut('dm1', group, { atomic: true })).toMatchObject({ state: 'SUCCEEDED' });
    const answer = await world.gateway.graphql(
      'mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { id } }',
      { input: { deviceId: idOf('dm2'), commands: group, atomic: true } },
    );
    expect(codesOf(answer)).toEqual(['NOT_SUPPORTED_BY_DEVICE']);
    const copy = { copy: { from: at('Serial'), to: at('Unit') } };
    const emulated = async (protocol: Protocol): Promise<unknown> =>
      (await carryOut(protocol, [copy])).commands.map(({ emulated: is }) => is);
    expect(await Promise.all(PROTOCOLS.map(emulated))).toEqual([[false], [true]]);
  });
});

describe('The contract', () => {
  test('was held to every object of the catalogue', () => {
    const shipped = [...loadCatalogue(), ...loadDemoCatalogue()].map(({ name }) => name.replace(/\.ddf\.xml$/, ''));
    expect([...seen.objects].sort()).toEqual([...shipped, EVERY_FORMAT.name].sort());
  });

  test('was held to every kind of command', () => {
    const kinds = (schema.getType('CommandKind') as GraphQLEnumType).getValues().map(({ name }) => name);
    // Subscriptions are no commands of callers, and DM 1.x has none.
    expect([...seen.kinds].sort()).toEqual(kinds.filter((name) => !/SUBSCRIBE$/.test(name)).sort());
  });
});
