import { parseValue } from 'graphql';
import type { GraphQLScalarType } from 'graphql';
import fc from 'fast-check';

import { formatDuration, parseDuration } from '../../src/graphql/duration';
import {
  Base64Scalar,
  BigIntScalar,
  DateScalar,
  DateTimeScalar,
  DurationScalar,
  JsonScalar,
  TimeScalar,
} from '../../src/graphql/scalars';

const literal = (scalar: GraphQLScalarType, text: string): unknown => scalar.parseLiteral(parseValue(text));

describe('Duration', () => {
  test.each([
    ['PT30S', 30_000],
    ['P30D', 2_592_000_000],
    ['P1DT12H', 129_600_000],
    ['PT0.5S', 500],
    ['P2W', 1_209_600_000],
    ['PT0S', 0],
    ['PT1H1M1S', 3_661_000],
    ['PT1.001S', 1001],
  ])('%s is %i ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', 'P', 'PT', 'P1Y', 'P1M', '-PT1S', '30', 'PT1S ', 'pt1s', 'P1DT', `PT${'9'.repeat(100)}S`, 'PT1.S'])(
    '"%s" is none',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
      expect(() => DurationScalar.parseValue(text)).toThrow('A Duration is text');
    },
  );

  test('what is written reads back as the same', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e15 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });
});

describe('BigInt', () => {
  test('up to 2^53−1 it is a number, beyond it decimal text, in both directions', () => {
    expect(
      [5, 9007199254740991, 9007199254740992n, -9007199254740993n].map((value) => BigIntScalar.serialize(value)),
    ).toEqual([5, 9007199254740991, '9007199254740992', '-9007199254740993']);
    expect(['18446744073709551615', '7', 7].map((value) => BigIntScalar.parseValue(value))).toEqual([
      18446744073709551615n,
      7,
      7,
    ]);
    expect(literal(BigIntScalar, '18446744073709551615')).toBe(18446744073709551615n);
  });

  test.each(['', '1.5', '0x10', 'NaN', 1.5, 2 ** 53 + 2, true, null, '9'.repeat(1000)])('%p is refused', (value) => {
    expect(() => BigIntScalar.parseValue(value)).toThrow('A BigInt is an integer');
  });
});

describe('Other scalars', () => {
  test('DateTime takes a moment with a zone and gives it in UTC', () => {
    expect(DateTimeScalar.serialize(DateTimeScalar.parseValue('2026-01-31T12:00:00+02:00'))).toBe(
      '2026-01-31T10:00:00.000Z',
    );
    for (const bad of ['2026-01-31', '2026-13-01T00:00:00Z', 'now', 5])
      expect(() => DateTimeScalar.parseValue(bad)).toThrow('A DateTime is text');
  });

  test('Date and Time take basic and extended forms', () => {
    for (const good of ['2026-01-31', '20260131']) expect(DateScalar.parseValue(good)).toBe(good);
    for (const bad of ['2026-02-30', '2026-1-1', '20261301', 'x'])
      expect(() => DateScalar.parseValue(bad)).toThrow('A Date is text');
    for (const good of ['12:30:00', '064500Z', '06:45', '20260131T123000Z'])
      expect(TimeScalar.parseValue(good)).toBe(good);
    for (const bad of ['noon', '1:2', '']) expect(() => TimeScalar.parseValue(bad)).toThrow('A Time is text');
  });

  test('Base64 takes padded text alone', () => {
    expect([Base64Scalar.parseValue('AAEC'), Base64Scalar.parseValue('AA=='), Base64Scalar.parseValue('')]).toEqual([
      'AAEC',
      'AA==',
      '',
    ]);
    for (const bad of ['AA', 'A===', 'AA_-', 5]) expect(() => Base64Scalar.parseValue(bad)).toThrow('A Base64 is text');
    expect(Base64Scalar.serialize(new Uint8Array([0, 1, 2]))).toBe('AAEC');
  });

  test('JSON that is nested too deeply is refused without exhausting the stack', () => {
    let value: unknown = 1;
    for (let i = 0; i < 100_000; i++) value = [value];
    expect(() => JsonScalar.parseValue(value)).toThrow('64 levels');
    expect(literal(JsonScalar, '{ a: [1, "x", null, true] }')).toEqual({ a: [1, 'x', null, true] });
  });
});
