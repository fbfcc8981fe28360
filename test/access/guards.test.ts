/** Every mutation and query of the fixed part has its right in docs/security.md, and is refused without it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  type GraphQLField,
  type GraphQLInputType,
} from 'graphql';

import { RIGHTS, type Right } from '../../src/access/rights';
import { buildFixedSchema } from '../../src/graphql/fixed-schema';
import type { Caller } from '../../src/management/types';
import { keyOf, METER, Plant } from './support/plant';

const PAGE = readFileSync(join(__dirname, '../../docs/security.md'), 'utf8');
const GUARDS = [...PAGE.matchAll(/^\| `(\w+)(?:\((\w+)\))?` \| `?([^`|]+?)`? \|/gm)].map(
  ([, name = '', given, right = '']) => ({ name, given, right }),
);
const fixed = buildFixedSchema();
const mutations = fixed.getMutationType()?.getFields() ?? {};
const queries = fixed.getQueryType()?.getFields() ?? {};

const DEVICE = 'urn:uuid:guarded';
const ADMINISTRATIVE = GUARDS.filter(
  ({ right }) => (RIGHTS as readonly string[]).includes(right) && right.startsWith('MANAGE_'),
);
const ADMINISTRATORS = GUARDS.filter(({ right }) => right === 'administrator');

let plant: Plant;
let account = '';

beforeAll(async () => {
  plant = await Plant.start();
  account = plant.accounts[0] ?? '';
  const accountId = keyOf(account);
  await plant.gateway.services.devices.register({ deviceId: DEVICE, accountId });
});
afterAll(() => plant.close());

test('the table names every mutation and query, and no others', () => {
  const named = new Set(GUARDS.map(({ name }) => name));
  expect([...named].sort()).toEqual([...Object.keys(mutations), ...Object.keys(queries)].sort());
  for (const { right } of GUARDS) if (/^[A-Z_]+$/.test(right)) expect(RIGHTS as readonly string[]).toContain(right);
});

/** Somebody with these rights on everything, and no others. */
function holding(only: readonly Right[]): Caller {
  return { principal: 'key:77', name: 'somebody', admin: true, only };
}

interface Told {
  readonly data: object | null;
  readonly errors: readonly { readonly code: string; readonly details?: { readonly right?: string } }[];
}

describe('without its right', () => {
  test.each(ADMINISTRATIVE)('$name is refused: $right', async ({ name, given, right }) => {
    const others = RIGHTS.filter((one) => one !== right);
    const refused = (await plant.tell(textOf(name, given), holding(others))) as Told;
    expect(refused.errors).toMatchObject([{ code: 'FORBIDDEN', details: { right } }]);
  });

  test.each(ADMINISTRATORS)('$name is refused to all but administrators', async ({ name }) => {
    expect(((await plant.tell(textOf(name), holding(RIGHTS))) as Told).errors).toMatchObject([{ code: 'FORBIDDEN' }]);
  });

  const OF_DATA = GUARDS.filter(
    ({ name, right }) =>
      (name in mutations || name === 'explainAccess') &&
      ['READ', 'DELEGATE', 'of each command', 'own', 'own, or WRITE'].includes(right),
  );
  test.each(OF_DATA)('$name is refused to who holds administrative rights alone', async ({ name }) => {
    const caller = holding(RIGHTS.filter((right) => right.startsWith('MANAGE_') || right === 'RAW'));
    const { errors } = (await plant.tell(textOf(name), caller)) as Told;
    expect(errors).toHaveLength(1);
    expect(['FORBIDDEN', 'NOT_FOUND']).toContain(errors[0]?.code);
  });
});

// Last, for it changes what is there; deleting goes at the end.
const LATER = ADMINISTRATIVE.filter(({ name }) => name !== 'deleteDevice');
test.each([...LATER, ...ADMINISTRATIVE.filter(({ name }) => name === 'deleteDevice')])(
  'with $right alone $name is not refused',
  async ({ name, given, right }) => {
    const { errors } = (await plant.tell(textOf(name, given), holding([right as Right]))) as Told;
    expect(errors.map(({ code }) => code)).not.toContain('FORBIDDEN');
  },
);

/** The field with the least that it takes. */
function textOf(name: string, given?: string): string {
  const isMutation = name in mutations;
  const field = (isMutation ? mutations[name] : queries[name]) as GraphQLField<unknown, unknown>;
  const args = field.args
    .filter(({ type }) => isNonNullType(type) || given !== undefined)
    .map((arg) => `${arg.name}: ${valueOf(arg.type, arg.name, name, given)}`);
  const isLeaf = !('getFields' in getNamedType(field.type));
  return `${isMutation ? 'mutation' : 'query'} { ${name}${args.length === 0 ? '' : `(${args.join(', ')})`}${isLeaf ? '' : ' { __typename }'} }`;
}

function valueOf(type: GraphQLInputType, name: string, of: string, given?: string): string {
  if (isNonNullType(type)) return valueOf(type.ofType, name, of, given);
  if (isListType(type)) return `[${valueOf(type.ofType, name, of, given)}]`;
  if (isEnumType(type)) return type.getValues()[0]?.name ?? '';
  if (type.name === 'AddressInput') return `{ moid: "${METER}" }`;
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    const needed = type.isOneOf
      ? fields.slice(0, 1)
      : fields.filter((one) => (isNonNullType(one.type) && one.defaultValue === undefined) || one.name === given);
    return `{ ${needed.map((one) => `${one.name}: ${valueOf(one.type, one.name, of, given)}`).join(', ')} }`;
  }
  switch (type.name) {
    case 'ID':
      return JSON.stringify(idOf(name, of));
    case 'String':
      return name === 'principal' ? '"key:1"' : name === 'right' ? '"READ"' : '"x"';
    case 'Int':
    case 'BigInt':
      return '1';
    case 'Boolean':
      return 'true';
    case 'DateTime':
      return '"2030-01-01T00:00:00Z"';
    case 'Duration':
      return '"PT1H"';
    default:
      return '"AAAA"';
  }
}

function idOf(name: string, of: string): string {
  if (name === 'deviceId' || name === 'deviceIds') return of === 'registerDevice' ? 'urn:uuid:new' : DEVICE;
  if (name === 'accountId' || of === 'updateAccount') return account;
  const type =
    [
      'ApiKey',
      'Account',
      'Ddf',
      'Grant',
      'Peer',
      'RepositoryItem',
      'Campaign',
      'Profile',
      'Rule',
      'Delegation',
      'DeadLetter',
    ].find((one) => of.endsWith(one)) ?? 'Account';
  // Of keys one's own.
  const key = of === 'cancelOperation' ? 'Operation:1:4711' : type === 'ApiKey' ? 'ApiKey:77' : `${type}:4711`;
  return Buffer.from(key).toString('base64url');
}
