import type { Json } from '../../adapters/adapter';
import { lackOf as dm1Lacks } from '../../adapters/dm1/lacks';
import { lackOf as dm2Lacks } from '../../adapters/dm2/lacks';
import { contactOf, NOT_WOKEN, type WakeUpFacts } from '../../src/management/explain/contact';
import { explainOperation } from '../../src/management/explain/operation';
import { explainRead, type ReadFacts } from '../../src/management/explain/reads';
import { verdictOf, verdictOfError, type DryRunFacts } from '../../src/management/explain/verdict';
import { spell } from '../../src/management/explain/words';
import type { CommandRow } from '../../src/management/judge';
import { ManagementError, type MoView, type OperationView } from '../../src/management/types';
import type { SituationRow } from '../../src/store/explain';

const NOW = Date.parse('2026-05-01T12:00:00Z');
const ago = (ms: number): Date => new Date(NOW - ms);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const situation = (more: Partial<SituationRow> = {}): SituationRow => ({
  lastContactAt: ago(10 * MINUTE),
  isDiscovered: true,
  isSearching: false,
  sessionAt: null,
  sessions: [ago(10 * MINUTE), ago(70 * MINUTE), ago(130 * MINUTE), ago(200 * MINUTE)],
  queue: [],
  more: 0,
  ...more,
});
const woken = (more: Partial<WakeUpFacts> = {}): WakeUpFacts => ({
  bearers: ['sms', 'udp'],
  latenciesMs: [9_000, 3_000, 5_000],
  last: null,
  ...more,
});

test('lengths of time are told in two units at most', () => {
  const lengths = [0, 999, 1_000, 61_000, 2 * HOUR, 2 * HOUR + 5 * MINUTE, 3 * 24 * HOUR + HOUR];
  expect(lengths.map(spell)).toEqual(['0 ms', '999 ms', '1 s', '1 min 1 s', '2 h', '2 h 5 min', '3 d 1 h']);
});

describe('A device is expected', () => {
  test('at once while it is in a session', () => {
    expect(contactOf(situation({ sessionAt: ago(1_000) }), woken(), NOW)).toMatchObject({
      basis: 'SESSION',
      expectedWaitMs: 0,
    });
  });

  test('by the median of its intervals, counted from its last contact', () => {
    expect(contactOf(situation(), NOT_WOKEN, NOW)).toMatchObject({
      basis: 'POLLING',
      usualIntervalMs: HOUR,
      expectedWaitMs: 50 * MINUTE,
      bearer: null,
      text: 'It was last in contact 10 min ago, and usually comes every 1 h: expected in 50 min.',
    });
  });

  test('nobody knows when, once it is overdue, came too seldom, or never', () => {
    const of = (more: Partial<SituationRow>): object => contactOf(situation(more), NOT_WOKEN, NOW);
    expect(of({ lastContactAt: ago(2 * HOUR) })).toMatchObject({ basis: 'POLLING', expectedWaitMs: null });
    expect(of({ sessions: [ago(MINUTE), ago(HOUR)] })).toMatchObject({ basis: 'UNKNOWN', usualIntervalMs: null });
    expect(of({ lastContactAt: null, sessions: [] })).toMatchObject({ basis: 'NEVER_SEEN', expectedWaitMs: null });
  });

  test('by the median latency of its wake-ups, or sooner by itself', () => {
    expect(contactOf(situation(), woken(), NOW)).toMatchObject({
      basis: 'WAKE_UP',
      bearer: 'sms',
      wakeUpLatencyMs: 5_000,
      expectedWaitMs: 5_000,
    });
    const soon = situation({ lastContactAt: ago(HOUR - 1_000) });
    expect(contactOf(soon, woken(), NOW)).toMatchObject({ basis: 'WAKE_UP', expectedWaitMs: 1_000 });
    expect(contactOf(situation(), woken({ latenciesMs: [] }), NOW)).toMatchObject({ basis: 'POLLING', bearer: 'sms' });
  });
});

describe('An operation', () => {
  const command = (more: object = {}): OperationView['commands'][number] => ({
    position: 0,
    kind: 'get',
    moid: 'urn:x:1.0',
    miid: null,
    path: '',
    uri: null,
    state: 'QUEUED',
    outcome: null,
    statusCode: null,
    error: null,
    result: null,
    resultMeta: null,
    emulated: false,
    carrier: null,
    ...more,
  });
  const view = (more: Partial<OperationView> = {}): OperationView => ({
    id: '7',
    device: '1',
    state: 'QUEUED',
    caller: 'key:1',
    priority: 0,
    commands: [command()],
    createdAt: ago(HOUR),
    expiresAt: new Date(NOW + HOUR),
    endedAt: null,
    cancelRequestedAt: null,
    ...more,
  });
  const explain = (operation: OperationView, more: Partial<SituationRow> = {}, isKnown = true): object => {
    const found = situation(more);
    return explainOperation(operation, found, contactOf(found, NOT_WOKEN, NOW), () => isKnown, NOW);
  };
  const queue = [
    { id: '9', priority: 5 },
    { id: '3', priority: 0 },
    { id: '7', priority: 0 },
    { id: '8', priority: 0 },
  ];
  const inSession = { sessionAt: ago(100) };

  test('waits for its device, behind those of a higher priority and the older ones', () => {
    expect(explain(view(), { queue })).toMatchObject({
      reason: 'WAITS_FOR_SESSION',
      ahead: 2,
      behind: '3',
      text: expect.stringMatching(
        /expected in 50 min\. 2 operations come before it\. What is not sent within 1 h expires\.$/,
      ) as string,
    });
  });

  test('in a session waits behind others, for discovery, or travels next', () => {
    const exec = view({ commands: [command({ kind: 'exec' })] });
    expect(explain(exec, { queue, ...inSession })).toMatchObject({ reason: 'WAITS_BEHIND', isBarrier: true });
    expect(explain(view(), { ...inSession, isSearching: true }, false)).toMatchObject({
      reason: 'WAITS_FOR_DISCOVERY',
    });
    expect(explain(view(), inSession)).toMatchObject({ reason: 'TRAVELS_NEXT', ahead: 0, behind: null });
  });

  test('that the device has waits for its answer or its end', () => {
    const running = (state: string): OperationView => view({ state: 'RUNNING', commands: [command({ state })] });
    expect(explain(running('SENT'), inSession)).toMatchObject({ reason: 'WAITS_FOR_ANSWER' });
    expect(explain(running('ACCEPTED'))).toMatchObject({ reason: 'WAITS_FOR_END' });
    const stopping = { ...running('SENT'), cancelRequestedAt: ago(1), cancelledBy: 'key:4' };
    expect(explain(stopping, inSession)).toMatchObject({
      cancelledBy: 'key:4',
      text: expect.stringContaining('key:4 asked that it stops') as string,
    });
  });

  test('that ended says how, and who stopped it', () => {
    const ended = (state: OperationView['state'], more: object = {}): object =>
      explain(view({ state, endedAt: ago(1), ...more }), { queue });
    expect(ended('CANCELLED', { cancelledBy: 'campaign:3' })).toMatchObject({
      reason: 'ENDED',
      ahead: 0,
      text: 'campaign:3 cancelled it before the device got it.',
    });
    const failed = command({ state: 'ANSWERED', outcome: 'NOT_FOUND', error: 'no such node' });
    expect(ended('FAILED', { commands: [failed] })).toMatchObject({
      text: 'It ended. Command 1 (get): NOT_FOUND, no such node.',
    });
    expect(ended('EXPIRED')).toMatchObject({ text: expect.stringContaining('did not come in time') as string });
  });
});

describe('A read', () => {
  const mo = (miid: string, more: Partial<MoView> = {}): MoView =>
    ({
      family: 'urn:x',
      moid: 'urn:x:1.0',
      miid,
      values: { A: { B: 1 } },
      observedAt: ago(HOUR),
      completeAt: ago(HOUR),
      ...more,
    }) as MoView;
  const facts = (mos: readonly MoView[], more: Partial<ReadFacts> = {}): ReadFacts => ({
    mos,
    isDiscovered: true,
    library: { isKnown: () => false, node: () => undefined },
    mayRead: () => true,
    ...more,
  });
  const read = (question: object, given: ReadFacts): object =>
    explainRead({ moid: 'urn:x:1.0', ...question }, given, NOW);

  test('is answered by what is stored when it is young enough, instance by instance', () => {
    const mos = [mo('1'), mo('2', { completeAt: ago(10 * HOUR) }), mo('3', { completeAt: null })];
    expect(read({ maxAgeMs: 2 * HOUR }, facts(mos))).toMatchObject([
      { miid: '1', source: 'STORED', ageMs: HOUR },
      { miid: '2', source: 'SESSION', ageMs: 10 * HOUR },
      { miid: '3', source: 'SESSION', ageMs: HOUR },
    ]);
    expect(read({ miid: '2', path: 'A/B' }, facts(mos))).toMatchObject([{ source: 'STORED' }]);
  });

  test('of what is not there, not described, or not allowed is answered by nothing', () => {
    expect(read({ path: 'A/C' }, facts([mo('1')]))).toMatchObject([{ source: 'NOT_THERE' }]);
    expect(read({}, facts([]))).toMatchObject([{ source: 'NOT_THERE' }]);
    const described = { isKnown: () => true, node: () => undefined };
    expect(read({ path: 'Z' }, facts([mo('1')], { library: described }))).toMatchObject([{ source: 'NOT_THERE' }]);
    expect(read({}, facts([mo('1')], { mayRead: () => false }))).toMatchObject([
      { source: 'FORBIDDEN', observedAt: null, miid: null },
    ]);
  });

  test('of a device that was never looked at asks it', () => {
    expect(read({}, facts([], { isDiscovered: false }))).toMatchObject([{ source: 'SESSION' }]);
  });
});

describe('A command of a dry run', () => {
  const row = (more: Partial<CommandRow> = {}): CommandRow => ({
    position: 0,
    kind: 'replace',
    moid: 'urn:x:1.0',
    family: 'urn:x',
    miid: '1',
    path: 'A/B',
    uri: null,
    request: { value: { f: 'int', k: 'n', d: 1 } },
    repeatable: false,
    emulated: false,
    ...more,
  });
  const facts = (more: Partial<DryRunFacts> = {}): DryRunFacts => ({
    acls: [],
    access: { documents: [], serverId: 'me', observedAt: null },
    serverId: 'me',
    features: {},
    documents: [{ family: 'urn:x', miid: '1', values: { A: { B: 1, C: 'x' } }, meta: {}, observedAt: ago(HOUR) }],
    mayRead: () => true,
    lacks: () => undefined,
    ...more,
  });
  const judgement = (given: Partial<CommandRow>, more: Partial<DryRunFacts> = {}): string =>
    verdictOf(row(given), facts(more)).judgement;

  test('is equal already when its value is stored so, with its format', () => {
    expect(verdictOf(row(), facts())).toMatchObject({ judgement: 'ALREADY_EQUAL', code: null, seenAt: ago(HOUR) });
    expect(judgement({ request: { value: { f: 'int', k: 'n', d: 2 } } })).toBe('WILL_BE_SENT');
    expect(judgement({ miid: '2' })).toBe('WILL_BE_SENT');
    expect(judgement({ kind: 'add' })).toBe('WILL_BE_SENT');
    const asText = [{ ...facts().documents[0], meta: { 'A/B': ['chr', null] } }] as DryRunFacts['documents'];
    expect(judgement({}, { documents: asText })).toBe('WILL_BE_SENT');
    expect(judgement({}, { mayRead: () => false })).toBe('WILL_BE_SENT');
  });

  test('is equal already when every leaf of its tree is, and as a whole when there is no other', () => {
    const leaf = { n: 'B', v: { f: 'int', k: 'n', d: 1 } };
    const other = { n: 'C', v: { f: 'chr', k: 's', d: 'x' } };
    const tree = (c: readonly object[], whole = false): Partial<CommandRow> => ({
      path: 'A',
      request: { tree: { n: '', c }, ...(whole ? { whole } : {}) },
    });
    expect(judgement(tree([leaf]))).toBe('ALREADY_EQUAL');
    expect(judgement(tree([leaf], true))).toBe('WILL_BE_SENT');
    expect(judgement(tree([leaf, other], true))).toBe('ALREADY_EQUAL');
  });

  test('is forbidden by what was seen of the device, which says since when', () => {
    const acls = [
      { family: 'urn:x', miid: '1', path: 'A', acl: 'Get=*', inherited: false, observedAt: ago(5) },
      { family: 'urn:x', miid: '1', path: 'A/B', acl: '', inherited: true, observedAt: ago(9) },
    ];
    expect(verdictOf(row(), facts({ acls }))).toMatchObject({
      judgement: 'FORBIDDEN',
      by: 'ACL',
      code: null,
      seenAt: ago(9),
    });
    const documents = [
      { 'urn:x:1.0': { '1': { '1': { Permissions: { '1': { MAID: 'serverid:me', AR: 1 } } } } } },
    ] as Json[];
    const access = { documents, serverId: 'me', observedAt: ago(7) };
    expect(verdictOf(row(), facts({ access }))).toMatchObject({ by: 'ACCESS_CONTROL', seenAt: ago(7) });
  });

  test('is told what the device was learned to lack, by the adapter of its protocol', () => {
    const show = row({ kind: 'show', request: { prompt: { kind: 'CONFIRM', text: 'x' } } });
    const at = ago(3).toISOString();
    const lacking = (lacks: DryRunFacts['lacks'], feature: string): object =>
      verdictOf(show, facts({ lacks, features: { [feature]: { value: false, at } } }));
    const expected = { judgement: 'LACKS_FEATURE', by: 'FEATURE', seenAt: ago(3) };
    expect(lacking(dm1Lacks, 'dm1.show.confirm')).toMatchObject(expected);
    expect(lacking(dm1Lacks, 'dm1.show.text')).toMatchObject({ judgement: 'WILL_BE_SENT' });
    expect(lacking(dm2Lacks, 'SHOW')).toMatchObject(expected);
    const whole = row({ path: 'A', request: { tree: { n: '', c: [] }, whole: true } });
    const features = { 'dm1.tnds.write': { value: false, at } };
    expect(verdictOf(whole, facts({ lacks: dm1Lacks, features }))).toMatchObject(expected);
  });

  test('that cannot be sent has the code of its error', () => {
    const codes = [
      'FORBIDDEN',
      'ACCESS_TYPE',
      'NOT_IN_DDF',
      'NOT_SUPPORTED_BY_DEVICE',
      'NO_SUCH_MO',
      'OUT_OF_RANGE',
    ] as const;
    expect(
      codes.map((code) => {
        const { judgement: told, by } = verdictOfError(new ManagementError(code, 'why'));
        return [told, by];
      }),
    ).toEqual([
      ['FORBIDDEN', 'GRANTS'],
      ['FORBIDDEN', 'DDF'],
      ['NOT_IN_DDF', 'DDF'],
      ['LACKS_FEATURE', 'PROTOCOL'],
      ['NO_SUCH_OBJECT', null],
      ['BAD_VALUE', null],
    ]);
  });
});
