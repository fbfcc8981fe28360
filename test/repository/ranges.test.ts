import fc from 'fast-check';

import { portionOf, type Portion } from '../../src/repository/ranges';

const TAG = '"abc"';
const DATE = new Date('2026-03-01T12:00:00Z');
const TOLD = { length: 1000, etag: TAG, lastModified: DATE };
const ask = (headers: Record<string, string>, method = 'GET'): Portion => portionOf(method, headers, TOLD);
const WHOLE = { status: 200, start: 0, end: 1000 };

describe('a part of a document', () => {
  test.each<[string, number, number]>([
    ['bytes=0-499', 0, 500],
    ['bytes=500-999', 500, 1000],
    ['bytes=-300', 700, 1000],
    ['bytes=-5000', 0, 1000],
    ['bytes=900-', 900, 1000],
    ['bytes=999-5000', 999, 1000],
    ['Bytes = 0 - 0', 0, 1],
  ])('%s', (range, start, end) => {
    expect(ask({ range })).toEqual({ status: 206, start, end });
  });

  test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0'])('%s lies beyond it: 416', (range) => {
    expect(ask({ range })).toEqual({ status: 416 });
  });

  test.each([
    'bytes=5-2',
    'bytes=-',
    'bytes=0-1,5-9',
    'lines=0-1',
    'bytes=a-b',
    'bytes=--1',
    'bytes=0-99999999999999999999',
    '',
  ])('"%s" is none that is understood, and the whole is given', (range) => {
    expect(ask({ range })).toEqual(WHOLE);
  });

  test('is given to GET alone', () => {
    expect(ask({ range: 'bytes=0-0' }, 'HEAD')).toEqual(WHOLE);
  });

  test.each<[string, number]>([
    [TAG, 206],
    [DATE.toUTCString(), 206],
    ['"other"', 200],
    [`W/${TAG}`, 200],
    [new Date(0).toUTCString(), 200],
    ['nonsense', 200],
  ])('is given under If-Range: %s by status %i', (condition, status) => {
    expect(ask({ range: 'bytes=0-0', 'if-range': condition }).status).toBe(status);
  });

  test.each<[Record<string, string>, number]>([
    [{ 'if-none-match': TAG }, 304],
    [{ 'if-none-match': `"x", W/${TAG}` }, 304],
    [{ 'if-none-match': '*' }, 304],
    [{ 'if-none-match': '"x"' }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': TAG, range: 'bytes=1-1' }, 206],
  ])('%j', (headers, status) => {
    expect(ask(headers).status).toBe(status);
  });

  test('is, whatever is asked, one that lies in the document', () => {
    const digits = fc.oneof(fc.constant(''), fc.nat(3000).map(String), fc.bigInt({ min: 0n }).map(String));
    const range = fc.oneof(
      fc.string(),
      fc.tuple(digits, digits).map(([first, last]) => `bytes=${first}-${last}`),
    );
    fc.assert(
      fc.property(range, fc.nat(2000), (text, length) => {
        const portion = portionOf('GET', { range: text }, { length, etag: TAG });
        if (!('start' in portion)) return portion.status === 416;
        const isWhole = portion.start === 0 && portion.end === length;
        return portion.status === 200 ? isWhole : portion.start < portion.end && portion.end <= length;
      }),
    );
  });
});
