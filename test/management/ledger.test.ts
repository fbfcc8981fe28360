import type { Effect, Tree, Value } from '../../adapters/adapter';
import { Ledger, MAX_MOS } from '../../src/management/ledger';
import type { LiveOperation } from '../../src/management/command-state';
import { at, givenCommand, givenOperation, LIBRARY, NOW, states } from './given';

const LAMP = 'urn:example:lamp';
const INFO = 'urn:oma:mo:oma-dm-devinfo:1.1';
const lamp = (miid: string) => ({ family: LAMP, moid: `${LAMP}:1.0`, miid, place: `./Lamps/${miid}`, validator: null });

function given(
  more: { mos?: ReturnType<typeof lamp>[]; operations?: LiveOperation[]; announced?: string[] } = {},
): Ledger {
  return new Ledger(
    LIBRARY,
    NOW,
    { lockAfter: 3, itemLifeMs: 60_000 },
    more.mos ?? [lamp('L1')],
    more.operations ?? [],
    { announced: more.announced ?? [], found: [] },
  );
}
const chr = (name: string, data: string): Tree => ({ name, value: { format: 'chr', data } });
const announce = (place: string, moid = `${LAMP}:1.0`): Effect => ({
  kind: 'moAnnounced',
  moid,
  place,
  recognisedBy: 'TYPE',
});
const observe = (uri: string, tree: Tree, complete = true): Effect => ({
  kind: 'valuesObserved',
  at: { uri },
  tree,
  complete,
});
const answered = (command: string, more: object = {}): Effect => ({
  kind: 'commandAnswered',
  command,
  outcome: 'OK',
  ...more,
});

describe('management objects', () => {
  test('that are told and read in one message are one document', () => {
    const ledger = given({ mos: [] });
    ledger.apply([
      announce('./DevInfo', INFO),
      observe('./DevInfo', { name: 'DevInfo', children: [chr('DevId', 'IMEI:1')], childrenComplete: true }),
      observe('./DevInfo/Man', chr('Man', 'Acme')),
    ]);
    expect(ledger.takeChanges().documents).toMatchObject([
      {
        family: 'urn:oma:mo:oma-dm-devinfo',
        miid: 'DevInfo',
        moid: INFO,
        version: '1.1',
        place: './DevInfo',
        recognisedBy: 'TYPE',
        observed: true,
        complete: true,
        patches: [
          { p: [], o: 'set', v: { DevId: 'IMEI:1' } },
          { p: ['Man'], o: 'set', v: 'Acme' },
        ],
      },
    ]);
    expect(ledger.events).toMatchObject([{ type: 'managementObjectFound' }]);
    expect(ledger.takeChanges().documents).toEqual([]);
  });

  test('get the last segment of their place as name, with ~2 where it is taken; one that was known keeps its own', () => {
    const ledger = given();
    ledger.apply([announce('./Lamps/L1'), announce('./Other/L1'), announce('./More/L1/')]);
    expect(ledger.mos.map((mo) => [mo.miid, mo.place])).toEqual([
      ['L1', './Lamps/L1'],
      ['L1~2', './Other/L1'],
      ['L1~3', './More/L1'],
    ]);
  });

  test('that a complete discovery did not find are gone, others stay', () => {
    const ledger = given({ mos: [lamp('L1'), lamp('L2'), lamp('L3')], announced: [`${LAMP}\nL1`] });
    ledger.apply([announce('./Lamps/L2'), { kind: 'discoveryComplete', complete: true }]);
    expect(ledger.takeChanges().gone).toEqual([{ family: LAMP, miid: 'L3' }]);
    const partly = given();
    partly.apply([{ kind: 'discoveryComplete', complete: false }]);
    expect([partly.takeChanges().gone, partly.isDiscovered]).toEqual([[], true]);
  });

  describe('that moved', () => {
    const moves = (before: readonly string[], after: readonly string[]): unknown => {
      const ledger = given({ mos: before.map((place) => ({ ...lamp(place.split('/').at(-1) ?? ''), place })) });
      ledger.apply([...after.map((place) => announce(place)), { kind: 'discoveryComplete', complete: true }]);
      return {
        moved: ledger.moved.map(({ miid, as }) => [miid, as]),
        mos: ledger.mos.map((mo) => [mo.miid, mo.place]),
      };
    };

    test('keep their name, and their old place is forgotten', () => {
      expect(moves(['./Lamps/L1'], ['./New/L1'])).toEqual({ moved: [['L1', 'L1~2']], mos: [['L1', './New/L1']] });
      expect(moves(['./Lamps/L1'], ['./New/Other'])).toEqual({
        moved: [['L1', 'Other']],
        mos: [['L1', './New/Other']],
      });
    });

    test('several at once are told apart by their last names; where those do not tell, one went and another came', () => {
      expect(moves(['./A/L1', './A/L2'], ['./B/L2', './B/L1'])).toMatchObject({
        mos: [
          ['L1', './B/L1'],
          ['L2', './B/L2'],
        ],
      });
      expect(moves(['./A/L1', './A/L2'], ['./B/L3', './B/L4'])).toEqual({
        moved: [],
        mos: [
          ['L3', './B/L3'],
          ['L4', './B/L4'],
        ],
      });
    });

    test('one that stays is no move of another', () => {
      expect(moves(['./A/L1'], ['./A/L1', './B/L1'])).toMatchObject({ moved: [] });
    });
  });

  test('properties that the device told are kept by path, and go with the nodes', () => {
    const ledger = given();
    const title = (name: string, text: string): Tree => ({ ...chr(name, 'v'), props: { Title: text, Nonsense: 'x' } });
    ledger.apply([
      observe('./Lamps/L1', { name: 'L1', children: [title('Name', 'The name'), title('a/b', 'Odd')] }),
      { kind: 'valuesGone', at: { uri: './Lamps/L1/Name' } },
    ]);
    expect(ledger.takeChanges().documents).toMatchObject([
      { properties: { 'a%2Fb': { Title: 'Odd' } }, cleared: ['', 'Name'] },
    ]);
  });

  test('are to be looked for again when they may be others', () => {
    const ledger = given();
    ledger.apply([{ kind: 'discoveryDue', why: 'FwV was 1 and is 2' }]);
    expect(ledger.isDiscoveryDue).toBe(true);
    expect(ledger.events).toMatchObject([{ type: 'discoveryDue', data: { why: 'FwV was 1 and is 2' } }]);
  });

  test('that went and came in one message begin anew', () => {
    const ledger = given();
    ledger.apply([
      { kind: 'moGone', moid: LAMP, miid: 'L1' },
      announce('./Lamps/L1'),
      observe('./Lamps/L1/Name', chr('Name', 'new')),
    ]);
    expect(ledger.takeChanges()).toMatchObject({
      gone: [],
      documents: [{ miid: 'L1', fresh: true, patches: [{ p: ['Name'] }] }],
    });
  });

  test('without instance are only supported; those that cannot be stored, or are too many, are noted and left', () => {
    const ledger = given({ mos: [] });
    ledger.apply([
      { kind: 'moAnnounced', moid: 'urn:example:box:1.0', recognisedBy: 'MOID', ddf: 'https://ddf.example' },
      announce('./A\0'),
    ]);
    expect([ledger.supportedMos, ledger.mos]).toEqual([{ 'urn:example:box:1.0': { ddf: 'https://ddf.example' } }, []]);
    ledger.apply(Array.from({ length: MAX_MOS + 5 }, (_, i) => announce(`./Lamps/N${i}`)));
    expect(ledger.mos).toHaveLength(MAX_MOS);
    expect(ledger.notes).toHaveLength(6);
  });
});

describe('values', () => {
  const patchesOf = (...effects: Effect[]): unknown => {
    const ledger = given();
    ledger.apply(effects);
    return ledger.takeChanges().documents[0]?.patches;
  };

  test('that are not all that is there are merged; those that are gone are cut', () => {
    expect(
      patchesOf(observe('./Lamps/L1', { name: 'L1', children: [chr('Name', 'x')] }, false), {
        kind: 'valuesGone',
        at: { uri: './Lamps/L1/Mode' },
      }),
    ).toEqual([
      { p: [], o: 'merge', v: { Name: 'x' } },
      { p: ['Mode'], o: 'del' },
    ]);
  });

  test('of leaves that were only seen stay as they are stored; interior nodes that were seen are there', () => {
    const seen: Tree = { name: 'L1', children: [{ name: 'Name' }, { name: 'Colours' }, { name: 'Unheard' }] };
    expect(patchesOf(observe('./Lamps/L1', seen, false))).toEqual([{ p: [], o: 'merge', v: { Colours: {} } }]);
    expect(patchesOf(observe('./Lamps/L1', seen))).toEqual([{ p: [], o: 'set', v: { Colours: {}, Unheard: {} } }]);
  });

  test('of another format or MIME type than the DDF tells keep that beside them', () => {
    const ledger = given();
    const value: Value = { format: 'xml', mime: 'text/xml\0', data: '<a/>' };
    ledger.apply([observe('./Lamps/L1', { name: 'L1', children: [chr('Name', 'x'), { name: 'Mode', value }] })]);
    expect(ledger.takeChanges().documents).toMatchObject([{ meta: { Mode: ['xml', 'text/xml\ufffd'] } }]);
  });

  test('whose name or text cannot be stored are left out, and the rest is kept', () => {
    expect(
      patchesOf(
        observe('./Lamps/L1', { name: 'L1', children: [chr('Name', 'a\0'), chr('b\0', 'x'), chr('Mode', 'on')] }),
      ),
    ).toEqual([{ p: [], o: 'set', v: { Mode: 'on' } }]);
    expect(patchesOf(observe('./Lamps/L1/%00', chr('x', 'y')))).toBeUndefined();
  });

  test('of no known MO are left', () => {
    expect(patchesOf(observe('./Else/Where', chr('x', 'y')))).toBeUndefined();
  });
});

describe('commands', () => {
  const running = (kind: string, more: Parameters<typeof givenCommand>[2] = {}): LiveOperation => {
    const operation = givenOperation([givenCommand(0, kind, { state: 'SENT', ...more })], { state: 'RUNNING' });
    return operation;
  };

  test('a read is answered with its result, and what it read is kept', () => {
    const operation = running('get');
    const ledger = given({ operations: [operation] });
    ledger.apply([answered('7.0', { tree: chr('Name', 'Hall'), code: 200 })]);
    expect(ledger.takeChanges()).toMatchObject({
      commands: [{ state: 'ANSWERED', result: 'Hall', meta: ['chr text/plain'] }],
      operations: [{ id: '7', state: 'SUCCEEDED', ended: true }],
      documents: [{ patches: [{ p: ['Name'], o: 'set', v: 'Hall' }] }],
    });
    expect(ledger.events).toEqual([{ type: 'operationEnded', data: { operation: '7', state: 'SUCCEEDED' } }]);
  });

  test('a read of depth 0 names leaves that the DDF describes and the device only listed', () => {
    const operation = running('get', { path: '', request: { depth: 0 } });
    const ledger = given({ operations: [operation] });
    const tree = { name: 'L1', children: [{ name: 'Name' }, { name: 'Level' }], childrenComplete: true };
    ledger.apply([answered('7.0', { tree, code: 200 })]);
    expect(ledger.takeChanges().commands).toMatchObject([{ result: ['Level', 'Name'] }]);
  });

  test("an ACL is given as its text, not as the node's values", () => {
    const ledger = given({ operations: [running('getAcl')] });
    ledger.apply([answered('7.0', { tree: { name: 'Name', props: { ACL: 'Get=*' } }, data: 'Get=*' })]);
    expect(ledger.takeChanges()).toMatchObject({ commands: [{ result: 'Get=*' }], documents: [] });
  });

  test('a write that the device took is kept, one that it refused is not', () => {
    const request = { value: { f: 'chr', k: 's', d: 'Hall' } };
    const taken = given({ operations: [running('replace', { request })] });
    taken.apply([answered('7.0')]);
    expect(taken.takeChanges().documents).toMatchObject([{ patches: [{ p: ['Name'], o: 'set', v: 'Hall' }] }]);
    const refused = given({ operations: [running('replace', { request })] });
    refused.apply([answered('7.0', { outcome: 'NOT_ALLOWED', message: 'no\0' })]);
    expect(refused.takeChanges()).toMatchObject({
      documents: [],
      commands: [{ outcome: 'NOT_ALLOWED', error: 'no\ufffd' }],
    });
  });

  test('what a read does not find and what was deleted is cut', () => {
    const read = given({ operations: [running('get')] });
    read.apply([answered('7.0', { outcome: 'NOT_FOUND' })]);
    expect(read.takeChanges().documents).toMatchObject([{ patches: [{ p: ['Name'], o: 'del' }] }]);
    const removed = given({ operations: [running('delete', { path: '' })] });
    removed.apply([answered('7.0')]);
    expect(removed.takeChanges()).toMatchObject({ documents: [], gone: [{ miid: 'L1' }] });
  });

  test('a new instance without a name takes nothing from the one that is there, and its name is told', () => {
    const operation = running('add', {
      path: '',
      miid: null,
      state: 'QUEUED',
      request: { place: './Lamps/n7', tree: { n: '', c: [{ n: 'Name', v: { f: 'chr', k: 's', d: 'x' } }] } },
    });
    const ledger = given({ operations: [operation] });
    ledger.apply([{ kind: 'commandSent', command: '7.0', carrier: 'Add' }]);
    expect(at(operation, 0).miid).toBeNull();
    ledger.apply([answered('7.0')]);
    expect(ledger.mos.map((mo) => [mo.miid, mo.place])).toEqual([
      ['L1', './Lamps/L1'],
      ['n7', './Lamps/n7'],
    ]);
    expect(ledger.takeChanges()).toMatchObject({
      commands: [{ miid: 'n7' }],
      documents: [{ miid: 'n7', patches: [{ v: { Name: 'x' } }] }],
    });
  });

  test('a DM 2.0 device names what it made; what it made without a name waits to be read', () => {
    const named = given({ operations: [running('add', { path: '', miid: null })] });
    named.apply([answered('7.0', { created: [{ moid: LAMP, miid: 'theirs', path: '' }] })]);
    expect(named.takeChanges()).toMatchObject({ commands: [{ miid: 'theirs' }], documents: [{ miid: 'theirs' }] });
    const unnamed = given({ operations: [running('add', { path: '', miid: null })] });
    unnamed.apply([answered('7.0')]);
    expect([unnamed.mos.length, unnamed.takeChanges().documents]).toEqual([1, []]);
  });

  test('of no operation that runs are left', () => {
    const ledger = given();
    ledger.apply([answered('9.0'), answered('x'), answered('discover')]);
    expect(ledger.takeChanges()).toEqual({
      commands: [],
      operations: [],
      documents: [],
      touched: [],
      gone: [],
      alerts: [],
      acls: [],
    });
  });
});

describe('an alert', () => {
  const alert = (more: object): Effect => ({
    kind: 'alertRaised',
    type: 'example:done',
    mark: 'info',
    data: 'x',
    ...more,
  });
  const waiting = (path: string, more: object = {}): LiveOperation =>
    givenOperation([givenCommand(0, 'exec', { path, state: 'ACCEPTED', ...more })], { state: 'RUNNING' });
  const after = (operation: LiveOperation, effect: Effect): [string, string | null] => {
    const ledger = given({ operations: [operation] });
    ledger.apply([effect]);
    expect(ledger.takeChanges().alerts).toHaveLength(1);
    return [states(operation)[0] ?? '', at(operation, 0).outcome];
  };

  test('is kept with its address as callers know it, in text that can be stored', () => {
    const ledger = given();
    ledger.apply([
      alert({ type: 'a\0b', source: { uri: './Lamps/L1/Name' }, target: { uri: './X' }, correlator: '\ud800' }),
    ]);
    expect(ledger.takeChanges().alerts).toMatchObject([
      {
        type: 'a\ufffdb',
        source: { moid: 'urn:example:lamp:1.0', miid: 'L1', path: 'Name' },
        target: { uri: './X' },
        correlator: '\ufffd',
      },
    ]);
    expect(ledger.events).toMatchObject([{ type: 'alertRaised', data: { alertType: 'a\ufffdb' } }]);
  });

  test('with the correlator of an accepted exec ends it, by its result code', () => {
    expect(after(waiting('Blink'), alert({ correlator: '7.0', resultCode: 200 }))).toEqual(['ANSWERED', 'OK']);
    expect(after(waiting('Blink'), alert({ correlator: '7.0', resultCode: 401 }))).toEqual([
      'ANSWERED',
      'USER_REFUSED',
    ]);
    expect(after(waiting('Blink'), alert({ correlator: '7.0', resultCode: 500 }))).toEqual([
      'ANSWERED',
      'DEVICE_ERROR',
    ]);
    expect(after(waiting('Blink'), alert({ correlator: 'theirs', source: { uri: './Lamps/L1/Blink' } }))).toEqual([
      'ACCEPTED',
      null,
    ]);
  });

  test('without correlator ends the exec of the node that it comes from', () => {
    expect(after(waiting('Blink'), alert({ source: { uri: './Lamps/L1/Blink' } }))).toEqual(['ANSWERED', 'OK']);
    expect(after(waiting('Blink'), alert({ source: { uri: './Lamps/L1/Name' } }))).toEqual(['ACCEPTED', null]);
    expect(after(waiting('Blink'), alert({}))).toEqual(['ACCEPTED', null]);
  });

  test('of a firmware update ends the exec that its type names, from the root of the object', () => {
    const type = 'org.openmobilealliance.dm.firmwareupdate.download';
    const source = { uri: './Lamps/L1' };
    expect(after(waiting('Download'), alert({ type, source, resultCode: 200 }))).toEqual(['ANSWERED', 'OK']);
    expect(after(waiting('Update'), alert({ type, source, resultCode: 200 }))).toEqual(['ACCEPTED', null]);
  });

  test('ends no exec that the device has not accepted', () => {
    const operation = givenOperation([givenCommand(0, 'exec', { path: 'Blink', state: 'SENT' })], { state: 'RUNNING' });
    expect(after(operation, alert({ correlator: '7.0' }))).toEqual(['SENT', null]);
  });
});

describe('credentials', () => {
  const refuse: Effect = { kind: 'refused', reason: 'wrong', counted: true };
  const lockMs = (failures: number): number | null => {
    const ledger = given();
    ledger.apply([refuse]);
    const [write] = ledger.credentialWrites({ failures, refusals: null });
    expect(write).toMatchObject({ direction: 'CLIENT', failures: failures + 1 });
    return write?.lockedUntil == null ? null : Date.parse(write.lockedUntil) - NOW;
  };

  test('are locked after some failures in a row, for twice as long each time, at most an hour', () => {
    expect([0, 1, 2, 3, 4].map(lockMs)).toEqual([null, null, 30_000, 60_000, 120_000]);
    expect([9, 2_000].map(lockMs)).toEqual([3_600_000, 3_600_000]);
  });

  test('a success forgets failures and what was kept of refusals; nothing to forget, nothing to write', () => {
    const ledger = given();
    ledger.apply([{ kind: 'authenticated', by: 'BASIC' }]);
    expect(ledger.credentialWrites({ failures: 2, refusals: { n: 1 } })).toEqual([
      { direction: 'CLIENT', failures: 0, lockedUntil: null, refusals: null },
    ]);
    expect(ledger.credentialWrites(null)).toEqual([]);
  });

  test('nonces of both directions are kept, the last one of each', () => {
    const ledger = given();
    const nonce = (direction: 'CLIENT' | 'SERVER', octet: number): Effect => ({
      kind: 'nonceChanged',
      direction,
      nonce: Uint8Array.of(octet),
    });
    ledger.apply([
      nonce('CLIENT', 1),
      nonce('SERVER', 2),
      nonce('CLIENT', 3),
      { kind: 'refused', reason: 'stale', counted: false },
    ]);
    expect(ledger.credentialWrites(null, { n: 1 })).toEqual([
      { direction: 'CLIENT', nonce: 'Aw==', refusals: { n: 1 } },
      { direction: 'SERVER', nonce: 'Ag==' },
    ]);
  });
});

describe('a notification', () => {
  const notified = {
    notifiedAt: '2026-02-01T12:00:00Z',
    notifiedSession: 7,
    notifiedBefore: [4, 5, 6].map((sessionNo) => ({ at: 0, sessionNo })),
  };

  test('that was kept is answered; where none was, nothing is written', () => {
    const ledger = given();
    ledger.apply([{ kind: 'wakeUpAnswered', match: '1A' }]);
    expect(ledger.events).toEqual([{ type: 'wakeUpAnswered', data: { match: '1A' } }]);
    expect(ledger.credentialWrites(null, undefined, notified)).toEqual([{ direction: 'SERVER', notified: null }]);
    expect(ledger.credentialWrites(null)).toEqual([]);
    expect(given().credentialWrites(null, undefined, notified)).toEqual([]);
  });

  test.each<[number, object]>([
    [7, { notified: null }],
    [5, { notifiedBefore: [{ at: 0, sessionNo: 6 }] }],
    [6, { notifiedBefore: [] }],
  ])('%i that is answered is it with those before it, and those after go on waiting', (sessionNo, written) => {
    const ledger = given();
    ledger.apply([{ kind: 'wakeUpAnswered', match: String(sessionNo), sessionNo }]);
    expect(ledger.credentialWrites(null, undefined, notified)).toEqual([{ direction: 'SERVER', ...written }]);
  });
});

describe('the rest of what a message tells', () => {
  test('is kept in its own place', () => {
    const ledger = given();
    ledger.apply([
      { kind: 'featureLearned', feature: 'CONT', value: false, evidence: 'a\0' },
      { kind: 'featureLearned', feature: 'x\0', value: 1, evidence: '' },
      { kind: 'deviceBound', deviceId: 'IMEI:1', protocol: 'DM_1_2' },
      { kind: 'noted', what: 'odd' },
      { kind: 'wakeUpAnswered' },
      { kind: 'wakeUpAnswered' },
      { kind: 'sessionEnded', reason: 'ABORTED' },
      {
        kind: 'itemOffered',
        token: 'T',
        command: '7.0',
        direction: 'DOWNLOAD',
        mime: 'text/plain',
        body: Buffer.from('x'),
      },
    ]);
    expect(ledger.features).toMatchObject({ CONT: { value: false, evidence: 'a\ufffd' } });
    expect(Object.keys(ledger.features)).toEqual(['CONT']);
    expect([ledger.boundAs?.deviceId, ledger.notes, ledger.endReason]).toEqual(['IMEI:1', ['odd'], 'ABORTED']);
    expect(ledger.takeItems()).toMatchObject([
      { token: 'T', operation: null, contents: [{ mime: 'text/plain', base64: 'eA==' }] },
    ]);
    expect(ledger.takeItems()).toEqual([]);
  });
});
