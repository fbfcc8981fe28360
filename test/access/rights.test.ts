/** DM-AZ-001, DM-AZ-003: what a caller may do follows from grants alone, and no right from another. */
import fc from 'fast-check';

import { RIGHTS, Rights, coversPath, type GrantRule, type Right, type ScopedDevice } from '../../src/access/rights';

const NOW = 1_000_000;
const DEVICE: ScopedDevice = { key: '7', accountId: '3', tags: ['north', 'pilot'] };
const EVERYWHERE = { device: null, account: null, tag: null, family: null, path: null, expiresAt: null };
const rule = (right: Right, more: Partial<GrantRule> = {}): GrantRule => ({ right, ...EVERYWHERE, ...more });
const rights = (...rules: readonly GrantRule[]): Rights => new Rights(false, rules, NOW);
const SPOT = { family: 'fumo', path: 'Update/PkgData' };

describe('a grant', () => {
  test.each<[string, Partial<GrantRule>, boolean]>([
    ['of everything', {}, true],
    ['of this device', { device: '7' }, true],
    ['of another device', { device: '8' }, false],
    ["of the device's account", { account: '3' }, true],
    ['of another account', { account: '4' }, false],
    ['of one of its tags', { tag: 'pilot' }, true],
    ['of another tag', { tag: 'south' }, false],
    ['of the family', { family: 'fumo' }, true],
    ['of another family', { family: 'scomo' }, false],
    ['of the node', { family: 'fumo', path: 'Update/PkgData' }, true],
    ['of a node above', { family: 'fumo', path: 'Update' }, true],
    ['of the root', { family: 'fumo', path: '' }, true],
    ['of a pattern that fits', { family: 'fumo', path: '*/PkgData' }, true],
    ['of a node below', { family: 'fumo', path: 'Update/PkgData/X' }, false],
    ['of a node beside whose name begins alike', { family: 'fumo', path: 'Up' }, false],
    ['that ends later', { expiresAt: NOW + 1 }, true],
    ['that ended', { expiresAt: NOW }, false],
  ])('%s counts as it says', (_what, scope, expected) => {
    expect(rights(rule('WRITE', scope)).at('WRITE', DEVICE, SPOT)).toBe(expected);
  });

  test('gives its own right and no other one', () => {
    for (const held of RIGHTS) {
      const own = rights(rule(held));
      for (const asked of RIGHTS) {
        expect([held, asked, own.at(asked, DEVICE, SPOT)]).toEqual([held, asked, held === asked]);
        expect([held, asked, own.onGateway(asked)]).toEqual([held, asked, held === asked]);
      }
      expect(own.readable(DEVICE, 'fumo')).toEqual(held === 'READ' ? 'ALL' : []);
    }
  });

  test('an administrator needs none', () => {
    const admin = new Rights(true, [], NOW);
    for (const right of RIGHTS) expect(admin.at(right, DEVICE, SPOT) && admin.onGateway(right)).toBe(true);
    expect(admin.readable(DEVICE, 'fumo')).toBe('ALL');
  });
});

describe('a device is known to exist', () => {
  test.each(RIGHTS)('to who holds %s on something of it, if that is a right over data or devices', (right) => {
    const isSeen = ['READ', 'WRITE', 'EXECUTE', 'DELEGATE', 'MANAGE_DEVICES'].includes(right);
    expect(rights(rule(right, { device: '7' })).sees(DEVICE)).toBe(isSeen);
    expect(rights(rule(right, { device: '8' })).sees(DEVICE)).toBe(false);
  });

  test('a list is chosen by the same scopes', () => {
    const some = [rule('READ', { tag: 'north' }), rule('WRITE', { device: '9', family: 'x' }), rule('RAW')];
    expect(rights(...some).seen).toEqual({ all: false, devices: ['9'], accounts: [], tags: ['north'], filters: [] });
    expect(rights(rule('DELEGATE', { family: 'x' })).seen).toEqual({ all: true });
    expect(rights().seen).toEqual({ all: false, devices: [], accounts: [], tags: [], filters: [] });
  });
});

describe('giving rights on', () => {
  const HOUR = NOW + 3_600_000;
  const held = rule('DELEGATE', { account: '3', family: 'fumo', path: 'Update', expiresAt: HOUR });
  const wanted = { account: '3', family: 'fumo', path: 'Update', expiresAt: HOUR };
  test.each<[string, Partial<GrantRule>, boolean]>([
    ['the same scope', wanted, true],
    ['a node below', { ...wanted, path: 'Update/PkgData' }, true],
    ['a device of the account', { ...wanted, account: null, device: '7' }, true],
    ['an earlier end', { ...wanted, expiresAt: NOW + 1 }, true],
    ['no end', { ...wanted, expiresAt: null }, false],
    ['a later end', { ...wanted, expiresAt: HOUR + 1 }, false],
    ['the whole object', { ...wanted, path: null }, false],
    ['a node above', { ...wanted, path: '' }, false],
    ['another node', { ...wanted, path: 'Download' }, false],
    ['another family', { ...wanted, family: 'scomo' }, false],
    ['every family', { ...wanted, family: null, path: null }, false],
    ['another account', { ...wanted, account: '4' }, false],
    ['all devices', { ...wanted, account: null }, false],
    ['a tag', { ...wanted, account: null, tag: 'north' }, false],
  ])('by DELEGATE within its scope and time: %s', (_what, scope, expected) => {
    const device = scope.device == null ? undefined : DEVICE;
    expect(rights(held).mayGrant(rule('READ', scope), device)).toBe(expected);
  });

  test('is for rights over data alone, and needs DELEGATE', () => {
    const given = RIGHTS.filter((right) => rights(rule('DELEGATE')).mayGrant(rule(right), undefined));
    expect(given).toEqual(['READ', 'WRITE', 'EXECUTE', 'DELEGATE']);
    const others = RIGHTS.filter((right) => right !== 'DELEGATE').map((right) => rule(right));
    expect(RIGHTS.filter((right) => rights(...others).mayGrant(rule(right), undefined))).toEqual([]);
  });

  const scopes = fc.record({
    device: fc.constant(null),
    account: fc.constantFrom(null, '3', '4'),
    tag: fc.constant(null),
    family: fc.constantFrom(null, 'fumo', 'scomo'),
    path: fc.constantFrom(null, '', 'A', 'A/B', '*', '*/B', 'A/*'),
    expiresAt: fc.constantFrom(null, NOW + 1, NOW + 2),
  });
  test('never reaches what the giver does not manage: for any scopes, nodes and moments', () => {
    const spots = fc.record({
      family: fc.constantFrom('fumo', 'scomo'),
      path: fc.constantFrom('', 'A', 'B', 'A/B', 'A/C', 'C/B', 'A/B/C'),
    });
    const device = fc.record({ key: fc.constant('1'), accountId: fc.constantFrom('3', '4'), tags: fc.constant([]) });
    fc.assert(
      fc.property(scopes, scopes, spots, device, fc.constantFrom(0, 1, 2), (own, given, spot, on, later) => {
        const at = NOW + later;
        const giver = new Rights(false, [rule('DELEGATE', own)], NOW);
        if (!giver.mayGrant(rule('READ', given), undefined)) return;
        const reaches = new Rights(false, [rule('READ', given)], at).at('READ', on, spot);
        const manages = new Rights(false, [rule('DELEGATE', own)], at).at('DELEGATE', on, spot);
        expect(reaches && !manages).toBe(false);
      }),
    );
  });
});

test('a pattern covers what is below it, name by name', () => {
  expect(coversPath('A/*/C', 'A/B/C/D')).toBe(true);
  expect(coversPath('A/*/C', 'A/B')).toBe(false);
  expect(coversPath('*', '')).toBe(false);
  expect(coversPath('', 'A')).toBe(true);
});
