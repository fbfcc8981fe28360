import fc from 'fast-check';

import type { DmFormat, Json } from '../../adapters/adapter';
import { coerceValue, leafData } from '../../src/management/coerce';
import { ManagementError } from '../../src/management/types';
import { LIBRARY } from './given';

const LIMITS = { valueOctets: 1_000 };
const FORMATS: readonly DmFormat[] = [
  'b64',
  'bin',
  'bool',
  'chr',
  'int',
  'node',
  'null',
  'xml',
  'date',
  'time',
  'float',
];
const LAMP = 'urn:example:lamp:1.0';

function codeOf(work: () => unknown): string {
  try {
    work();
    return 'none';
  } catch (error) {
    return error instanceof ManagementError ? error.code : String(error);
  }
}

describe("a leaf's value", () => {
  test.each<[DmFormat, unknown, unknown]>([
    ['chr', 'text', 'text'],
    ['chr', 7, '7'],
    ['chr', true, 'true'],
    ['xml', '<a/>', '<a/>'],
    ['int', 7, 7],
    ['int', '-7', -7],
    ['int', '9007199254740993', 9007199254740993n],
    ['int', 12n, 12],
    ['float', '1.5e3', 1500],
    ['float', '-INF', Number.NEGATIVE_INFINITY],
    ['float', 'NaN', Number.NaN],
    ['bool', true, true],
    ['bool', 'False', false],
    ['bin', 'AQI=', Buffer.from([1, 2])],
    ['b64', 'AQI=', 'AQI='],
    ['date', '2026-02-28', '2026-02-28'],
    ['date', '20260228', '20260228'],
    ['time', '06:45:00Z', '06:45:00Z'],
    ['null', null, null],
    ['null', '', null],
  ])('%s takes %p', (format, raw, data) => {
    expect(leafData(raw, format, 'x', LIMITS)).toEqual(data);
  });

  test.each<[DmFormat, unknown, string]>([
    ['chr', null, 'BAD_FORMAT'],
    ['chr', {}, 'BAD_FORMAT'],
    ['chr', 'a\0', 'BAD_FORMAT'],
    ['chr', '\ud800', 'BAD_FORMAT'],
    ['chr', 'x'.repeat(1_001), 'LIMIT_VALUE_SIZE'],
    ['int', 1.5, 'BAD_FORMAT'],
    ['int', 'seven', 'BAD_FORMAT'],
    ['int', true, 'BAD_FORMAT'],
    ['int', '9223372036854775808', 'OUT_OF_RANGE'],
    ['float', 'x', 'BAD_FORMAT'],
    ['float', false, 'BAD_FORMAT'],
    ['bool', 1, 'BAD_FORMAT'],
    ['bin', 'AQI', 'BAD_FORMAT'],
    ['bin', '____', 'BAD_FORMAT'],
    ['b64', 'A=BC', 'BAD_FORMAT'],
    ['date', '2026-02-30', 'BAD_FORMAT'],
    ['date', '2026-13-01', 'BAD_FORMAT'],
    ['time', '6:45', 'BAD_FORMAT'],
    ['null', 'x', 'BAD_FORMAT'],
    ['node', 'x', 'BAD_FORMAT'],
  ])('%s does not take %p: %s', (format, raw, code) => {
    expect(codeOf(() => leafData(raw, format, 'x', LIMITS))).toBe(code);
  });

  test('is taken or refused by a code, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withNullPrototype: true, withSparseArray: true }),
        fc.constantFrom(...FORMATS),
        (raw, format) => {
          expect(['none', 'BAD_FORMAT', 'OUT_OF_RANGE', 'LIMIT_VALUE_SIZE']).toContain(
            codeOf(() => leafData(raw, format, 'x', LIMITS)),
          );
        },
      ),
    );
  });

  test('is refused with what the node takes', () => {
    expect(() => leafData('seven', 'int', 'commands[0].replace.value', LIMITS)).toThrow(
      'commands[0].replace.value: "seven" is not an integer; the node\'s format is int',
    );
  });
});

describe('a value that a caller wants written', () => {
  const coerce = (input: Parameters<typeof coerceValue>[0], path = 'Name') =>
    coerceValue(input, 'value', LIBRARY.node(LAMP, path), LIMITS, { moid: LAMP, path, library: LIBRARY });

  test('takes format and MIME type from the DDF', () => {
    expect(coerce({ text: 'Hall' })).toEqual({ value: { format: 'chr', mime: 'text/plain', data: 'Hall' } });
    expect(coerce({ text: '7' }, 'Level')).toEqual({ value: { format: 'int', mime: undefined, data: 7 } });
    expect(coerce(undefined)).toBeUndefined();
  });

  test('is told by its own member where no DDF describes the node', () => {
    const free = (input: Parameters<typeof coerceValue>[0]) =>
      coerceValue(input, 'value', undefined, LIMITS, undefined);
    expect(free({ int: 7 })).toMatchObject({ value: { format: 'int', data: 7 } });
    expect(free({ float: 1.5 })).toMatchObject({ value: { format: 'float' } });
    expect(free({ bool: true })).toMatchObject({ value: { format: 'bool' } });
    expect(free({ base64: 'AQI=' })).toMatchObject({ value: { format: 'bin' } });
    expect(free({ json: 1.5 })).toMatchObject({ value: { format: 'float' } });
    expect(free({})).toMatchObject({ value: { format: 'null', data: null } });
    expect(free({ json: { a: 'x', b: { c: 1 } } })).toMatchObject({
      tree: { children: [{ name: 'a' }, { name: 'b', children: [{ name: 'c', value: { data: 1 } }] }] },
    });
    expect(free({ text: 'x', format: 'xml', type: 'text/xml' })).toMatchObject({
      value: { format: 'xml', mime: 'text/xml' },
    });
  });

  test('is refused when it is two values, of another format, or refers to what is not there', () => {
    expect(codeOf(() => coerce({ text: 'a', int: 1 }))).toBe('BAD_USER_INPUT');
    expect(codeOf(() => coerce({ text: 'a', format: 'int' }))).toBe('BAD_FORMAT');
    expect(codeOf(() => coerce({ repositoryItem: '1' }))).toBe('NOT_FOUND');
  });

  test('is held to the range and the list that the DDF allows', () => {
    expect(coerce({ int: 100 }, 'Level')).toMatchObject({ value: { data: 100 } });
    expect(() => coerce({ int: 101 }, 'Level')).toThrow('value: 101 is not allowed by the DDF, which takes 0..100');
    expect(coerce({ text: 'on' }, 'Mode')).toMatchObject({ value: { data: 'on' } });
    expect(codeOf(() => coerce({ text: 'blue' }, 'Mode'))).toBe('OUT_OF_RANGE');
  });

  test('is a tree for an interior node, held to the DDF at every leaf', () => {
    expect(coerce({ json: { a: { Red: 7, Picture: 'AQI=' } } }, 'Colours')).toMatchObject({
      tree: {
        name: 'Colours',
        children: [
          { name: 'a', children: [{ name: 'Red', value: { format: 'int', data: 7 } }, { value: { format: 'bin' } }] },
        ],
      },
    });
    expect(codeOf(() => coerce({ json: { a: { Green: 7 } } }, 'Colours'))).toBe('NOT_IN_DDF');
    expect(codeOf(() => coerce({ json: { a: { Red: 'x' } } }, 'Colours'))).toBe('BAD_FORMAT');
    expect(codeOf(() => coerce({ json: [1] }, 'Colours'))).toBe('BAD_FORMAT');
    expect(codeOf(() => coerce({ text: 'x' }, 'Colours'))).toBe('BAD_FORMAT');
    expect(codeOf(() => coerce({ json: { '': 1 } }, 'Colours'))).toBe('BAD_USER_INPUT');
  });

  test.each(['.', '..', '%2E%2E', '%252e', 'x/../y', '?prop=ACL', 'X%3Fprop=ACL'])(
    'is refused where a node at any depth has the name %s',
    (name) => {
      const free = (json: Json) => () => coerceValue({ json }, 'value', undefined, LIMITS, undefined);
      expect(codeOf(free({ [name]: 'x' }))).toBe('BAD_USER_INPUT');
      expect(codeOf(free({ a: { b: { [name]: {} } } }))).toBe('BAD_USER_INPUT');
      expect(codeOf(() => coerce({ json: { [name]: { Red: 7 } } }, 'Colours'))).toBe('BAD_USER_INPUT');
    },
  );

  test('is refused when it is nested too deep', () => {
    let json = {};
    for (let depth = 0; depth < 40; depth++) json = { a: json };
    expect(codeOf(() => coerceValue({ json }, 'value', undefined, LIMITS, undefined))).toBe('BAD_USER_INPUT');
  });
});
