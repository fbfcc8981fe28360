import { dispatch, parentFor, type Terrain } from '../../src/management/dispatch';
import type { ActiveCommandRow, ActiveOperationRow } from '../../src/store/turn-load';
import { at, givenCommand, givenOperation, LIBRARY } from './given';

const LAMP = 'urn:example:lamp';
const lamp = (miid: string, place: string | null = `./Lamps/${miid}`) => ({
  family: LAMP,
  moid: `${LAMP}:1.0`,
  miid,
  place,
  validator: null,
});
const DM1: Terrain = { mos: [lamp('L1')], library: LIBRARY, hasPlaces: true, isSearching: false, token: () => 'T' };
const DM2: Terrain = { ...DM1, mos: [lamp('L1', null)], hasPlaces: false };

function dispatched(
  kind: string,
  more: Partial<ActiveCommandRow> = {},
  terrain = DM1,
  operation: Partial<ActiveOperationRow> = {},
): unknown {
  const live = givenOperation([givenCommand(0, kind, more), givenCommand(1, kind, more)], operation);
  return dispatch(at(live, 1), live, terrain);
}

describe('a command for the adapter', () => {
  test('has the instance that the device has, its place, and a name and a token of its own', () => {
    expect(dispatched('get', { miid: null, request: { depth: 1 } })).toEqual({
      kind: 'ready',
      command: {
        id: '7.1',
        repeatable: false,
        token: 'T',
        kind: 'get',
        at: { moid: `${LAMP}:1.0`, miid: 'L1', path: 'Name', place: './Lamps/L1' },
        depth: 1,
      },
    });
  });

  test('carries value, argument, ACL or target as they were stored', () => {
    const value = { f: 'chr', k: 's', d: 'x' };
    expect(dispatched('replace', { request: { value } })).toMatchObject({
      command: { kind: 'replace', value: { format: 'chr', data: 'x' } },
    });
    expect(dispatched('exec', { request: { value } })).toMatchObject({
      command: { argument: { data: 'x' }, correlator: '7.1' },
    });
    expect(dispatched('setAcl', { request: { value } })).toMatchObject({
      command: { kind: 'replace', prop: 'ACL', value: { data: 'x' } },
    });
    expect(dispatched('getAcl')).toMatchObject({ command: { kind: 'get', prop: 'ACL' } });
    expect(dispatched('delete', { moid: null, family: null, uri: './X' })).toMatchObject({
      command: { kind: 'delete', at: { uri: './X' } },
    });
    expect(dispatched('copy', { request: { to: { moid: LAMP, miid: null, path: 'Mode' } } })).toMatchObject({
      command: { from: { path: 'Name' }, to: { path: 'Mode', miid: 'L1' } },
    });
    expect(dispatched('copy', { request: { to: { uri: './X' } } })).toMatchObject({
      command: { from: { path: 'Name', place: './Lamps/L1' }, to: { uri: './X' } },
    });
    expect(dispatched('show', { request: { prompt: { kind: 'DISPLAY', text: 'hi' } } })).toMatchObject({
      command: { kind: 'show', prompt: { kind: 'DISPLAY', text: 'hi' } },
    });
  });

  test('of an atomic group names it', () => {
    expect(dispatched('replace', {}, DM1, { atomic: true })).toMatchObject({ command: { atomic: '7' } });
  });

  test('waits while the device is looked through, and can never be sent when its MO was not found', () => {
    const box = { moid: 'urn:example:box', family: 'urn:example:box', miid: null };
    expect(dispatched('get', box, { ...DM1, isSearching: true })).toEqual({ kind: 'wait' });
    expect(dispatched('get', box)).toEqual({ kind: 'never', reason: 'the device has no urn:example:box' });
    expect(dispatched('get', { miid: null }, { ...DM1, mos: [lamp('L1'), lamp('L2')] })).toMatchObject({
      kind: 'never',
      reason: expect.stringContaining('L1, L2') as string,
    });
  });

  test.each<[string, Partial<ActiveCommandRow>, Partial<ActiveOperationRow>]>([
    ['getAcl', {}, {}],
    ['get', { uri: './X' }, {}],
    ['exec', { request: { value: { f: 'chr', k: 's', d: 'x' } } }, {}],
    ['replace', {}, { atomic: true }],
  ])('that DM 2.0 does not know (%s) is never sent', (kind, more, operation) => {
    expect(dispatched(kind, more, DM2, operation)).toMatchObject({ kind: 'never', outcome: 'UNSUPPORTED' });
  });
});

describe('a new instance', () => {
  const add = (more: Partial<ActiveCommandRow> = {}, terrain = DM1) =>
    dispatched('add', { path: '', miid: null, ...more }, terrain);

  test('goes beside its like, by its name or by one that no other add gets', () => {
    expect(add({ miid: 'L 9' })).toMatchObject({ command: { at: { miid: 'L 9', path: '', place: './Lamps/L%209' } } });
    expect(add()).toMatchObject({ command: { at: { place: './Lamps/n7-1' } } });
  });

  test('goes where its DDF says when there is none yet; on DM 2.0 the device decides', () => {
    expect(add({ miid: 'L9' }, { ...DM1, mos: [] })).toMatchObject({ command: { at: { place: './Lamps/L9' } } });
    expect(add({}, DM2)).toMatchObject({ command: { at: { moid: `${LAMP}:1.0`, path: '' } } });
    expect(add({ moid: 'urn:example:box', family: 'urn:example:box' })).toMatchObject({
      kind: 'never',
      reason: expect.stringContaining('NO_PLACE') as string,
    });
    expect(add({}, { ...DM1, mos: [], isSearching: true })).toEqual({ kind: 'wait' });
  });

  test('of an MO whose root has a fixed name has that place', () => {
    expect(parentFor('urn:oma:mo:oma-dm-devinfo:1.1', [], LIBRARY)).toEqual({ place: '.', whole: './DevInfo' });
    expect(parentFor('urn:example:box', [], LIBRARY)).toBeUndefined();
  });
});
