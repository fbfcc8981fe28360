import fc from 'fast-check';

import { pickWork, type Picked } from '../../src/management/queue';
import { isEnded, type LiveOperation, type LiveCommand } from '../../src/management/command-state';
import type { ActiveCommandRow, ActiveOperationRow } from '../../src/store/turn-load';
import { givenCommand, givenOperation, NOW } from './given';

const name = ({ operation, command }: { operation: LiveOperation; command: LiveCommand }): string =>
  `${operation.id}.${command.position}`;

function pick(operations: readonly LiveOperation[], limit = 64): Picked<string>[] {
  const ready = { kind: 'ready', command: 'x' } as const;
  return [
    ...pickWork<string>(
      operations,
      limit,
      NOW,
      () => ready,
      () => undefined,
    ).picked,
  ];
}

/** What is sent, with what is joined to it and what it supersedes. */
function packed(operations: readonly LiveOperation[], limit?: number): string[] {
  return pick(operations, limit).map((p) =>
    [name(p), ...p.joined.map((j) => `+${name(j)}`), ...p.supersedes.map((s) => `-${name(s)}`)].join(' '),
  );
}

type Rows = readonly ActiveCommandRow[];
const operation = (id: number, commands: Rows, more: Partial<ActiveOperationRow> = {}): LiveOperation =>
  givenOperation(commands, { id: String(id), ...more });
const one = (id: number, kind: string, path: string, more: Partial<ActiveCommandRow> = {}): LiveOperation =>
  operation(id, [givenCommand(0, kind, { path, ...more })]);
const set = (id: number, path: string, d: string, more: object = {}): LiveOperation =>
  one(id, 'replace', path, { request: { value: { f: 'chr', k: 's', d, ...more } } });

describe('a queued read', () => {
  test('is joined by the same read of other operations', () => {
    expect(
      packed([one(1, 'get', 'Name'), one(2, 'get', 'Name'), one(3, 'get', 'Level'), one(4, 'get', 'Name')]),
    ).toEqual(['1.0 +2.0 +4.0', '3.0']);
  });

  test.each(['getAcl', 'getAccess'])('is so too where it is a %s', (kind) => {
    expect(packed([one(1, kind, 'Name'), one(2, kind, 'Name'), one(3, 'get', 'Name')])).toEqual(['1.0 +2.0', '3.0']);
  });

  test.each<[string, Partial<ActiveCommandRow>]>([
    ['another node', { path: 'Level' }],
    ['another instance', { miid: 'L2' }],
    ['less of the tree', { request: { depth: 0 } }],
    ['properties beside the values', { request: { props: ['Size'] } }],
    ['the node as it is, whatever is known of it', { request: { uncached: true } }],
  ])('is not joined by one that asks for %s', (_, more) => {
    expect(packed([one(1, 'get', 'Name'), one(2, 'get', 'Name', more)])).toHaveLength(2);
  });

  test('of one operation stays two where it is asked for twice', () => {
    expect(packed([operation(1, [givenCommand(0, 'get'), givenCommand(1, 'get')])])).toEqual(['1.0', '1.1']);
  });

  test.each([
    ['a replace', 'replace', 'Name', false],
    ['a delete above it', 'delete', '', false],
    ['an exec, whatever it is of', 'exec', 'Blink', false],
    ['a copy, wherever it goes', 'copy', 'Mode', false],
    ['an add of another node', 'add', 'Colours/A', true],
    ['a delete of another node', 'delete', 'Colours/A', true],
  ])('is joined across %s: %s %s, %s', (_, kind, path, isJoined) => {
    const [first] = packed([one(1, 'get', 'Name'), one(2, kind, path), one(3, 'get', 'Name')]);
    expect(first).toBe(isJoined ? '1.0 +3.0' : '1.0');
  });

  test('waits for what stands before it in its own operation', () => {
    const later = [givenCommand(0, 'add', { path: 'Colours/A' }), givenCommand(1, 'get')];
    expect(packed([one(1, 'get', 'Name'), operation(2, later)])).toEqual(['1.0']);
    const accepted = [givenCommand(0, 'add', { path: 'Colours/A', state: 'ACCEPTED' }), givenCommand(1, 'get')];
    expect(packed([one(1, 'get', 'Name'), operation(2, accepted)])).toEqual(['1.0']);
  });

  test('in an atomic group or a sequence is not joined, nor joins', () => {
    const group = [givenCommand(0, 'get'), givenCommand(1, 'get', { path: 'Level' })];
    const sequence = operation(2, group, { sequence: true });
    expect(packed([one(1, 'get', 'Name'), sequence])).toEqual(['1.0']);
    expect(packed([sequence, one(3, 'get', 'Name')])).toEqual(['2.0', '2.1']);
  });

  test('of a cancelled or expired operation is left', () => {
    const cancelled = operation(2, [givenCommand(0, 'get')], { cancelRequested: true });
    const expired = operation(3, [givenCommand(0, 'get')], { expiresAt: new Date(NOW).toISOString() });
    expect(packed([one(1, 'get', 'Name'), cancelled, expired])).toEqual(['1.0']);
  });

  test('that joins takes room like others', () => {
    const reads = [1, 2, 3].map((id) => one(id, 'get', 'Name'));
    expect(packed([...reads, one(4, 'get', 'Level')], 3)).toEqual(['1.0 +2.0 +3.0']);
  });
});

describe('a queued replace', () => {
  test('gives way to a newer one of the same node', () => {
    expect(packed([set(1, 'Name', 'a'), set(2, 'Mode', 'on'), set(3, 'Name', 'b'), set(4, 'Name', 'c')])).toEqual([
      '2.0',
      '4.0 -1.0 -3.0',
    ]);
  });

  test('gives way also to one among others, and not where it is one among others itself', () => {
    const value = { request: { value: { f: 'chr', k: 's', d: 'x' } } };
    const two = [givenCommand(0, 'replace', { path: 'Mode', ...value }), givenCommand(1, 'replace', value)];
    expect(packed([set(1, 'Name', 'a'), operation(2, two)])).toEqual(['2.0', '2.1 -1.0']);
    expect(packed([operation(1, two), set(2, 'Name', 'a')])).toEqual(['1.0', '1.1']);
  });

  test.each([
    ['a read of it', 'get', 'Name'],
    ['an exec', 'exec', 'Blink'],
    ['a copy', 'copy', 'Mode'],
    ['a delete above it', 'delete', ''],
  ])('is sent where %s lies between', (_, kind, path) => {
    expect(packed([set(1, 'Name', 'a'), one(2, kind, path), set(3, 'Name', 'b')])).toEqual(['1.0']);
  });

  test.each<[string, LiveOperation]>([
    ['is of a node above', set(2, '', 'b')],
    ['is of another format', one(2, 'replace', 'Name', { request: { value: { f: 'int', k: 'n', d: 1 } } })],
    ['is of another type', set(2, 'Name', 'b', { m: 'text/html' })],
    ['writes a tree', one(2, 'replace', 'Name', { request: { tree: { n: 'Name', c: [] } } })],
    ['has no value', one(2, 'replace', 'Name')],
    ['is older, and comes later by its priority', set(0, 'Name', 'b')],
  ])('is sent where the other one %s', (_, other) => {
    expect(packed([set(1, 'Name', 'a'), other])).toEqual(['1.0']);
  });

  test('is sent again where its answer was lost: it may be what the device has', () => {
    const first = set(1, 'Name', 'a');
    const [command] = first.commands as [LiveCommand];
    first.sent(command, 'Replace', null);
    first.unanswered(command, 'lost');
    expect(packed([first, set(2, 'Name', 'b')])).toEqual(['1.0']);
  });

  test('is not touched before the newer one goes out, and ends once then', () => {
    const first = set(1, 'Name', 'a');
    const [p] = pick([first, set(2, 'Name', 'b')]);
    expect(first.take()).toEqual({ commands: [] });
    for (const older of p?.supersedes ?? []) older.operation.supersede(older.command);
    expect(first.take()).toMatchObject({
      commands: [{ state: 'SUPERSEDED', error: expect.any(String) as string }],
      operation: { id: '1', state: 'SUPERSEDED', ended: true },
    });
    first.supersede(first.commands[0] as LiveCommand);
    expect(first.take()).toEqual({ commands: [] });
  });
});

// Everything at once, against a device that gets all commands one by one -------------------------------------------------

/** Nodes of a device: an exec counts in all of them, a copy in its target. */
type Device = Map<string, string>;
const PATHS = ['A', 'A/x', 'A/y', 'B', 'C'];

function execute(device: Device, { kind, path, request }: LiveCommand): string | null {
  const value = request['value'] as { d: string } | undefined;
  const below = (one: string): boolean => one === path || one.startsWith(`${path}/`);
  if (kind === 'get')
    return [...device]
      .filter(([one]) => below(one))
      .sort()
      .join(';');
  if (kind === 'delete') for (const one of [...device.keys()].filter(below)) device.delete(one);
  if (kind === 'replace' || kind === 'add') device.set(path, value?.d ?? '');
  if (kind === 'exec') for (const [one, was] of device) device.set(one, `${was}!`);
  if (kind === 'copy') device.set('C', device.get(path) ?? '');
  return null;
}

interface Script {
  readonly operations: readonly { priority: number; commands: readonly { kind: string; path: string; d: string }[] }[];
  /** How many of a package's commands the device gets, and in which order, round by round. */
  readonly rounds: readonly { readonly room: number; readonly isReversed: boolean; readonly isLost: boolean }[];
  readonly limit: number;
}

const SCRIPTS: fc.Arbitrary<Script> = fc.record({
  operations: fc.array(
    fc.record({
      priority: fc.integer({ min: -1, max: 1 }),
      commands: fc.array(
        fc.record({
          kind: fc.constantFrom('get', 'get', 'get', 'replace', 'replace', 'replace', 'add', 'delete', 'exec', 'copy'),
          path: fc.constantFrom(...PATHS),
          d: fc.constantFrom('1', '2', '3'),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    }),
    { minLength: 2, maxLength: 8 },
  ),
  rounds: fc.array(
    fc.record({ room: fc.integer({ min: 1, max: 4 }), isReversed: fc.boolean(), isLost: fc.boolean() }),
    { minLength: 1, maxLength: 4 },
  ),
  limit: fc.integer({ min: 1, max: 8 }),
});

/** The queue in its order. */
function queueOf(script: Script): LiveOperation[] {
  return script.operations
    .map(({ priority, commands }, index) => ({
      priority,
      live: operation(
        index + 1,
        commands.map(({ kind, path, d }, position) =>
          givenCommand(position, kind, { path, request: kind === 'get' ? {} : { value: { f: 'chr', k: 's', d } } }),
        ),
      ),
    }))
    .sort((a, b) => b.priority - a.priority || Number(a.live.id) - Number(b.live.id))
    .map(({ live }) => live);
}

/** Packages until nothing is left: what each read was told, and how many commands the device got. */
function inPackages(queue: readonly LiveOperation[], script: Script, device: Device): Map<string, string | null> {
  const told = new Map<string, string | null>();
  for (let round = 0; queue.some((o) => !o.isEnded); round += 1) {
    if (round > 200) throw new Error('the queue does not get empty');
    const { room, isReversed, isLost } = script.rounds[round % script.rounds.length] ?? {
      room: 4,
      isReversed: false,
      isLost: false,
    };
    const open = queue.filter((o) => !o.isEnded);
    const picked = pick(open, script.limit).slice(0, room);
    if (picked.length === 0) throw new Error('nothing is taken of a queue that is not empty');
    for (const p of picked) {
      p.operation.sent(p.command, 'X', null);
      for (const j of p.joined) j.operation.sentWith(j.command, name(p), 'X', null);
      for (const s of p.supersedes) s.operation.supersede(s.command);
    }
    for (const p of isReversed ? [...picked].reverse() : picked) {
      // A read may get lost as often as it likes here: every third round comes through.
      const isGone = isLost && p.command.kind === 'get' && round % 3 !== 0 && round < 9;
      const answer = isGone ? null : execute(device, p.command);
      for (const { operation: of, command } of [p, ...p.joined]) {
        if (isGone) of.requeue(command);
        else if (of.answered(command, { outcome: 'OK' })) told.set(`${of.id}.${command.position}`, answer);
        else throw new Error('a command is answered that had ended');
      }
    }
  }
  return told;
}

test('reads are told, and the device is left, as if all commands had come one by one in the order of the queue', () => {
  fc.assert(
    fc.property(SCRIPTS, (script) => {
      const [naive, real]: [Device, Device] = [new Map([['A', '0']]), new Map([['A', '0']])];
      const expected = new Map(
        queueOf(script).flatMap((o) =>
          o.commands.map((c) => [`${o.id}.${c.position}` as string, execute(naive, c)] as const),
        ),
      );
      const queue = queueOf(script);
      const told = inPackages(queue, script, real);
      expect(real).toEqual(naive);
      for (const o of queue)
        for (const c of o.commands) {
          expect(isEnded(c.state)).toBe(true);
          const key = `${o.id}.${c.position}`;
          if (c.state !== 'SUPERSEDED') expect([key, told.get(key)]).toEqual([key, expected.get(key)]);
          else expect([c.kind, o.commands.length]).toEqual(['replace', 1]);
        }
    }),
    { numRuns: 400 },
  );
});
