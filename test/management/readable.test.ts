import { objectionToName } from '../../src/management/names';
import { Rights } from '../../src/access/rights';
import { pruned, readablePaths } from '../../src/management/readable';
import type { MoView } from '../../src/management/types';

describe('what of a document may be read', () => {
  const values = { Name: 'a', Tariff: { day: { Rate: 1, Start: '06' }, night: { Rate: 2 } }, 'x/y': { z: null } };

  test('is what grants name, with the nodes on the way', () => {
    expect(pruned(values, ['Name'])).toEqual({ Name: 'a' });
    expect(pruned(values, ['Tariff/*/Rate'])).toEqual({ Tariff: { day: { Rate: 1 }, night: { Rate: 2 } } });
    expect(pruned(values, ['Tariff/day', 'x%2Fy'])).toEqual({ Tariff: { day: values.Tariff.day }, 'x/y': { z: null } });
  });

  test('does not tell of nodes of which nothing may be read', () => {
    expect(pruned(values, ['Other', 'Name/below', 'Tariff/day/None'])).toEqual({});
  });
});

describe('what of an object is read for somebody', () => {
  const values = { Name: 'a', Tariff: { day: { Rate: 1 }, 'x/y': { Rate: 2 } } };
  const of = (isAdmin: boolean, ...paths: readonly (string | null)[]): readonly string[] => {
    const rule = { right: 'READ', device: null, account: null, tag: null, family: 'f', expiresAt: null } as const;
    const rights = new Rights(
      isAdmin,
      paths.map((path) => ({ ...rule, path })),
      0,
    );
    return readablePaths({ family: 'f', values } as unknown as MoView, { key: '1', accountId: '1', tags: [] }, rights);
  };

  test('is all of it, or the highest nodes that grants name; of a `*` those that are known', () => {
    expect(of(true)).toEqual(['']);
    expect(of(false)).toEqual([]);
    expect(of(false, 'Name', null)).toEqual(['']);
    expect(of(false, 'Name', 'Tariff/*/Rate', 'Unknown/below')).toEqual([
      'Name',
      'Tariff/day/Rate',
      'Tariff/x%2Fy/Rate',
      'Unknown/below',
    ]);
    expect(of(false, 'Tariff/day', 'Tariff/*/Rate', 'Tar')).toEqual(['Tariff/day', 'Tariff/x%2Fy/Rate', 'Tar']);
  });
});

describe('a name that a device may take for more than a name', () => {
  test.each([
    '?prop=ACL',
    'X?prop=ACL',
    '.?prop=ACL',
    'X%3Fprop=ACL',
    'X%3fprop=ACL',
    'X%253Fprop=ACL',
    '?PROP=acl',
    '?list=TNDS',
    'X%25252525253Fprop=ACL',
  ])('%s asks for a property or a query', (text) => expect(objectionToName(text)).toBe('QUERY'));

  test.each(['..', 'A/../B', 'A/%2E%2E/B', 'A/%252e%252e/B', 'A%2F..%2FB', '.', 'A/./B'])(
    '%s leaves its place',
    (text) => expect(objectionToName(text)).toBe('PARENT'),
  );

  test.each(['', 'A/B', 'A%2FB', '50%25', '100%', 'a=b&c', '...', 'x.y'])('%s is a name', (text) =>
    expect(objectionToName(text)).toBeUndefined(),
  );
});
