/** The audit log is complete by its making, and keeps no secret by its making. */
import { getNamedType, isInputObjectType, isObjectType, type GraphQLInputObjectType } from 'graphql';

import { loadCatalogue } from '../../schema/catalogue/load';
import { auditArguments, KEPT, LEFT_OUT } from '../../src/graphql/audit-arguments';
import { isAudited } from '../../src/graphql/audited';
import { buildSchema } from '../../src/graphql/schema';
import { libraryOf } from './support/world';

const { schema } = buildSchema(libraryOf(...loadCatalogue().map(({ text }) => text)));
const mutations = Object.values(schema.getMutationType()?.getFields() ?? {});

test('every mutation of the fixed part and of families is audited', () => {
  expect(mutations.some(({ name }) => name === 'replaceFumo' || name === 'execFumo')).toBe(true);
  expect(mutations.filter((field) => !isAudited(field)).map(({ name }) => name)).toEqual([]);
});

test('what is kept of arguments is named, member by member, and exists', () => {
  for (const [name, members] of Object.entries(KEPT)) {
    const own =
      name === 'Mutation'
        ? mutations.flatMap(({ args }) => args.map((arg) => arg.name))
        : Object.keys((schema.getType(name) as GraphQLInputObjectType).getFields());
    expect(members.filter((member) => !own.includes(member))).toEqual([]);
    expect(members.filter((member) => /secret|password|pin|key(?!s$)|value|data|source|text/i.test(member))).toEqual(
      [],
    );
  }
});

test('inputs that DDFs describe are never kept but for identifiers', () => {
  const generated = Object.values(schema.getTypeMap()).filter(
    (type) => isInputObjectType(type) && /^(?:Replace|Add|Exec|Delete)Fumo/.test(type.name),
  );
  expect(generated.length).toBeGreaterThan(0);
  for (const { name } of generated) expect(KEPT[name]).toBeUndefined();
});

test('values of nodes and unknown members leave nothing but that they were given', () => {
  const submit = mutations.find(({ name }) => name === 'submitOperation');
  const given = {
    input: {
      deviceId: 'IMEI:1',
      idempotencyKey: 'private',
      commands: [
        {
          replace: {
            address: { moid: 'urn:x', path: 'a\0b' },
            value: { text: 'private', int: 4711n, json: { a: 'private' } },
          },
        },
        ...Array.from({ length: 30 }, () => ({ get: { address: { moid: 'urn:x', path: 'a'.repeat(1_000) } } })),
      ],
    },
  };
  const kept = JSON.stringify(auditArguments(submit?.args ?? [], given));
  expect(kept).not.toMatch(/private|4711/);
  expect(JSON.parse(kept)).toMatchObject({ input: { deviceId: 'IMEI:1', idempotencyKey: LEFT_OUT } });
  expect(kept).toContain('11 more');
  expect(kept.length).toBeLessThan(16_384);
  expect(isObjectType(getNamedType(submit?.type as never))).toBe(true);
});
