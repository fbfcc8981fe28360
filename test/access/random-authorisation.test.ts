/**
 * Random grants, random questions: what anybody is answered is what follows from an administrator's answer and the grants,
 * by value, count, error, order and cursor. Another seed by MOQL_TEST_SEED.
 */
import type { Caller } from '../../src/management/types';
import { randomFilter, TAGS } from './support/filters';
import { familyOf, Oracle, type Full, type OwnGrant } from './support/oracle';
import { FUMO, METER, Plant, STRANGE } from './support/plant';
import { QUESTIONS, type Question } from './support/questions';
import { Chance } from './support/random';

const SEED = Number(process.env['MOQL_TEST_SEED'] ?? 20_261_128);
const CALLERS = 130;
const REQUESTS = 2;
const QUESTIONS_OF_A_REQUEST = 20;
const GROUPS = ['group:field', 'group:night', 'group:none'] as const;

let plant: Plant;
let full: Full;
const chance = new Chance(SEED);
/** Of all principals, those that hold. */
const granted = new Map<string, OwnGrant[]>();
const callers: Caller[] = [];

beforeAll(async () => {
  plant = await Plant.start();
  const operations = await plant.sow(chance);
  for (let n = 0; n < CALLERS; n += 1) {
    const principal = `user:u${n}`;
    const only = chance.isSo(0.1) ? { only: chance.some(['READ', 'WRITE', 'EXECUTE', 'DELEGATE'] as const) } : {};
    const groups = chance.isSo(0.3) ? { groups: chance.some(GROUPS) } : {};
    callers.push({ principal, name: principal, admin: chance.isSo(0.02), ...groups, ...only });
  }
  full = await plant.full(operations);
  const rows = [...GROUPS.slice(0, 2), ...callers.map((caller) => caller.principal)].flatMap((principal) => {
    const grants = chance.times(chance.below(6), randomGrant);
    granted.set(
      principal,
      grants.flatMap(({ isOver, ...own }) => (isOver ? [] : [own])),
    );
    return grants.map((grant) => ({ ...grant, principal }));
  });
  await plant.grant(rows);
});
afterAll(() => plant.close());

function randomGrant(): OwnGrant & { readonly isOver: boolean } {
  const right = chance.of(['READ', 'READ', 'READ', 'READ', 'WRITE', 'EXECUTE', 'DELEGATE', 'MANAGE_DEVICES', 'RAW']);
  const isOfData = right !== 'MANAGE_DEVICES' && right !== 'RAW';
  const family = isOfData && chance.isSo(0.6) ? { family: familyOf(chance.of([METER, METER, FUMO, STRANGE])) } : {};
  const paths = [
    '',
    'Unit',
    'Note',
    'Tariff',
    'Tariff/*',
    'Tariff/day',
    'Tariff/*/Start',
    '*',
    '*/x%2Fy',
    'x%2Fy',
    'x%2Fy/%25',
    'PkgName',
    'Empty',
    'Nowhere',
  ];
  const path = 'family' in family && chance.isSo(0.6) ? { path: chance.of(paths) } : {};
  return { right, ...scope(), ...family, ...path, isOver: chance.isSo(0.1) };
}

function scope(): Pick<OwnGrant, 'deviceId' | 'accountId' | 'tag' | 'where'> {
  switch (chance.of(['all', 'device', 'account', 'tag', 'filter', 'filter'])) {
    case 'device':
      return { deviceId: chance.of(full.devices).deviceId };
    case 'account':
      return { accountId: chance.of(plant.accounts) };
    case 'tag':
      return { tag: chance.of(TAGS) };
    case 'filter':
      return {
        where: randomFilter(
          chance,
          plant.accounts,
          full.devices.map(({ deviceId }) => deviceId),
        ),
      };
    default:
      return {};
  }
}

/** What counts for somebody. */
function grantsOf({ principal, groups = [], admin, only }: Caller): readonly OwnGrant[] {
  const own = admin
    ? [...(only ?? ['READ', 'WRITE', 'EXECUTE', 'DELEGATE'])].map((right) => ({ right }))
    : [principal, ...groups].flatMap((one) => granted.get(one) ?? []);
  return only === undefined ? own : own.filter(({ right }) => (only as readonly string[]).includes(right));
}

test(`nothing leaks and nothing that is allowed is missing (seed ${SEED})`, async () => {
  let asked = 0;
  let seen = 0;
  const kinds = new Set<string>();
  for (const caller of callers) {
    if (caller.admin && caller.only === undefined) continue;
    const oracle = new Oracle(full, caller.principal, grantsOf(caller));
    seen += oracle.devices().length;
    for (let request = 0; request < REQUESTS; request += 1) {
      const questions = chance.times(QUESTIONS_OF_A_REQUEST, () =>
        chance.of(QUESTIONS)(chance, { full, schema: plant.schema, accounts: plant.accounts }),
      );
      const { text, variables } = requestOf(questions);
      const answer = await plant.ask(text, variables, caller);
      const expected = questions.map((question) => question.expected(oracle));
      for (const { value } of expected) kinds.add(value === null ? 'nothing' : 'something');
      try {
        expect(JSON.parse(JSON.stringify(answer.data))).toEqual(
          Object.fromEntries(expected.map(({ value }, at) => [`q${at}`, value])),
        );
        const errors = expected.flatMap((one, at) =>
          one.errors.map((error) => ({ ...error, path: `q${at}.${error.path}` })),
        );
        expect([...answer.errors].sort(byPath)).toEqual(errors.sort(byPath));
      } catch (error) {
        const told = { seed: SEED, caller, grants: grantsOf(caller), text, variables };
        throw new Error(`${JSON.stringify(told, null, 1)}\n${String(error)}`, { cause: error });
      }
      asked += questions.length;
    }
  }
  expect(asked).toBeGreaterThanOrEqual(5_000);
  // Chance that shows nothing, or everything, would prove nothing.
  expect(seen).toBeGreaterThan(callers.length);
  expect(seen).toBeLessThan((callers.length * full.devices.length * 3) / 4);
  expect(kinds.size).toBe(2);
});

function requestOf(questions: readonly Question[]): {
  readonly text: string;
  readonly variables: Readonly<Record<string, unknown>>;
} {
  const types: string[] = [];
  const variables: Record<string, unknown> = {};
  const fields = questions.map((question, at) => {
    for (const [name, [type, value]] of Object.entries(question.variables)) {
      types.push(`$q${at}_${name}: ${type}`);
      variables[`q${at}_${name}`] = value;
    }
    return `q${at}: ${question.text.replace(/\$v_/g, `$q${at}_`)}`;
  });
  return { text: `query${types.length === 0 ? '' : ` (${types.join(', ')})`} {\n${fields.join('\n')}\n}`, variables };
}

function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
