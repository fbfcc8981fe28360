import fc from 'fast-check';

import { describeAllowed, isAllowedValue } from '../../schema/ddf/check-value';
import type { AllowedValues } from '../../schema/ddf/model';
import { compilePattern } from '../../schema/ddf/pattern';
import { allowedIn } from '../../schema/graphql/rules';
import { commandsOf } from '../../schema/graphql/input';
import { ddf, familyOfTexts, node } from './ddf-texts';

const listed = (...values: readonly string[]): AllowedValues => ({
  kind: 'enum',
  values: values.map((value) => ({ value })),
});
const flags = (...values: readonly string[]): AllowedValues => ({
  kind: 'flags',
  values: values.map((value) => ({ value })),
});
const range = (min: bigint | undefined, max: bigint | undefined): AllowedValues => ({
  kind: 'range',
  ranges: [{ min, max }],
  text: '',
});
const pattern = (text: string, delimiter?: string): AllowedValues => ({
  kind: 'pattern',
  pattern: text,
  ...(delimiter ? { delimiter } : {}),
});

describe('A value is checked against what its DDF allows', () => {
  test.each<[AllowedValues, unknown, boolean]>([
    [listed('0', '1'), 1, true],
    [listed('0', '1'), 2, false],
    [listed('0x10'), 16, true],
    [listed('4294967295'), 4294967295n, true],
    [listed('a', 'b'), 'b', true],
    [listed('a', 'b'), 'B', false],
    [listed('true'), true, true],
    [listed('true'), false, false],
    [listed('0', '1'), false, true],
    [{ ...listed('a', 'b'), delimiter: ';' } as AllowedValues, 'a;b', true],
    [{ ...listed('a', 'b'), delimiter: ';' } as AllowedValues, 'a;c', false],
    [{ ...listed('a', 'b'), delimiter: '0xF000' } as AllowedValues, 'a\uf000b', true],
    [range(1n, 5n), 5, true],
    [range(1n, 5n), 6, false],
    [range(1n, 5n), '7', false],
    [range(undefined, 4294967295n), 4294967296n, false],
    [range(-1n, undefined), -2, false],
    [flags('0x1', '0x2', '0x4'), 5, true],
    [flags('0x1', '0x2', '0x4'), 0, true],
    [flags('0x1', '0x2', '0x4'), 8, false],
    [flags('0x1', '0x80000000'), 2147483649n, true],
    [flags('0x1'), -1, false],
    [pattern('^[0-9,-]+$'), '1,2-3', true],
    [pattern('^[0-9,-]+$'), '1;2', false],
    [pattern('^[a-z]$', ';'), 'a;b', true],
    [pattern('^[a-z]$', ';'), 'a;bb', false],
    [pattern('(?=not understood)'), 'anything', true],
    [{ kind: 'other', type: 'ADMX', text: '' }, 'anything', true],
    [listed('a'), new Uint8Array([1]), true],
    [listed('a'), null, true],
  ])('%j, %p: %p', (allowed, value, isAllowed) => {
    expect(isAllowedValue(allowed, value)).toBe(isAllowed);
  });

  test('and a refusal states the rule', () => {
    expect(describeAllowed(listed('a', 'b'))).toBe('a, b');
    expect(describeAllowed({ ...listed('a'), delimiter: ';' } as AllowedValues)).toBe('a list, separated by ";", of a');
    expect(describeAllowed(range(1n, undefined))).toBe('1..');
    expect(describeAllowed(flags('1', '2'))).toBe('a sum of 1, 2');
    expect(describeAllowed(pattern('^a$'))).toBe('a text like ^a$');
    expect(describeAllowed(undefined)).toBe('anything');
  });
});

describe('Patterns of DDFs', () => {
  test.each([
    ['a|b+c?', 'xbbx', true],
    ['^a{2,3}$', 'aaaa', false],
    ['^a{2,3}$', 'aaa', true],
    ['^a{2,}$', 'aaaaa', true],
    ['^(?:ab|cd)*$', 'abcdab', true],
    ['^[^|/]*$', 'a/b', false],
    ['^\\d+\\.\\d+$', '10.25', true],
    ['\\bword\\b', 'a word here', true],
    ['\\bword\\b', 'swords', false],
    ['{[0-9]}', '{1}', true],
    ['/^https?:\\/\\/x$/', 'https://x', true],
    ['^[\\w.-]+$', 'a-b.c', true],
    ['^.$', '𝒳', true],
    ['^[\\u00e0-\\u00ff]$', 'é', true],
    ['^$', '', true],
    ['(a*)*b', 'aaab', true],
    ['^(|a)+$', 'aa', true],
  ])('%s on %j: %p', (source, text, matches) => {
    expect(compilePattern(source)?.(text)).toBe(matches);
  });

  test.each(['(?=a)', '(?i)a', '(a)\\1', '[b-a]', '(a', 'a)', '*', 'a{3,2}', '\\p{L}', 'a'.repeat(5_000), 'a{60000}'])(
    'that are not understood are told so: %s',
    (source) => {
      expect(compilePattern(source)).toBeUndefined();
    },
  );

  test('never take more than linear time', () => {
    const nested = compilePattern('^(a+)+$');

    expect(nested?.(`${'a'.repeat(50_000)}b`)).toBe(false);
    expect(compilePattern('^((a?){50}){50}$')?.('a'.repeat(100_000))).toBeUndefined();
  });

  test('are understood in bounded time, though they repeat nothing at all ever so often', () => {
    const nothing = '((((a{0,0}){9999}){9999}){9999}){9999}';

    expect(compilePattern(`^${nothing}b$`)?.('b')).toBe(true);
    expect(compilePattern('^(()*){999}b$')?.('a')).toBe(false);
  });

  test('agree with the platform’s own engine', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '(?:a|b)', '(a)', '\\.');
    const source = fc
      .array(fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}')), { maxLength: 5 })
      .map((parts) => parts.map(([one, often]) => one + often).join(''));
    const anchored = fc
      .tuple(fc.constantFrom('', '^'), source, fc.constantFrom('', '$', '|b'))
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(anchored, fc.stringMatching(/^[ab1.\n]{0,8}$/), (pattern, text) => {
        expect(compilePattern(pattern)?.(text)).toBe(new RegExp(pattern).test(text));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('Which rules hold for a device', () => {
  const MOID = 'urn:oma:mo:ext-acme-thing';
  const rangeOf = (text: string): string =>
    `<MSFT:AllowedValues ValueType="Range"><MSFT:Value>${text}</MSFT:Value></MSFT:AllowedValues>`;
  const version = (number: string, more: string): string =>
    ddf(
      node('Thing', {
        moid: `${MOID}${number && `:${number}`}`,
        children: [node('A', { format: 'int', access: 'Replace', more })],
      }),
    );
  const refuses = (family: ReturnType<typeof familyOfTexts>, a: number, on?: string): boolean =>
    !commandsOf('replace', family, { a }, on === undefined ? {} : { version: on }).ok;

  test('those of its version; of any version while it is not known', () => {
    const family = familyOfTexts(version('1.0', rangeOf('[1-5]')), version('1.1', rangeOf('[6-9]')));

    expect([refuses(family, 5, '1.0'), refuses(family, 6, '1.0'), refuses(family, 6, '1.1')]).toEqual([
      false,
      true,
      false,
    ]);
    expect([refuses(family, 5), refuses(family, 9), refuses(family, 10)]).toEqual([false, false, true]);
  });

  test('a version that says nothing allows everything; a second description of one version that says nothing does not', () => {
    const silent = familyOfTexts(version('1.0', rangeOf('[1-5]')), version('1.1', ''));
    const twice = familyOfTexts(version('1.0', rangeOf('[1-5]')), version('1.0', '<Description>x</Description>'));

    expect([refuses(silent, 9, '1.0'), refuses(silent, 9, '1.1'), refuses(silent, 9)]).toEqual([true, false, false]);
    expect([refuses(twice, 9, '1.0'), refuses(twice, 9)]).toEqual([true, true]);
    expect(allowedIn(silent.root, '1.0')).toEqual([]);
  });

  test('patterns, lists, sums and names of nodes are refused with what is allowed', () => {
    const family = familyOfTexts(
      ddf(
        node('Thing', {
          moid: MOID,
          children: [
            node('P', { format: 'chr', access: 'Replace', more: rangeOf('^[0-9]+$').replace('Range', 'RegEx') }),
            node('F', {
              format: 'int',
              access: 'Replace',
              more: '<MSFT:AllowedValues ValueType="Flag"><MSFT:Enum><MSFT:Value>0x1</MSFT:Value></MSFT:Enum><MSFT:Enum><MSFT:Value>0x2</MSFT:Value></MSFT:Enum></MSFT:AllowedValues>',
            }),
            node('B', {
              children: [
                node('', {
                  access: 'Add Get',
                  more: rangeOf('^[^|]*$').replace('Range', 'RegEx'),
                  children: [node('X', { format: 'chr' })],
                }),
              ],
            }),
          ],
        }),
      ),
    );

    expect(commandsOf('replace', family, { p: 'x' })).toEqual({
      ok: false,
      code: 'OUT_OF_RANGE',
      message: 'P takes a text like ^[0-9]+$, not "x"',
      path: 'P',
    });
    expect(commandsOf('replace', family, { f: 4 })).toMatchObject({
      code: 'OUT_OF_RANGE',
      message: 'F takes a sum of 0x1, 0x2, not 4',
    });
    expect(commandsOf('replace', family, { f: 3, p: '12' })).toMatchObject({ ok: true });
    expect(commandsOf('add', family, { b: { items: [{ nodeName: 'a|b' }] } })).toMatchObject({
      code: 'OUT_OF_RANGE',
      path: 'B/a|b',
    });
    expect(commandsOf('add', family, { b: { items: [{ nodeName: 'ab' }] } })).toMatchObject({ ok: true });
  });
});
