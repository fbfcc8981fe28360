import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { GraphQLObjectType } from 'graphql';
import {
  buildSchema as parseSchema,
  GraphQLError,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  printSchema,
} from 'graphql';

import { breakingChanges, fixedSdl, unexplained } from '../../src/graphql/fixed-sdl';
import { buildSchema } from '../../src/graphql/schema';
import { lampDdf, libraryOf } from './support/world';

const FILES = join(__dirname, '..', '..', 'schema');
const snapshot = readFileSync(join(FILES, 'fixed.graphql'), 'utf8');
const reasons = JSON.parse(readFileSync(join(FILES, 'breaking-changes.json'), 'utf8')) as Record<string, string>;

describe('The fixed part of the schema', () => {
  test('breaks no caller without a reason in schema/breaking-changes.json', () => {
    expect(unexplained(breakingChanges(snapshot, fixedSdl()), reasons)).toEqual([]);
  });

  test('is schema/fixed.graphql; `npm run schema` writes it', () => {
    expect(fixedSdl()).toBe(snapshot);
  });

  test('a change that breaks callers is seen, and passes with a reason alone', () => {
    const before = 'type Query { a: Int b(c: Int): Int }';
    const changes = breakingChanges(before, 'type Query { b(c: Int!): Int d: Int }');
    expect(changes).toHaveLength(2);
    expect(unexplained(changes, {})).toEqual(changes);
    expect(unexplained(changes, { [changes[0] ?? '']: 'nobody used it', [changes[1] ?? '']: ' ' })).toEqual([
      changes[1],
    ]);
    expect(breakingChanges(before, 'type Query { a: Int b(c: Int): Int d: Int }')).toEqual([]);
  });
});

describe('Conventions of the schema that is served', () => {
  const { schema } = buildSchema(libraryOf(lampDdf()));
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  const typeOf = (type: GraphQLObjectType, field: string): string => String(type.getFields()[field]?.type);

  test('connections are those of Relay', () => {
    const connections = types.filter(isObjectType).filter(({ name }) => name.endsWith('Connection'));
    expect(connections.length).toBeGreaterThan(10);
    for (const connection of connections) {
      const item = connection.name.replace(/Connection$/, '');
      const edge = schema.getType(`${item}Edge`) as GraphQLObjectType;
      expect([connection.name, typeOf(connection, 'edges'), typeOf(connection, 'pageInfo')]).toEqual([
        connection.name,
        `[${item}Edge!]!`,
        'PageInfo!',
      ]);
      expect([typeOf(edge, 'node'), typeOf(edge, 'cursor')]).toEqual([`${item}!`, 'String!']);
    }
    const page = schema.getType('PageInfo') as GraphQLObjectType;
    expect(Object.values(page.getFields()).map((field) => `${field.name}: ${String(field.type)}`)).toEqual([
      'hasNextPage: Boolean!',
      'hasPreviousPage: Boolean!',
      'startCursor: String',
      'endCursor: String',
    ]);
    // What gives a connection takes `first` and `after`.
    for (const type of types.filter(isObjectType))
      for (const field of Object.values(type.getFields()).filter(({ type }) => /Connection!?$/.test(String(type)))) {
        const taken = field.args.map((arg) => `${arg.name}: ${String(arg.type)}`);
        expect(taken).toEqual(expect.arrayContaining(['first: Int', expect.stringMatching(/^after: (String|ID)$/)]));
      }
  });

  test('Node is what node(id:) gives', () => {
    const node = schema.getType('Node');
    if (!isInterfaceType(node)) throw new Error('there is no Node');
    expect(Object.values(node.getFields()).map((field) => `${field.name}: ${String(field.type)}`)).toEqual(['id: ID!']);
    expect(String(schema.getQueryType()?.getFields()['node']?.type)).toBe('Node');
    expect(schema.getPossibleTypes(node).length).toBeGreaterThan(5);
  });

  test('every scalar says by what it is specified, and what is deprecated why', () => {
    const own = types.filter(isScalarType).filter((type) => !isSpecifiedScalarType(type));
    expect(own.map(({ name, specifiedByURL }) => [name, /^https:\/\//.test(specifiedByURL ?? '')])).toEqual(
      own.map(({ name }) => [name, true]),
    );
    for (const type of types)
      if (isObjectType(type) || isInterfaceType(type) || isInputObjectType(type))
        for (const { deprecationReason } of Object.values(type.getFields()))
          expect(deprecationReason ?? 'a reason').not.toBe('');
  });

  test('inputs of which one member counts are @oneOf, in the SDL too', () => {
    const command = schema.getType('CommandInput');
    expect(isInputObjectType(command) && command.isOneOf).toBe(true);
    expect(printSchema(schema)).toContain('input CommandInput @oneOf {');
    expect(() => parseSchema(fixedSdl())).not.toThrow(GraphQLError);
  });
});
