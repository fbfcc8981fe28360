import type { Outcome } from '../../adapters/adapter';
import { completionOf, endOfExec, type Report } from '../../src/management/async-exec';
import type { LiveOperation } from '../../src/management/command-state';
import { outcomeOfExecStatus, outcomeOfResult, resultMoOf, type ResultMo } from '../../src/management/result-codes';
import { givenCommand, givenOperation } from './given';

const FUMO = 'urn:oma:mo:oma-fumo';
const SCOMO = 'urn:oma:mo:oma-scomo';
const LAWMO = 'urn:oma:mo:oma-lawmo';
const VENDOR = 'urn:example:lamp';
const FW = 'org.openmobilealliance.dm.firmwareupdate';
const SCOMO_END = 'urn:oma:at:scomo:1.0:OperationComplete';

/** Codes with their outcomes, all others of 100 to 1699 being DEVICE_ERROR. */
const numbers = (from: number, to = from): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n);

describe('18: result codes, each object by a table of its own', () => {
  test.each<[ResultMo, Partial<Record<Outcome, number[]>>]>([
    [
      'FUMO',
      {
        OK: [200, ...numbers(250, 299)],
        USER_REFUSED: [401],
        BAD_VALUE: [402, 403, 404, 405, 411],
        TIMED_OUT: [407],
        UNSUPPORTED: [408],
        DEVICE_FULL: [501, 502],
      },
    ],
    [
      'SCOMO',
      {
        OK: numbers(1200, 1299),
        USER_REFUSED: [1401],
        DEVICE_FULL: [1404, 1406],
        BAD_VALUE: [1407],
        UNSUPPORTED: [1411, 1413],
      },
    ],
    ['LAWMO', { OK: [1200, 1201, 1202], USER_REFUSED: [1401] }],
    ['DCMO', { OK: [1200, 1201, 1202, 1203, 1204], USER_REFUSED: [1401] }],
    ['DIAGMON', { OK: numbers(1200, 1299), USER_REFUSED: [1401] }],
  ])('%s', (mo, told) => {
    const outcomes: Partial<Record<Outcome, number[]>> = {};
    for (const code of numbers(100, 1699)) (outcomes[outcomeOfResult(mo, code)] ??= []).push(code);
    const { DEVICE_ERROR: _, ...others } = outcomes;
    expect(others).toEqual(told);
  });

  test.each([
    ['urn:oma:mo:oma-fumo', 'FUMO'],
    ['urn:oma:mo:oma-scomo', 'SCOMO'],
    ['urn:oma:mo:oma-lawmo', 'LAWMO'],
    ['urn:oma:mo:oma-dcmo', 'DCMO'],
    ['urn:oma:mo:oma-diagmon', 'DIAGMON'],
    ['urn:oma:mo:oma-diag', 'DIAGMON'],
    ['urn:oma:mo:oma-diagmon:restart', 'DIAGMON'],
    ['urn:oma:mo:oma-diagnose', undefined],
    ['urn:oma:mo:oma-fumo-ext', undefined],
    [VENDOR, undefined],
    [null, undefined],
  ])('execs of %s end by the codes of %s', (family, mo) => {
    expect(resultMoOf(family)).toBe(mo);
  });

  test.each<[string | null, number, Outcome | undefined]>([
    [FUMO, 200, undefined],
    [FUMO, 250, 'OK'],
    [FUMO, 410, 'DEVICE_ERROR'],
    [FUMO, 411, 'BAD_VALUE'],
    [FUMO, 404, undefined],
    [SCOMO, 200, undefined],
    [SCOMO, 1200, 'OK'],
    [SCOMO, 1401, 'USER_REFUSED'],
    [LAWMO, 1404, 'DEVICE_ERROR'],
    [VENDOR, 1200, undefined],
    [null, 1200, undefined],
  ])('an Exec of %s that is answered at once by %i: %s', (family, code, outcome) => {
    expect(outcomeOfExecStatus(family, code)).toBe(outcome);
  });
});

describe('9.3 and 18: the alert that ends an exec', () => {
  const waiting = (path: string, family: string | null = FUMO, more: object = {}): LiveOperation =>
    givenOperation(
      [
        givenCommand(0, 'exec', {
          path,
          family,
          moid: family && `${family}:1.0`,
          miid: 'x',
          state: 'ACCEPTED',
          ...more,
        }),
      ],
      { state: 'RUNNING' },
    );
  const end = (operations: readonly LiveOperation[], report: Partial<Report>): unknown => {
    const found = endOfExec(operations, { type: `${FW}.update`, codes: [200], data: '200', ...report });
    return found && [found.command.path, found.outcome, found.result];
  };
  const at = (path: string, family = FUMO): NonNullable<Report['source']> => ({ family, miid: 'x', path });
  const CORRELATOR = '7.0';

  test.each([
    [`${FW}.download`, 'FUMO'],
    [`${FW}.Update`, 'FUMO'],
    [`${FW}.userrequest`, undefined],
    [`${FW}.devicerequest`, undefined],
    [SCOMO_END, 'SCOMO'],
    ['urn:oma:at:scomo:1.1:OperationComplete', 'SCOMO'],
    ['org.openmobilealliance.dm.softwarecomponent.OperationComplete', 'SCOMO'],
    ['urn:oma:at:lawmo:1.0:OperationComplete', 'LAWMO'],
    ['urn:oma:at:dcmo:1.0:OperationComplete', 'DCMO'],
    ['urn:oma:at:diagmon:1.0:OperationComplete', 'DIAGMON'],
    ['urn:oma:at:scomo:1.0:Progress', undefined],
    ['com.acme.done', undefined],
  ])('%s is the end of an exec of %s', (type, mo) => {
    expect(completionOf(type)?.mo).toBe(mo);
  });

  test('by its correlator, wherever it comes from', () => {
    expect(end([waiting('Update')], { correlator: CORRELATOR })).toEqual(['Update', 'OK', 200]);
    expect(end([waiting('Update')], { correlator: CORRELATOR, codes: [401] })).toEqual(['Update', 'USER_REFUSED', 401]);
    expect(end([waiting('Update')], { correlator: 'theirs', source: at('Update') })).toBeUndefined();
  });

  test.each<[string, string, string]>([
    [FUMO, 'Update', 'com.acme.firmware.progress'],
    [FUMO, 'Update', `${FW}.devicerequest`],
    [FUMO, 'Update', 'com.acme.anything'],
    [SCOMO, 'Download/p/Operations/Download', 'urn:oma:at:scomo:1.0:Progress'],
    [LAWMO, 'Operations/Wipe', SCOMO_END],
    [VENDOR, 'Blink', 'com.acme.blink.Progress'],
    [VENDOR, 'Blink', 'com.acme.blink.started'],
  ])('of %s %s: %s with its correlator is no end', (family, path, type) => {
    expect(end([waiting(path, family)], { correlator: CORRELATOR, type })).toBeUndefined();
    expect(end([waiting(path, family)], { source: at(path, family), type })).toBeUndefined();
  });

  test("a vendor's own type ends a vendor's exec, with its data where that is no result code", () => {
    const report = { correlator: CORRELATOR, type: 'com.acme.blink.done' };
    expect(end([waiting('Blink', VENDOR)], { ...report, codes: [], data: 'bright' })).toEqual([
      'Blink',
      'OK',
      'bright',
    ]);
    expect(end([waiting('Blink', VENDOR)], { ...report, codes: [7], data: '7' })).toEqual(['Blink', 'OK', '7']);
    expect(end([waiting('Blink', VENDOR)], { ...report, codes: [500] })).toEqual(['Blink', 'DEVICE_ERROR', 500]);
  });

  test('an end without a code that its object has to tell is a failure', () => {
    expect(end([waiting('Update')], { correlator: CORRELATOR, codes: [], data: 'done' })).toEqual([
      'Update',
      'DEVICE_ERROR',
      'done',
    ]);
  });

  test('of several components the first that failed counts', () => {
    const path = 'Inventory/Delivered/P9/Operations/Install';
    const report = { type: SCOMO_END, correlator: CORRELATOR, data: '' };
    expect(end([waiting(path, SCOMO)], { ...report, codes: [1200, 1405, 1401] })).toEqual([path, 'DEVICE_ERROR', 1405]);
    expect(end([waiting(path, SCOMO)], { ...report, codes: [1200, 1250] })).toEqual([path, 'OK', 1200]);
  });

  describe('18.1 FUMO, without correlator', () => {
    const both = [
      waiting('Download'),
      givenOperation(
        [givenCommand(0, 'exec', { path: 'Update', family: FUMO, moid: `${FUMO}:1.0`, miid: 'x', state: 'ACCEPTED' })],
        { id: '8', state: 'RUNNING' },
      ),
    ];

    test('the type names the exec, the source is the object or the node', () => {
      expect(end(both, { source: at('') })).toEqual(['Update', 'OK', 200]);
      expect(end(both, { source: at(''), type: `${FW}.download` })).toEqual(['Download', 'OK', 200]);
      expect(end(both, { source: at('Update') })).toEqual(['Update', 'OK', 200]);
      expect(end(both, { source: at('Update'), type: 'com.acme.x' })).toBeUndefined();
      expect(end(both, { source: { ...at(''), miid: 'y' } })).toBeUndefined();
    });

    test('without source the type alone, where it leaves one exec', () => {
      expect(end(both, { type: `${FW}.download` })).toEqual(['Download', 'OK', 200]);
      expect(
        end(
          [
            ...both,
            givenOperation(
              [
                givenCommand(0, 'exec', {
                  path: 'Update',
                  family: FUMO,
                  moid: `${FUMO}:1.0`,
                  miid: 'y',
                  state: 'ACCEPTED',
                }),
              ],
              { id: '9', state: 'RUNNING' },
            ),
          ],
          {},
        ),
      ).toBeUndefined();
      expect(end(both, { type: 'com.acme.x' })).toBeUndefined();
      expect(end([waiting('Operations/Wipe', LAWMO)], {})).toBeUndefined();
    });

    test.each<[string, number, unknown]>([
      ['download', 200, undefined],
      ['download', 402, ['DownloadAndUpdate', 'BAD_VALUE', 402]],
      ['update', 200, ['DownloadAndUpdate', 'OK', 200]],
      ['update', 410, ['DownloadAndUpdate', 'DEVICE_ERROR', 410]],
      ['downloadandupdate', 200, ['DownloadAndUpdate', 'OK', 200]],
    ])('DownloadAndUpdate and .%s with %i, by source and by correlator', (word, code, expected) => {
      const report = { type: `${FW}.${word}`, codes: [code] };
      expect(end([waiting('DownloadAndUpdate')], { ...report, source: at('') })).toEqual(expected);
      expect(end([waiting('DownloadAndUpdate')], { ...report, correlator: CORRELATOR })).toEqual(expected);
    });
  });

  test('18.2 SCOMO: the operation node, or what is above it where nothing else waits there', () => {
    const path = 'Download/p/Operations/Download';
    const one = [waiting(path, SCOMO)];
    const report = { type: SCOMO_END, codes: [1200] };
    expect(end(one, { ...report, source: at(path, SCOMO) })).toEqual([path, 'OK', 1200]);
    expect(end(one, { ...report, source: at('Download/p', SCOMO) })).toEqual([path, 'OK', 1200]);
    expect(end(one, { ...report, source: at('Download/q', SCOMO) })).toBeUndefined();
    expect(end(one, { ...report, source: at('', LAWMO) })).toBeUndefined();
  });

  test('an exec by LocURI ends by an alert from that LocURI', () => {
    const raw = [waiting('', null, { moid: null, miid: null, uri: './Vendor/Acme/Reboot' })];
    const report = { type: 'com.acme.done', codes: [], data: null };
    expect(end(raw, { ...report, sourceUri: 'Vendor/Acme/Reboot' })).toEqual(['', 'OK', null]);
    expect(end(raw, { ...report, sourceUri: './Vendor/Acme' })).toBeUndefined();
  });

  test('what was not accepted, or has ended, does not end', () => {
    for (const state of ['SENT', 'QUEUED', 'ANSWERED']) {
      expect(end([waiting('Update', FUMO, { state })], { correlator: CORRELATOR })).toBeUndefined();
    }
  });
});
