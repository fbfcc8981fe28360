import { isEnumType, isObjectType, type GraphQLEnumType, type GraphQLObjectType } from 'graphql';

import { moqlOf } from '../../schema/graphql/describe';
import { commandsOf } from '../../schema/graphql/input';
import { printAnnotatedSchema } from '../../schema/graphql/print';
import { readField, rootSource } from '../../schema/graphql/read-field';
import type { MoNode } from '../../schema/graphql/types';
import { compiled, ddf, familyOfTexts, libraryOf, node } from './ddf-texts';

const MOID = 'urn:oma:mo:ext-acme-thing';
type Entry = readonly [value: string, description?: string];

function listOf(...entries: readonly Entry[]): string {
  const values = entries.map(
    ([value, description]) =>
      `<MSFT:Enum><MSFT:Value>${value}</MSFT:Value>${description === undefined ? '' : `<MSFT:ValueDescription>${description}</MSFT:ValueDescription>`}</MSFT:Enum>`,
  );
  return `<MSFT:AllowedValues ValueType="ENUM">${values.join('')}</MSFT:AllowedValues>`;
}

function thing(format: string, more: string, version = ''): string {
  return ddf(
    node('Thing', {
      moid: version === '' ? MOID : `${MOID}:${version}`,
      children: [node('State', { format, access: 'Get Replace', more })],
    }),
  );
}

function state(...sources: readonly string[]): MoNode {
  return familyOfTexts(...sources).root.children[0] as MoNode;
}

const names = (...sources: readonly string[]): readonly string[] | undefined =>
  state(...sources).enumeration?.values.map(({ name, raw }) => `${name}=${raw}`);

describe('A closed list is an enum when each of its values can be named well', () => {
  test.each<[string, string, readonly Entry[], readonly string[] | undefined]>([
    [
      'numbers by their descriptions',
      'int',
      [
        ['0', 'Not allowed.'],
        ['1', 'Allowed.'],
      ],
      ['NOT_ALLOWED=0', 'ALLOWED=1'],
    ],
    [
      'texts by themselves',
      'chr',
      [
        ['SHA196', 'x'],
        ['Force-Allow', 'y'],
      ],
      ['SHA196=SHA196', 'FORCE_ALLOW=Force-Allow'],
    ],
    [
      'odd texts by their descriptions',
      'chr',
      [
        ['', 'Off'],
        ['1.1', 'On/Off'],
      ],
      ['OFF=', 'ON_OFF=1.1'],
    ],
    [
      'what stands behind the name',
      'int',
      [
        ['0', 'Block: all of it'],
        ['1', '(Default) Audit. Just tell.'],
      ],
      ['BLOCK=0', 'AUDIT=1'],
    ],
    [
      'more of the text where less is not enough',
      'int',
      [
        ['0', 'Channel (Slow)'],
        ['1', 'Channel (Fast)'],
      ],
      ['CHANNEL_SLOW=0', 'CHANNEL_FAST=1'],
    ],
    [
      'not: a sentence',
      'int',
      [
        ['0', 'The shortcut is hidden and disables the setting'],
        ['1', 'On'],
      ],
      undefined,
    ],
    [
      'not: two of one name',
      'int',
      [
        ['0', 'Allow'],
        ['1', 'Allow'],
      ],
      undefined,
    ],
    ['not: numbers alone', 'int', [['0'], ['1']], undefined],
    [
      'not: beginning with a digit',
      'int',
      [
        ['1', '1 minute'],
        ['2', '2 minutes'],
      ],
      undefined,
    ],
    ['not: one value', 'int', [['1', 'On']], undefined],
    [
      'not: truth',
      'bool',
      [
        ['true', 'On'],
        ['false', 'Off'],
      ],
      undefined,
    ],
  ])('%s', (_title, format, entries, expected) => {
    expect(names(thing(format, listOf(...entries)))).toEqual(expected);
  });

  const on = listOf(['0', 'Off'], ['1', 'On']);

  test('the lists of all versions are one, and a description may come from another version', () => {
    expect(
      names(
        thing('int', listOf(['0'], ['1']), '1.0'),
        thing('int', listOf(['1', 'On'], ['0', 'Off'], ['2', 'Auto']), '1.1'),
      ),
    ).toEqual(['ON=1', 'OFF=0', 'AUTO=2']);
  });

  test('a version that allows everything makes it open; one that tells the same range does not', () => {
    const range = '<MSFT:SupportedValues low="0" high="1"/>';

    expect(names(thing('int', on, '1.0'), thing('int', '', '1.1'))).toBeUndefined();
    expect(names(thing('int', on, '1.0'), thing('int', '', '1.0'))).toEqual(['OFF=0', 'ON=1']);
    expect(names(thing('int', on, '1.0'), thing('int', range, '1.1'))).toEqual(['OFF=0', 'ON=1']);
    expect(names(thing('int', on, '1.0'), thing('int', range.replace('high="1"', 'high="9"'), '1.1'))).toBeUndefined();
  });

  test('its type is one for reading and writing, tells the raw values, and keeps its texts', () => {
    const { schema } = compiled(
      libraryOf(
        thing('int', `<DFTitle>State</DFTitle><DefaultValue>1</DefaultValue>${on.replace('>Off<', '>Off *now*.<')}`),
      ),
    );
    const type = schema.getType('AcmeThingState') as GraphQLEnumType;
    const output = schema.getType('AcmeThing') as GraphQLObjectType;

    expect(output.getFields()['state']?.type).toBe(type);
    expect(output.getFields()['state']?.description).toBe('State\n\nDefault: `ON`');
    expect(
      isObjectType(output) &&
        isEnumType(type) &&
        type.getValues().map(({ value, description }) => [value, description]),
    ).toEqual([
      ['0', 'Off \\*now\\*.'],
      ['1', 'On'],
    ]);
    expect(printAnnotatedSchema(schema)).toContain(
      'enum AcmeThingState {\n  """Off \\*now\\*."""\n  OFF_NOW @node(path: "State", format: "int", value: "0")\n',
    );
    expect(printAnnotatedSchema(schema)).toMatch(/input ReplaceAcmeThingInput \{[^}]*\n {2}state: AcmeThingState\n/);
    expect(printAnnotatedSchema(schema)).toMatch(/input AcmeThingStateFilter \{[^}]*\n {2}eq: AcmeThingState\n/);
  });

  test('values of devices have their names; others are misfits', () => {
    const { schema } = compiled(libraryOf(thing('int', on)));
    const field = (schema.getType('AcmeThing') as GraphQLObjectType).getFields()['state'];
    const moql = field && moqlOf(field);
    if (!moql) throw new Error('no field');
    const read = (value: string | number | null): unknown => readField(moql, rootSource({ State: value }, null));

    expect(read(1)).toEqual({ value: '1' });
    expect(read('0x1')).toEqual({ value: '1' });
    expect(read(null)).toEqual({ value: null });
    expect(read(7)).toEqual({ misfit: true, value: null, path: 'State' });
  });

  test('names become what devices know', () => {
    expect(commandsOf('replace', familyOfTexts(thing('int', on)), { state: '1' })).toEqual({
      ok: true,
      commands: [{ kind: 'replace', path: 'State', value: { format: 'int', data: 1 } }],
    });
    expect(
      commandsOf('replace', familyOfTexts(thing('int', on.replace('>1<', '>0x80000000<'))), { state: '0x80000000' }),
    ).toMatchObject({
      commands: [{ value: { data: 2_147_483_648 } }],
    });
  });
});
