import { isNestedDeeper } from '../../src/graphql/nesting';

describe('Nesting of a document', () => {
  test.each([
    ['{ a { b(c: [1]) } }', 4],
    ['{ a } { b } { c }', 1],
    ['{ a(b: "[[[[ \\" [[[[") }', 2],
    ['{ a(b: """[[[[ \\""" [[[[ " """) }', 2],
    ['# ((((\n{ a }', 1],
    ['{ a(b: "unclosed [[[[\n) }', 2],
    ['{ ...A } fragment A on T { ...B } fragment B on T { c }', 3],
    ['', 0],
  ])('%j is nested %i deep', (document, depth) => {
    expect([isNestedDeeper(document, depth), depth === 0 || isNestedDeeper(document, depth - 1)]).toEqual([
      false,
      true,
    ]);
  });

  test('the time grows with the length alone', () => {
    for (const hostile of [
      '"'.repeat(1_000_000),
      '"""'.repeat(300_000),
      '\\"'.repeat(500_000),
      '}'.repeat(1_000_000),
      '"""\\'.repeat(250_000),
    ]) {
      const start = process.cpuUsage().user;
      isNestedDeeper(hostile, 400);
      expect(process.cpuUsage().user - start).toBeLessThan(5_000_000);
    }
  });
});
