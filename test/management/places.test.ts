import fc from 'fast-check';

import { locUriOf } from '../../adapters/dm1/addressing';
import { encodeName } from '../../schema/ddf/library';
import { findPlace, nameInstance, normaliseUri, parentPlace } from '../../src/management/places';

const mo = (miid: string, place: string | null) => ({ family: 'f', moid: 'f:1.0', miid, place });

describe('a place', () => {
  test.each([
    ['DevInfo', './DevInfo'],
    ['./DevInfo/', './DevInfo'],
    ['/DevInfo//Man', './DevInfo/Man'],
    ['./././A', './A'],
    ['./A?prop=ACL', './A'],
    ['', '.'],
    ['./', '.'],
    ['?list=Struct', '.'],
  ])('%j is %s', (told, normal) => {
    expect(normaliseUri(told)).toBe(normal);
  });

  test('of a hostile length is read in no time', () => {
    const started = performance.now();
    normaliseUri(`${'/'.repeat(200_000)}x${'/'.repeat(200_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('belongs to the innermost MO', () => {
    const mos = [mo('outer', './A'), mo('inner', './A/B/C'), mo('none', null)];
    expect(findPlace(mos, './A/B/C/D')).toMatchObject({ mo: { miid: 'inner' }, path: 'D' });
    expect(findPlace(mos, 'A/B')).toMatchObject({ mo: { miid: 'outer' }, path: 'B' });
    expect(findPlace(mos, './A/B/CD')).toMatchObject({ mo: { miid: 'outer' }, path: 'B/CD' });
    expect(findPlace(mos, './A')).toMatchObject({ path: '' });
    expect(findPlace(mos, './AB')).toBeUndefined();
  });

  test('is the same in both spellings of a name', () => {
    expect(findPlace([mo('x', './My%20Lamp')], './My Lamp/N%20o')).toMatchObject({ path: 'N o' });
    expect(findPlace([mo('x', './100%')], './100%25/a%2Fb')).toMatchObject({ path: 'a%2Fb' });
  });

  test('that was printed for a device is found again', () => {
    const name = fc
      .string({ minLength: 1, unit: 'binary' })
      .filter((text) => text !== '.' && text.trim() === text && !text.includes('\0'));
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), fc.array(name, { maxLength: 4 }), (root, below) => {
        const place = `./${root.map((n) => encodeURIComponent(n)).join('/')}`;
        const path = below.map(encodeName).join('/');
        const printed = locUriOf({ moid: 'f:1.0', miid: 'x', path, place }) ?? '';
        expect(findPlace([mo('x', place)], printed)).toEqual({ mo: mo('x', place), path });
      }),
    );
  });

  test('has a parent', () => {
    expect(parentPlace('./A/B')).toBe('./A');
    expect(parentPlace('./A')).toBe('.');
    expect(parentPlace('.')).toBe('.');
  });
});

describe('the name of an instance', () => {
  test('is the last segment of its place, with ~2, ~3 … where that is taken', () => {
    expect(nameInstance('./Lamps/L%201', new Set())).toBe('L 1');
    expect(nameInstance('./A/L', new Set(['L']))).toBe('L~2');
    expect(nameInstance('./A/L', new Set(['L', 'L~2', 'L~4']))).toBe('L~3');
  });
});
