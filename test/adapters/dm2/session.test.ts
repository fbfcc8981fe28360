import fc from 'fast-check';

import type { CommandBody } from '../../../adapters/adapter';
import {
  add,
  at,
  BASE,
  END,
  exec,
  get,
  given,
  METER,
  names,
  only,
  outcomes,
  replace,
  statuses,
  withData,
} from './dialogue';

describe('A session (OMA-TS-DM_Protocol-V2_0, 5.2)', () => {
  test('nothing to do: END, alone', () => {
    const device = given();
    const reply = device.posts({});
    expect(reply.cmd).toEqual(END);
    expect(reply.headers['content-type']).toBe('application/vnd.oma.dm.request+json');
    expect(only(reply.effects, 'sessionEnded')).toEqual([{ kind: 'sessionEnded', reason: 'DONE' }]);
    expect(device.stored?.state.phase).toBe('ended');
  });

  test('each Package#2 that expects an answer begins with CONT to a new address', () => {
    const device = given({ commands: [get('a')] });
    const first = device.posts({});
    device.has(get('b'));
    const second = device.answers(statuses(200, 404));
    expect(first.cmd[0]).toEqual(['CONT', `${BASE}/dm/2/T000000000000000000001`]);
    expect(second.cmd[0]).toEqual(['CONT', `${BASE}/dm/2/T000000000000000000002`]);
    expect(device.answers(statuses(200, 404)).cmd).toEqual(END);
  });

  test('work that is left waits for the next package, work that was not sent stays queued', () => {
    const device = given({ commands: Array.from({ length: 40 }, (_, n) => get(`n${n}`)) });
    expect(device.posts({}).cmd).toHaveLength(33);
    expect(device.waiting).toHaveLength(8);
    expect(device.answers(statuses(...Array<number>(33).fill(404))).cmd).toHaveLength(9);
  });

  test('a new Package#1 ends the open session: what it sent is unanswered', () => {
    const device = given({ commands: [exec('Ops/Reset')] });
    device.posts({});
    const reply = device.posts({ Alert: [] });
    expect(outcomes(reply.effects)).toEqual({ c1: 'unanswered' });
    expect(only(reply.effects, 'sessionEnded')[0]).toEqual({ kind: 'sessionEnded', reason: 'SUPERSEDED' });
  });

  test('a Package#3 after the time of the session is over finds none', () => {
    const device = given({ commands: [get('a')] });
    device.posts({});
    device.wait(301_000);
    const reply = device.answers(statuses(200, 404));
    expect(reply.cmd).toEqual(END);
    expect(outcomes(reply.effects)).toEqual({});
    expect(outcomes(device.expires())).toEqual({ c1: 'unanswered' });
  });

  test('a Package#3 without session: its alerts are kept, a Package#3 without alerts leaves nothing', () => {
    const device = given();
    const alert = { AlertType: 'com.example.alert.door', SourceURI: `${METER}/kitchen/`, Data: 1 };
    const reply = device.posts({ Status: [], Alert: [alert] });
    expect(reply.cmd).toEqual(END);
    expect(only(reply.effects, 'alertRaised')).toEqual([
      {
        kind: 'alertRaised',
        type: 'com.example.alert.door',
        mark: 'informational',
        source: { moid: METER, miid: 'kitchen', path: '' },
        data: 1,
      },
    ]);
    expect(given().posts({ Status: [] }).stateless).toBe(true);
  });

  test('a stray Package#3 does not come between a package and its repetition', () => {
    const device = given({ commands: [get('a')] });
    const token = device.posts({}).cmd[0]?.[1]?.split('/').at(-1) ?? '';
    device.has(exec('b'));
    const second = device.posts(statuses(200, 404), { token });
    expect(second.cmd[1]?.[0]).toBe('EXEC');
    device.posts({ Status: [], Alert: [{ AlertType: 'com.example.alert.door' }] }, { token: 'X'.repeat(22) });
    expect(device.posts(statuses(200, 404), { token }).replayed).toBe(false);
    expect(outcomes(device.answers(statuses(200, 200)).effects)).toEqual({ c2: 'OK' });
  });

  test('an identical Package#1 whose session is over is served anew, its alerts are not told twice', () => {
    const device = given();
    const report = { Alert: [{ AlertType: 'com.example.alert.door' }], MOS: [{ MOID: METER, MIID: ['kitchen'] }] };
    expect(only(device.posts(report).effects, 'alertRaised')).toHaveLength(1);
    device.has(get('a'));
    device.wait(2000);
    const again = device.posts(report);
    expect(names(again)).toEqual(['CONT', 'GET']);
    expect(only(again.effects, 'alertRaised')).toHaveLength(0);
    device.wait(20_000);
    expect(only(device.posts(report).effects, 'alertRaised')).toHaveLength(1);
  });

  test('the MOs of Package#1 are announced instance by instance, and the list is complete', () => {
    const reply = given().posts({
      MOS: [
        { MOID: METER, MIID: ['kitchen', 'garage'], DDF: 'https://ddf.example/m.ddf' },
        { MOID: 'urn:oma:mo:oma-dcmo:1.0', MIID: [] },
      ],
    });
    const mo = { kind: 'moAnnounced', moid: METER, ddf: 'https://ddf.example/m.ddf', recognisedBy: 'MOID' };
    expect(reply.effects.slice(2)).toEqual([
      { ...mo, miid: 'kitchen' },
      { ...mo, miid: 'garage' },
      { kind: 'moAnnounced', moid: 'urn:oma:mo:oma-dcmo:1.0', recognisedBy: 'MOID' },
      { kind: 'discoveryComplete', complete: true },
      { kind: 'sessionEnded', reason: 'DONE' },
    ]);
  });

  describe('answers the notification', () => {
    const server = (data?: unknown): object => ({
      AlertType: 'urn:oma:at:dm:2.0:ServerInitiatedMgmt',
      ...(data === undefined ? {} : { Data: data }),
    });
    const client = { AlertType: 'urn:oma:at:dm:2.0:ClientInitiatedMgmt' };

    test.each<[string, readonly object[], number | undefined]>([
      ['that it names', [server({ 'NOTIFICATION-ID': 6699 })], 6699],
      ['that it names, in another form', [server('6700')], 6700],
      ['that it names, older than an hour', [server(6600)], 6600],
      ['last made, when it names none', [server()], 6700],
      ['last made, when it says nothing at all', [], 6700],
      ['in no case that it was never given', [server(6701)], undefined],
      ['in no case by its own initiative', [client], undefined],
    ])('%s', (_which, alerts, sessionNo) => {
      const notified = [[6600, 600] as const, [6699, 5] as const, [6700, 1] as const];
      const reply = given({ notified }).posts({ Alert: alerts });
      expect(only(reply.effects, 'wakeUpAnswered').map((effect) => effect.sessionNo)).toEqual(
        sessionNo === undefined ? [] : [sessionNo],
      );
      expect(only(reply.effects, 'alertRaised')).toEqual([]);
    });

    test('of the last hour alone, when nothing says so', () => {
      expect(only(given({ notified: [[7, 61]] }).posts({}).effects, 'wakeUpAnswered')).toEqual([]);
    });
  });

  test('after a bootstrap tells that it is complete', () => {
    const reply = given().posts({ Alert: [{ AlertType: 'urn:oma:at:dm:2.0:BootstrapComplete' }] });
    expect(only(reply.effects, 'bootstrapCompleted')).toEqual([{ kind: 'bootstrapCompleted' }]);
    expect(only(reply.effects, 'alertRaised')).toEqual([]);
  });
});

describe('Clients that do not keep the protocol', () => {
  test('CONT answered 501: learned, and the session goes on at the main address', () => {
    const device = given({ commands: [get('a')] });
    device.posts({});
    device.has(get('b'));
    const second = device.posts(statuses(501, 404));
    expect(only(second.effects, 'featureLearned')).toMatchObject([{ feature: 'CONT', value: false }]);
    expect(names(second)).toEqual(['GET']);
    expect(device.posts(statuses(404)).cmd).toEqual(END);
    device.has(get('c'));
    device.wait(20_000);
    expect(names(device.posts({}))).toEqual(['GET']);
  });

  test('lengths that differ: all is unanswered, afterwards one state-changing command a package', () => {
    const device = given({ commands: [exec('Ops/Reset'), get('a')] });
    device.posts({});
    device.has(exec('a'), get('b'), exec('c'), get('d'));
    const reply = device.answers(statuses(200, 200));
    expect(outcomes(reply.effects)).toEqual({ c1: 'unanswered', c2: 'unanswered' });
    expect(only(reply.effects, 'featureLearned')).toMatchObject([{ feature: 'statusAligned', value: false }]);
    expect(names(reply)).toEqual(['CONT', 'EXEC', 'GET']);
    device.answers(statuses(200, 200, 404));
    device.wait(20_000);
    device.has(exec('e'), exec('f'));
    expect(names(device.posts({}))).toEqual(['CONT', 'EXEC']);
  });

  test('a write whose probe cannot be told apart is asked once more, then ends', () => {
    const device = given({ commands: [replace('Unit')] });
    device.posts({});
    expect(names(device.answers(statuses(200)))).toEqual(['CONT', 'GET']);
    const reply = device.answers(statuses(200));
    expect(outcomes(reply.effects)).toEqual({ c1: 'DEVICE_ERROR' });
    expect(reply.cmd).toEqual(END);
  });

  test('a client without GET is asked by HPUT, then by HPOST; without any it is written to unasked', () => {
    const device = given({ commands: [replace('Unit')] });
    device.posts({});
    const reply = device.answers(statuses(200, 501));
    expect(only(reply.effects, 'featureLearned')).toMatchObject([{ feature: 'GET', value: false }]);
    expect(reply.cmd[1]).toEqual(['HPUT', `${BASE}/repository/item-c1`, `${METER}/kitchen/Unit`]);
    expect(names(device.answers(statuses(200, 501)))).toEqual(['CONT', 'HPOST']);
    expect(names(device.answers(statuses(200, 501)))).toEqual(['CONT', 'HGET']);
    device.has(add('Note'));
    expect(names(device.answers(statuses(200, 200)))).toEqual(['CONT', 'HGET']);
    device.has(get('Unit'));
    expect(outcomes(device.answers(statuses(200, 200)).effects)).toMatchObject({ c3: 'UNSUPPORTED' });
    device.has(get('Unit'));
    expect(outcomes(device.posts({}).effects)).toMatchObject({ c4: 'UNSUPPORTED' });
  });

  test('a query that is refused is left out from then on', () => {
    const device = given({ commands: [get('', { depth: 0 })] });
    expect(device.posts({}).cmd[1]).toEqual(['GET', `${METER}/kitchen/?lv=1`]);
    const retry = device.answers(statuses(200, 501));
    expect(outcomes(retry.effects)).toEqual({ c1: 'queued' });
    expect(retry.cmd[1]).toEqual(['GET', `${METER}/kitchen/`]);
    const data = { MeterA: { Serial: 'A', Tariff: { 1: { Rate: 1 } } } };
    const reply = device.answers(...withData([200, 200], { 1: [`${METER}/kitchen/`, data] }));
    expect(only(reply.effects, 'featureLearned')).toMatchObject([{ feature: 'query', value: false }]);
    expect(only(reply.effects, 'commandAnswered')[0]?.tree?.children).toEqual([{ name: 'Serial' }, { name: 'Tariff' }]);
    device.has(get('', { depth: 1 }));
    device.wait(20_000);
    expect(device.posts({}).cmd[1]).toEqual(['GET', `${METER}/kitchen/`]);
  });
});

describe('First contact', () => {
  const discover = { kind: 'discover', budget: { messages: 10, nodes: 1000 } } as const;

  test('every instance that Package#1 listed is read, after the commands of callers', () => {
    const device = given({ commands: [discover, get('Serial')] });
    const reply = device.posts({ MOS: [{ MOID: METER, MIID: ['kitchen', 'garage'] }] });
    expect(reply.cmd.slice(1)).toEqual([
      ['GET', `${METER}/kitchen/Serial`],
      ['GET', `${METER}/kitchen/`],
      ['GET', `${METER}/garage/`],
    ]);
    const answer = device.answers(
      ...withData([200, 404, 200, 403], { 2: [`${METER}/kitchen/`, { MeterA: { Serial: 'A' } }, 'k-1'] }),
    );
    expect(only(answer.effects, 'valuesObserved')).toMatchObject([
      { at: { moid: METER, miid: 'kitchen', path: '' }, complete: true, validator: 'k-1' },
    ]);
    expect(only(answer.effects, 'discoveryComplete')).toEqual([]);
    expect(answer.cmd).toEqual(END);
  });

  test('a device that lists nothing is asked for DevInfo and for the rights that name its instances', () => {
    const device = given({ commands: [discover] });
    const first = device.posts({});
    expect(first.cmd.slice(1)).toEqual([
      ['GET', 'urn:oma:mo:oma-dm-devinfo:1.2//'],
      ['GET', 'urn:oma:mo:oma-dm-dacmo:1.0//'],
    ]);
    const second = device.answers(
      ...withData([200, 200, 200], {
        1: ['urn:oma:mo:oma-dm-devinfo:1.2/di/', { DevInfo: { Man: 'Acme' } }],
        2: ['urn:oma:mo:oma-dm-dacmo:1.0//', { DacMO: { [METER]: { kitchen: {} } } }],
      }),
    );
    expect(only(second.effects, 'moAnnounced').map(({ moid, miid }) => [moid, miid])).toEqual([
      ['urn:oma:mo:oma-dm-devinfo:1.2', 'di'],
      ['urn:oma:mo:oma-dm-dacmo:1.0', ''],
      [METER, 'kitchen'],
    ]);
    expect(second.cmd.slice(1)).toEqual([['GET', `${METER}/kitchen/`]]);
    const last = device.answers(statuses(200, 404));
    expect(only(last.effects, 'discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
    expect(last.cmd).toEqual(END);
  });

  test('the budget of messages ends the reading', () => {
    const device = given({ commands: [{ kind: 'discover', budget: { messages: 1, nodes: 1000 } }] });
    const reply = device.posts({ MOS: [{ MOID: METER, MIID: Array.from({ length: 20 }, (_, n) => `m${n}`) }] });
    expect(reply.cmd).toHaveLength(9);
    expect(device.answers(statuses(...Array<number>(9).fill(200))).cmd).toEqual(END);
  });

  test('instances known from earlier sessions are read where Package#1 lists none', () => {
    const device = given({ commands: [discover], mos: [{ moid: METER, miid: 'kitchen' }] });
    expect(device.posts({}).cmd.slice(1)).toEqual([['GET', `${METER}/kitchen/`]]);
    const reply = device.answers(statuses(200, 404));
    expect(only(reply.effects, 'discoveryComplete')).toEqual([{ kind: 'discoveryComplete', complete: false }]);
  });
});

describe('Any client', () => {
  test('whatever packages come in whatever order, every answer is a Package#2, commands end once, and sessions end', () => {
    const code = fc.constantFrom(200, 202, 204, 304, 400, 403, 404, 405, 500, 501, 1200, 9999);
    const step = fc.oneof(
      fc.record({ first: fc.constantFrom({}, { Alert: [] }, { MOS: [{ MOID: METER, MIID: ['kitchen'] }] }) }),
      fc.record({ third: fc.array(code, { maxLength: 7 }), main: fc.boolean(), fetch: fc.boolean() }),
      fc.record({ aligned: fc.array(code, { minLength: 40, maxLength: 40 }), fetch: fc.boolean() }),
      fc.record({ wait: fc.constantFrom(0, 5000, 400_000) }),
      fc.record({ raw: fc.uint8Array({ maxLength: 30 }) }),
    );
    const work: readonly CommandBody[] = [
      { kind: 'discover', budget: { messages: 3, nodes: 100 } },
      get('', { depth: 0 }),
      replace('Unit'),
      add('Note'),
      get('Note'),
      exec('Ops/Reset'),
      { kind: 'delete', at: at('Note') },
      { kind: 'add', at: { moid: METER, path: '' } },
    ];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const device = given({ commands: work });
        const ended: string[] = [];
        for (const one of steps) {
          if ('wait' in one) {
            device.wait(one.wait);
            continue;
          }
          if ('fetch' in one && one.fetch) device.fetches('c3', 'c4', 'c8');
          const sent = (device.stored?.state.sent ?? []).length;
          const reply =
            'first' in one
              ? device.posts(one.first)
              : 'raw' in one
                ? device.posts(Buffer.from(one.raw))
                : 'aligned' in one
                  ? device.answers(statuses(...one.aligned.slice(0, sent)))
                  : one.main
                    ? device.posts(statuses(...one.third))
                    : device.answers(statuses(...one.third));
          expect(Array.isArray(reply.cmd)).toBe(true);
          expect(reply.cmd.every((words) => words.every((word) => typeof word === 'string'))).toBe(true);
          const goesOn = reply.cmd.some(([name]) => name !== 'END');
          if (goesOn) expect(device.stored?.state.phase).toBe('awaiting');
          if (!reply.stateless) {
            const told = Object.entries(outcomes(reply.effects)).filter(([, what]) => what !== 'queued');
            ended.push(...told.map(([id]) => id));
          }
        }
        expect(new Set(ended).size).toBe(ended.length);
      }),
      { numRuns: 300 },
    );
  });
});
