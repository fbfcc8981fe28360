/** dm1 section 7: access control lists. */
import fc from 'fast-check';

import {
  ACL_COMMANDS,
  allows,
  creatorsAcl,
  DEFAULT_ROOT_ACL,
  effectiveAcl,
  judgeAclChange,
  MAX_ACL_LENGTH,
  parseAcl,
  printAcl,
  withoutServer,
  withServer,
  type Acl,
} from '../../../adapters/dm1/acl';

const acl = (text: string): Acl => {
  const read = parseAcl(text);
  if (!read.ok) throw new Error(`${read.at}: ${read.problem}`);
  return read.acl;
};

describe('the text of an ACL (dm1 7)', () => {
  test('is entries joined by "&", each a command and its servers joined by "+"', () => {
    expect(acl('Add=mgmt.example.net&Get=*&Replace=mgmt.example.net+other.example.org')).toEqual([
      { command: 'Add', servers: ['mgmt.example.net'] },
      { command: 'Get', servers: ['*'] },
      { command: 'Replace', servers: ['mgmt.example.net', 'other.example.org'] },
    ]);
  });

  test('of a node without a value is empty, and a command without servers is dropped', () => {
    expect(acl('')).toEqual([]);
    expect(acl(' \n')).toEqual([]);
    expect(acl('Get=&Add=a')).toEqual([{ command: 'Add', servers: ['a'] }]);
    expect(printAcl([{ command: 'Get', servers: [] }])).toBe('');
  });

  test.each([
    ['Get', 0],
    ['Read=*', 0],
    ['get=*', 0],
    ['Add=a&Get=b&', 12],
    ['Add=a&Get=b c', 10],
    ['Add=a+', 6],
    ['Add=a++b', 6],
    ['Add=a=b', 4],
    ['Add=a*', 4],
    ['Add=a&Add=b', 6],
    ['Add=\u0007', 4],
  ])('%j is none, and the place is named', (text, at) => {
    expect(parseAcl(text)).toMatchObject({ ok: false, at });
  });

  test('has its limits: 255 characters of an identifier, 4096 of the whole', () => {
    expect(parseAcl(`  Get=${'x'.repeat(256)}`)).toMatchObject({ ok: false, at: 6 });
    expect(parseAcl(`Get=${'x'.repeat(255)}`)).toMatchObject({ ok: true });
    expect(parseAcl(`Get=${'x'.repeat(MAX_ACL_LENGTH)}`)).toMatchObject({ ok: false, at: MAX_ACL_LENGTH });
  });

  const server = fc
    .string({ minLength: 1, maxLength: 40, unit: 'grapheme' })
    .filter((text) => !/[=&*+\s]|\p{C}/u.test(text));
  const list = fc.uniqueArray(
    fc.record({
      command: fc.constantFrom(...ACL_COMMANDS),
      servers: fc.uniqueArray(fc.oneof(fc.constant('*'), server), { minLength: 1, maxLength: 4 }),
    }),
    { selector: ({ command }) => command },
  );

  test('read after it was printed is the same list', () => {
    fc.assert(fc.property(list, (given) => void expect(acl(printAcl(given))).toEqual(given)));
  });

  test('printed after it was read reads as the same again, and any text is read or refused with a place in it', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.array(fc.constantFrom('Get', '=', '&', '+', '*', 'a', ' ')).map((x) => x.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const read = parseAcl(text);
        if (read.ok) expect(acl(printAcl(read.acl))).toEqual(read.acl);
        else expect(read.at).toBeLessThanOrEqual(text.length);
      }),
    );
  });
});

describe('what an ACL means (dm1 7)', () => {
  test('a command is allowed to the servers that are listed, and to nobody where it is not', () => {
    const own = acl('Get=*&Replace=a+b');
    expect(allows(own, 'Get', 'stranger')).toBe(true);
    expect(allows(own, 'Replace', 'b')).toBe(true);
    expect(allows(own, 'Replace', 'stranger')).toBe(false);
    expect(allows(own, 'Exec', 'a')).toBe(false);
  });

  test("without a value the nearest ancestor's counts, whole; the root without one allows Add and Get", () => {
    expect(effectiveAcl([acl('Get=*'), acl('Replace=a'), acl('')])).toEqual(acl('Replace=a'));
    expect(allows(effectiveAcl([acl('Get=*'), acl('Replace=a'), acl('')]), 'Get', 'a')).toBe(false);
    expect(effectiveAcl([acl(''), acl('')])).toEqual(DEFAULT_ROOT_ACL);
  });

  const ROOT = acl('Add=*&Get=*');
  const ours = acl('Get=*&Replace=us');
  const theirs = acl('Get=*&Replace=them');
  test.each<[string, readonly Acl[], boolean, string, number, number]>([
    ['an interior node by Replace on it', [ROOT, theirs, ours], false, 'us', 200, 200],
    ['an interior node by Replace on its parent', [ROOT, ours, theirs], false, 'us', 200, 200],
    ['a leaf by Replace on its parent', [ROOT, ours, theirs], true, 'us', 200, 200],
    ['a leaf by Replace on it alone', [ROOT, theirs, ours], true, 'us', 425, 425],
    ['a node by Replace on its grandparent', [ROOT, ours, theirs, theirs], false, 'us', 425, 200],
    ['a node without any Replace above it', [ROOT, theirs, acl('')], false, 'us', 425, 425],
    ["the root's by Replace on the root", [acl('Get=*&Replace=us')], false, 'us', 200, 405],
    ["the root's without Replace", [ROOT], false, 'us', 425, 405],
  ])('changing the ACL of %s', (_who, chain, isLeaf, server, in12, in13) => {
    expect(judgeAclChange(chain, isLeaf, server, '1.2')).toBe(in12);
    expect(judgeAclChange(chain, isLeaf, server, '1.3')).toBe(in13);
  });

  test('a creator without Replace on the parent gets Add, Delete and Replace, in 1.3 all rights', () => {
    expect(printAcl(creatorsAcl('us', ROOT, '1.2'))).toBe('Add=us&Delete=us&Get=*&Replace=us');
    expect(printAcl(creatorsAcl('us', ROOT, '1.3'))).toBe('Add=us&Delete=us&Exec=us&Get=us&Replace=us');
  });

  test('a server is added to a list and taken out of it, and nobody else is touched', () => {
    const before = acl('Add=us&Get=*&Replace=us+them');
    const after = withServer(before, 'guest', ACL_COMMANDS);
    expect(printAcl(after)).toBe('Add=us+guest&Delete=guest&Exec=guest&Get=*&Replace=us+them+guest');
    expect(withoutServer(after, 'guest')).toEqual(before);
    expect(withServer(after, 'guest', ACL_COMMANDS)).toEqual(after);
  });
});
