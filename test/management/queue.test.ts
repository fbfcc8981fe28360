import { pickWork, type Never, type Resolution } from '../../src/management/queue';
import type { LiveCommand, LiveOperation } from '../../src/management/command-state';
import type { ActiveCommandRow } from '../../src/store/turn-load';
import { at, givenCommand, givenOperation, NOW, states } from './given';

type Answers = Readonly<Record<string, Resolution<string>>>;

/** Positions that are picked of operations whose commands are all ready but for those named. */
function pick(
  operations: readonly LiveOperation[],
  more: { limit?: number; answers?: Answers } = {},
): { picked: string[]; more: boolean; failed: string[] } {
  const failed: string[] = [];
  const name = (operation: LiveOperation, command: LiveCommand): string => `${operation.id}.${command.position}`;
  const result = pickWork<string>(
    operations,
    more.limit ?? 64,
    NOW,
    (command, operation) => more.answers?.[name(operation, command)] ?? { kind: 'ready', command: 'x' },
    (operation: LiveOperation, command: LiveCommand, never: Never) => {
      failed.push(`${name(operation, command)}: ${never.reason}`);
      operation.answered(command, { outcome: never.outcome ?? 'NOT_FOUND', error: never.reason });
    },
  );
  return { picked: result.picked.map((p) => name(p.operation, p.command)), more: result.more, failed };
}

const NEVER: Never = { kind: 'never', reason: 'no such MO' };
const WAIT = { kind: 'wait' } as const;
const gets = (...paths: string[]): ActiveCommandRow[] =>
  paths.map((path, position) => givenCommand(position, 'get', { path }));

describe('work for a session', () => {
  test('gets and replaces in a row travel together, also of several operations', () => {
    const first = givenOperation([givenCommand(0, 'get'), givenCommand(1, 'replace', { path: 'Level' })]);
    const second = givenOperation([givenCommand(0, 'get', { path: 'Mode' })], { id: '8' });
    expect(pick([first, second])).toMatchObject({ picked: ['7.0', '7.1', '8.0'], more: false });
  });

  test.each(['add', 'delete', 'copy', 'exec', 'show', 'setAcl'])(
    '%s waits for all before it, and travels alone',
    (kind) => {
      const operation = givenOperation([
        givenCommand(0, 'get'),
        givenCommand(1, kind, { path: 'Level' }),
        givenCommand(2, 'get'),
      ]);
      expect(pick([operation])).toMatchObject({ picked: ['7.0'], more: true });
      operation.answered(at(operation, 0), { outcome: 'OK' });
      expect(pick([operation])).toMatchObject({ picked: ['7.1'], more: true });
    },
  );

  test('nothing is taken while a command of the operation is on its way', () => {
    const operation = givenOperation([givenCommand(0, 'get', { state: 'SENT' }), givenCommand(1, 'get')]);
    expect(pick([operation])).toMatchObject({ picked: [], more: false });
  });

  test('what follows an accepted command waits for its end, unless the operation continues; others go on', () => {
    const commands = [givenCommand(0, 'exec', { state: 'ACCEPTED' }), givenCommand(1, 'get')];
    const other = givenOperation([givenCommand(0, 'get', { path: 'Level' })], { id: '8' });
    expect(pick([givenOperation(commands), other]).picked).toEqual(['8.0']);
    expect(pick([givenOperation(commands, { onFailure: 'CONTINUE' }), other]).picked).toEqual(['7.1', '8.0']);
  });

  test.each([
    ['the same node', 'Name', 'Name', 1],
    ['a node below', 'Colours/A', 'Colours/A/Red', 1],
    ['a node above', 'Colours/A/Red', 'Colours', 1],
    ['the root', 'Name', '', 1],
    ['a sibling whose name begins alike', 'Colours/A', 'Colours/AB', 2],
    ['another node', 'Name', 'Level', 2],
  ])('after a replace, %s is read only when it was answered', (_, written, read, count) => {
    const operation = givenOperation([
      givenCommand(0, 'replace', { path: written }),
      givenCommand(1, 'get', { path: read }),
    ]);
    expect(pick([operation]).picked).toHaveLength(count);
  });

  test('two reads of one node travel together, a write of what is read before does not', () => {
    expect(pick([givenOperation(gets('Name', 'Name'))]).picked).toHaveLength(2);
    expect(pick([givenOperation([givenCommand(0, 'get'), givenCommand(1, 'replace')])]).picked).toHaveLength(1);
  });

  test('instances are told apart by their names; a LocURI of no known MO overlaps with everything', () => {
    const write = givenCommand(0, 'replace', { miid: 'L1' });
    expect(pick([givenOperation([write, givenCommand(1, 'get', { miid: 'L2' })])]).picked).toHaveLength(2);
    expect(pick([givenOperation([write, givenCommand(1, 'get', { miid: null })])]).picked).toHaveLength(1);
    const raw = givenCommand(1, 'get', { moid: null, family: null, miid: null, path: '', uri: './X' });
    expect(pick([givenOperation([write, raw])]).picked).toHaveLength(1);
  });

  test('LocURIs are told apart by their names, however they are written', () => {
    const raw = (position: number, kind: string, uri: string): ActiveCommandRow =>
      givenCommand(position, kind, { moid: null, family: null, miid: null, path: '', uri });
    const together = (a: string, b: string): number =>
      pick([givenOperation([raw(0, 'replace', a), raw(1, 'replace', b)])]).picked.length;
    expect(together('./Vendor/A', './Vendor/B')).toBe(2);
    expect(together('./Vendor/A', './Vendor/AB')).toBe(2);
    for (const same of ['Vendor/A', './Vendor/a', './Vendor/%41/', './Vendor/A/B', './Vendor', '.'])
      expect([same, together('./Vendor/A', same)]).toEqual([same, 1]);
  });

  test('no more is taken than there is room for, and the rest is announced', () => {
    expect(pick([givenOperation(gets('A', 'B', 'C'))], { limit: 2 })).toMatchObject({
      picked: ['7.0', '7.1'],
      more: true,
    });
  });

  test('what is expired or cancelled is left', () => {
    const expired = givenOperation(gets('A'), { expiresAt: new Date(NOW).toISOString() });
    const cancelled = givenOperation(gets('A'), { id: '8', cancelRequested: true });
    expect(pick([expired, cancelled])).toEqual({ picked: [], more: false, failed: [] });
  });

  test('a wait for discovery stops the queue without keeping the session open', () => {
    expect(pick([givenOperation(gets('A', 'B'))], { answers: { '7.0': WAIT } })).toMatchObject({
      picked: [],
      more: false,
    });
    expect(pick([givenOperation(gets('A', 'B'))], { answers: { '7.1': WAIT } })).toMatchObject({
      picked: ['7.0'],
      more: true,
    });
  });
});

describe('a command that the device can never take', () => {
  test('fails, and with it what STOP keeps from being sent; the next operation goes on', () => {
    const operation = givenOperation(gets('A', 'B'));
    const other = givenOperation(gets('A'), { id: '8' });
    expect(pick([operation, other], { answers: { '7.0': NEVER } })).toEqual({
      picked: ['8.0'],
      more: false,
      failed: ['7.0: no such MO'],
    });
    expect(states(operation)).toEqual(['ANSWERED', 'SKIPPED']);
  });

  test('fails only after those before it were answered', () => {
    const operation = givenOperation(gets('A', 'B', 'C'));
    expect(pick([operation], { answers: { '7.1': NEVER } })).toEqual({ picked: ['7.0'], more: true, failed: [] });
    expect(states(operation)).toEqual(['QUEUED', 'QUEUED', 'QUEUED']);
  });

  test('is passed over where the operation continues', () => {
    const operation = givenOperation(gets('A', 'B', 'C'), { onFailure: 'CONTINUE' });
    expect(pick([operation], { answers: { '7.1': NEVER } })).toMatchObject({
      picked: ['7.0', '7.2'],
      failed: ['7.1: no such MO'],
    });
  });
});

describe('an atomic group', () => {
  const group = (more: Partial<ActiveCommandRow> = {}): LiveOperation =>
    givenOperation([givenCommand(0, 'replace'), givenCommand(1, 'replace', more)], { atomic: true });

  test('travels alone and whole, whatever the limit', () => {
    const before = givenOperation(gets('A'), { id: '6' });
    expect(pick([before, group()])).toMatchObject({ picked: ['6.0'], more: true });
    expect(pick([group(), before], { limit: 1 })).toMatchObject({ picked: ['7.0', '7.1'], more: true });
  });

  test('waits as a whole, and fails as a whole', () => {
    expect(pick([group()], { answers: { '7.1': WAIT } })).toMatchObject({ picked: [], more: false });
    expect(pick([group({ state: 'SENT' })])).toMatchObject({ picked: [], more: false });
    const operation = group();
    expect(pick([operation], { answers: { '7.1': NEVER } })).toMatchObject({ picked: [], failed: ['7.1: no such MO'] });
    expect(states(operation)).toEqual(['SKIPPED', 'ANSWERED']);
  });

  test('that is a sequence takes gets along, and goes without those of it that can never be sent', () => {
    const sequence = (onFailure: 'STOP' | 'CONTINUE'): LiveOperation =>
      givenOperation([givenCommand(0, 'get'), givenCommand(1, 'exec'), givenCommand(2, 'get')], {
        sequence: true,
        onFailure,
      });
    expect(pick([sequence('STOP')])).toMatchObject({ picked: ['7.0', '7.1', '7.2'], more: true });
    const answers = { '7.1': NEVER };
    expect(pick([sequence('CONTINUE')], { answers })).toMatchObject({
      picked: ['7.0', '7.2'],
      failed: ['7.1: no such MO'],
    });
    const stopped = sequence('STOP');
    expect(pick([stopped], { answers })).toMatchObject({ picked: [], failed: ['7.1: no such MO'] });
    expect(states(stopped)).toEqual(['SKIPPED', 'ANSWERED', 'SKIPPED']);
  });

  test('of one command is a command like others', () => {
    const single = givenOperation([givenCommand(0, 'replace')], { atomic: true });
    expect(pick([givenOperation(gets('Level'), { id: '6' }), single]).picked).toEqual(['6.0', '7.0']);
  });
});
