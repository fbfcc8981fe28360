import { buildSchema, getIntrospectionQuery, Kind, parse } from 'graphql';

import { REQUEST_LIMITS } from '../../src/graphql/limits';
import { costing } from '../../src/graphql/prepare/cost';

test('tools may ask for the whole schema, however many DDFs the gateway has', () => {
  const types = Array.from({ length: 20_000 }, (_, index) => `type T${index} { name: String }`);
  const schema = buildSchema(`type Query { one: T0 } ${types.join(' ')}`);
  const document = parse(
    getIntrospectionQuery({ schemaDescription: true, inputValueDeprecation: true, specifiedByUrl: true, oneOf: true }),
  );
  const operation = document.definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  if (operation === undefined) throw new Error('the query has no operation');
  expect(costing(schema, document, operation)({}).points).toBeLessThan(REQUEST_LIMITS.queryCost.fallback);
});
