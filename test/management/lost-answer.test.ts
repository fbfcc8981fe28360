import type { Tree, Value } from '../../adapters/adapter';
import { dispatch, type Terrain } from '../../src/management/dispatch';
import { isReadBack, isThere } from '../../src/management/lost-answer';
import type { StoredTree, StoredValue } from '../../src/management/stored-value';
import type { ActiveCommandRow } from '../../src/store/turn-load';
import { at, givenCommand, givenOperation, LIBRARY } from './given';

const leaf = (name: string, format: Value['format'], data: Value['data']): Tree => ({ name, value: { format, data } });
const stored = (f: StoredValue['f'], k: StoredValue['k'], d: StoredValue['d']): StoredValue => ({ f, k, d });
const LAMP = 'urn:example:lamp:1.0';
const lamp = { family: 'urn:example:lamp', moid: LAMP, miid: 'L1', validator: null };
const DM1: Terrain = {
  mos: [{ ...lamp, place: './Lamps/L1' }],
  library: LIBRARY,
  hasPlaces: true,
  isSearching: false,
  token: () => 'T',
  address: (token) => token,
};
const DM2: Terrain = { ...DM1, hasPlaces: false, mos: [{ ...lamp, place: null }] };

describe('what an add has written', () => {
  test.each<[string, StoredValue, Tree, boolean]>([
    ['text as it was', stored('chr', 's', 'x'), leaf('A', 'chr', 'x'), true],
    ['other text', stored('chr', 's', 'x'), leaf('A', 'chr', 'X'), false],
    ['a number that is told as text', stored('int', 'n', 5), leaf('A', 'chr', '05'), true],
    ['a number beyond 2^53', stored('int', 'i', '9007199254740993'), leaf('A', 'int', 9007199254740992n), false],
    ['a fraction', stored('float', 'n', 1.5), leaf('A', 'chr', '1.50'), true],
    ['truth in capitals', stored('bool', 'b', true), leaf('A', 'chr', 'TRUE'), true],
    ['octets', stored('bin', 'x', 'AAEC'), leaf('A', 'bin', Uint8Array.of(0, 1, 2)), true],
    ['octets in lines of Base64', stored('bin', 'x', 'AAEC'), leaf('A', 'b64', 'AA\r\nEC'), true],
    ['other octets', stored('bin', 'x', 'AAEC'), leaf('A', 'bin', Uint8Array.of(0, 1)), false],
    ['nothing', stored('null', 'z', null), leaf('A', 'null', null), true],
    ['an interior node in its place', stored('chr', 's', ''), { name: 'A', children: [] }, false],
  ])('is there, or not: %s', (_, value, found, is) => {
    expect(isThere({ kind: 'add', request: { value } }, found)).toBe(is);
  });

  test('is there as a tree where each node is; what the device added does not count', () => {
    const tree: StoredTree = {
      n: 'A',
      c: [
        { n: 'Red', v: stored('int', 'n', 1) },
        { n: 'More', c: [] },
      ],
    };
    const red = leaf('Red', 'int', 1);
    const more: Tree = { name: 'More', children: [leaf('State', 'chr', 'new')] };
    const isFound = (...children: Tree[]): boolean =>
      isThere({ kind: 'add', request: { tree } }, { name: 'A', children });
    expect(isFound(red, more)).toBe(true);
    expect(isFound(red)).toBe(false);
    expect(isFound(leaf('Red', 'int', 2), more)).toBe(false);
    expect(isThere({ kind: 'add', request: {} }, { name: 'A', children: [red] })).toBe(true);
    expect(isThere({ kind: 'add', request: {} }, red)).toBe(false);
  });

  test.each<[string, Partial<ActiveCommandRow>, boolean]>([
    ['a node that may be read', { path: 'Colours/A/Red' }, true],
    ['a node that only is executed', { path: 'Blink' }, false],
    ['a tree with such a node in it', { path: '', request: { tree: { n: '', c: [{ n: 'Blink', c: [] }] } } }, false],
    ['a node of no DDF', { moid: null, family: null, uri: './X' }, true],
    ['a long value', { request: { value: { f: 'chr', k: 'r', d: '1', l: 9_000 } } }, false],
    ['a file that the device fetches', { request: { value: { f: 'bin', k: 'f', d: '1' } } }, false],
  ])('can be read back, or not: %s', (_, more, is) => {
    expect(isReadBack(givenCommand(0, 'add', more), LIBRARY)).toBe(is);
  });
});

describe('a read that settles', () => {
  /** What is sent, lost, and sent then. */
  function afterLoss(more: Partial<ActiveCommandRow>, terrain: Terrain, kind = 'add'): unknown {
    const operation = givenOperation([givenCommand(0, kind, more)]);
    const command = at(operation, 0);
    dispatch(command, operation, terrain);
    operation.sent(command, 'X', null);
    operation.unanswered(command, 'lost');
    return command.state === 'QUEUED' ? dispatch(command, operation, terrain) : command.state;
  }
  const ready = (address: object): object => ({ kind: 'ready', command: { id: '7.0', kind: 'get', at: address } });

  test('an add asks for the node that was added', () => {
    expect(afterLoss({ path: 'Colours/A' }, DM1)).toMatchObject(
      ready({ moid: LAMP, miid: 'L1', path: 'Colours/A', place: './Lamps/L1' }),
    );
  });

  test('the add of an object asks for it where it was to go, or by its name', () => {
    expect(afterLoss({ path: '', miid: 'L2' }, DM1)).toMatchObject(ready({ path: '', place: './Lamps/L2' }));
    expect(afterLoss({ path: '', miid: null }, DM1)).toMatchObject(ready({ path: '', place: './Lamps/n7' }));
    expect(afterLoss({ path: '', miid: 'L2' }, DM2)).toMatchObject(ready({ moid: LAMP, miid: 'L2', path: '' }));
  });

  test('there is none for an object that the device names itself, or takes in its Inbox', () => {
    expect(afterLoss({ path: '', miid: null }, DM2)).toBe('IN_DOUBT');
    const box = { moid: 'urn:example:box:1.0', family: 'urn:example:box', miid: null, path: '' };
    expect(afterLoss(box, { ...DM1, hasInbox: true })).toBe('IN_DOUBT');
  });

  test('a copy on DM 1.x asks for its source first', () => {
    const to = { moid: LAMP, miid: 'L1', path: 'Mode' };
    expect(afterLoss({ request: { to } }, DM1, 'copy')).toMatchObject(ready({ path: 'Name' }));
  });
});
