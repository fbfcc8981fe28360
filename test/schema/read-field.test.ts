import { graphqlSync, isObjectType, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql';

import { moqlOf } from '../../schema/graphql/describe';
import { readField, rootSource } from '../../schema/graphql/read-field';
import type { Json, MoSource } from '../../schema/graphql/types';
import { catalogueLibrary } from './catalogue-family';
import { compiled, ddf, libraryOf, node } from './ddf-texts';

/** Answers a query on `device` from values documents, as the gateway's resolvers do; misfits are collected by path. */
function ask(
  schema: GraphQLSchema,
  query: string,
  values: Readonly<Record<string, Json>>,
): { readonly data: unknown; readonly misfits: readonly string[] } {
  const misfits: string[] = [];
  const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (source, args, _context, info) => {
    const field = isObjectType(info.parentType) ? info.parentType.getFields()[info.fieldName] : undefined;
    const moql = field && moqlOf(field);
    if (!moql) return {};
    if (moql.kind === 'instance')
      return moql.family.family in values ? rootSource(values[moql.family.family] ?? null, undefined) : null;
    if (moql.kind === 'mo') return {};
    const result = readField(moql, source as MoSource, args);
    if (result.misfit) misfits.push(result.path);
    return result.value;
  };
  const result = graphqlSync({ schema, source: `{ device { ${query} } }`, fieldResolver });
  if (result.errors) throw new Error(result.errors.map(({ message }) => message).join(', '));
  return { data: (JSON.parse(JSON.stringify(result.data)) as { readonly device: unknown }).device, misfits };
}

const leaf = (name: string, format: string): string => node(name, { format });
const METER = 'urn:oma:mo:ext-acme-meter';

describe('Values documents answer queries', () => {
  const { schema } = compiled(catalogueLibrary());
  const values = {
    Serial: 'M1',
    Interval: 15,
    Enabled: true,
    Tariff: { night: { Start: '2200', Rate: 0.17 }, day: { Rate: 0.31 } },
    Key: 'QUI=',
    Since: '2026-01-31',
  };

  test('leaves, interior nodes and lists; what is absent is null', () => {
    expect(
      ask(
        schema,
        'acmeMeter { serial unit interval enabled key since note tariff { items { nodeName start rate } } ops { nodeNames } }',
        { [METER]: values },
      ),
    ).toEqual({
      data: {
        acmeMeter: {
          serial: 'M1',
          unit: null,
          interval: 15,
          enabled: true,
          key: 'QUI=',
          since: '2026-01-31',
          note: null,
          tariff: {
            items: [
              { nodeName: 'night', start: '2200', rate: 0.17 },
              { nodeName: 'day', start: null, rate: 0.31 },
            ],
          },
          ops: null,
        },
      },
      misfits: [],
    });
  });

  test('entries are picked by name', () => {
    const query = (argument: string): unknown =>
      ask(schema, `acmeMeter { tariff { items(nodeName: ${argument}) { nodeName } } }`, { [METER]: values }).data;

    expect(query('"day"')).toEqual({ acmeMeter: { tariff: { items: [{ nodeName: 'day' }] } } });
    expect(query('["day", "none", "toString"]')).toEqual({ acmeMeter: { tariff: { items: [{ nodeName: 'day' }] } } });
  });

  test('a value that does not fit is null and told by its path; the rest is answered', () => {
    expect(
      ask(schema, 'acmeMeter { serial interval enabled tariff { items { rate } } key since }', {
        [METER]: {
          Serial: 'M1',
          Interval: 'often',
          Enabled: 'TRUE',
          Tariff: { 'a/b': { Rate: 'dear' } },
          Key: 'no base64!',
          Since: 'yesterday',
        },
      }),
    ).toEqual({
      data: {
        acmeMeter: {
          serial: 'M1',
          interval: null,
          enabled: true,
          tariff: { items: [{ rate: null }] },
          key: null,
          since: null,
        },
      },
      misfits: ['Interval', 'Tariff/a%2Fb/Rate', 'Key', 'Since'],
    });
  });

  test('one query reads DevInfo 1.0 and 1.2', () => {
    const query = 'devInfo { devId man fwV }';
    const family = 'urn:oma:mo:oma-dm-devinfo';

    expect(ask(schema, query, { [family]: { DevId: 'IMEI:1', Man: 'Acme' } }).data).toEqual({
      devInfo: { devId: 'IMEI:1', man: 'Acme', fwV: null },
    });
    expect(ask(schema, query, { [family]: { DevID: 'IMEI:2', Man: 'Acme', FwV: '2' } }).data).toEqual({
      devInfo: { devId: 'IMEI:2', man: 'Acme', fwV: '2' },
    });
    expect(ask(schema, query, {}).data).toEqual({ devInfo: null });
  });
});

describe('Shapes', () => {
  test('a null leaf is there or not, an extension point tells names, named siblings are not in the list', () => {
    const { schema } = compiled(
      libraryOf(
        ddf(
          node('Thing', {
            path: './Vendor/Acme',
            children: [
              leaf('Flag', 'null'),
              node('Ext'),
              leaf('Fixed', 'chr'),
              leaf('Big', 'int'),
              node('', { children: [leaf('A', 'chr')] }),
            ],
          }),
        ),
      ),
    );
    const query = 'acmeThing { flag ext { nodeNames } fixed items { nodeName a } }';

    expect(
      ask(schema, query, {
        './Vendor/Acme/Thing': { Flag: null, Ext: { x: 1, y: {} }, Fixed: 'f', one: { A: 'a' }, two: {} },
      }).data,
    ).toEqual({
      acmeThing: {
        flag: true,
        ext: { nodeNames: ['x', 'y'] },
        fixed: 'f',
        items: [
          { nodeName: 'one', a: 'a' },
          { nodeName: 'two', a: null },
        ],
      },
    });
    expect(ask(schema, query, { './Vendor/Acme/Thing': {} }).data).toEqual({
      acmeThing: { flag: false, ext: null, fixed: null, items: [] },
    });
  });

  test('lists of leaves, a root that is a leaf, and big integers', () => {
    const wide =
      '<MSFT:AllowedValues ValueType="Range"><MSFT:Value>[0-99999999999999999999]</MSFT:Value></MSFT:AllowedValues>';
    const { schema } = compiled(
      libraryOf(
        ddf(
          node('Blocks', { path: './Vendor/Acme', children: [leaf('', 'b64')] }),
          node('One', { path: './Vendor/Acme', format: 'int', more: wide }),
        ),
      ),
    );
    // The gateway's BigInt prints text beyond 2^53−1; the plain scalar of this test gets what the reader gave.
    Object.assign(schema.getType('BigInt') ?? {}, { serialize: String });

    expect(
      ask(schema, 'acmeBlocks { items { nodeName value } } acmeOne { value }', {
        './Vendor/Acme/Blocks': { a: 'QQ==', b: 'Qg==' },
        './Vendor/Acme/One': '99999999999999999999',
      }).data,
    ).toEqual({
      acmeBlocks: {
        items: [
          { nodeName: 'a', value: 'QQ==' },
          { nodeName: 'b', value: 'Qg==' },
        ],
      },
      acmeOne: { value: '99999999999999999999' },
    });
  });

  test('a value of one shape is not a misfit of the field for the other shape', () => {
    const thing = (version: string, format: string): string =>
      ddf(node('Thing', { moid: `urn:oma:mo:ext-acme-thing:${version}`, children: [leaf('State', format)] }));
    const { schema } = compiled(libraryOf(thing('1.0', 'int'), thing('1.1', 'chr')));

    expect(ask(schema, 'acmeThing { state stateAsText }', { 'urn:oma:mo:ext-acme-thing': { State: 'busy' } })).toEqual({
      data: { acmeThing: { state: null, stateAsText: 'busy' } },
      misfits: [],
    });
  });
});
