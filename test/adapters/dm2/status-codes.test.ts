import type { Outcome } from '../../../adapters/adapter';
import { CARRIERS, outcomeOf, type Carrier } from '../../../adapters/dm2/status-codes';

/** Section 6 of the facts: the code, what callers see, and what differs by command. */
const TABLE: readonly (readonly [sc: number, outcome: Outcome, but?: Partial<Record<Carrier, Outcome>>])[] = [
  [200, 'OK'],
  // For EXEC it is no outcome and is looked at before.
  [202, 'DEVICE_ERROR'],
  [204, 'OK'],
  [304, 'OK'],
  [400, 'NOT_FOUND', { HGET: 'BAD_VALUE' }],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [405, 'NOT_ALLOWED'],
  [406, 'UNSUPPORTED'],
  [415, 'BAD_VALUE'],
  [419, 'DEVICE_ERROR'],
  [500, 'DEVICE_ERROR'],
  [501, 'UNSUPPORTED'],
  [503, 'DEVICE_ERROR'],
  [506, 'DEVICE_FULL'],
  [507, 'USER_REFUSED'],
  [1000, 'DEVICE_ERROR'],
  [1199, 'DEVICE_ERROR'],
  [1200, 'OK'],
  [1299, 'OK'],
  [1300, 'DEVICE_ERROR'],
  [1400, 'DEVICE_ERROR'],
  [1999, 'DEVICE_ERROR'],
  // Those of DM 1.x are none of DM 2.0.
  [212, 'DEVICE_ERROR'],
  [401, 'DEVICE_ERROR'],
  [413, 'DEVICE_ERROR'],
  [418, 'DEVICE_ERROR'],
  [0, 'DEVICE_ERROR'],
  [-1, 'DEVICE_ERROR'],
  [2000, 'DEVICE_ERROR'],
];

describe.each(CARRIERS)('A status of %s (OMA-TS-DM_Protocol-V2_0, appendix C)', (carrier) => {
  test.each(TABLE.map(([sc, outcome, but]) => [sc, but?.[carrier] ?? outcome] as const))('%i is %s', (sc, outcome) => {
    expect(outcomeOf(carrier, sc)).toBe(outcome);
  });

  test('403 for an access that the DDF does not give is NOT_ALLOWED, as on DM 1.x; for one that it gives a matter of rights', () => {
    expect(outcomeOf(carrier, 403, false)).toBe('NOT_ALLOWED');
    expect(outcomeOf(carrier, 403, true)).toBe('PERMISSION_DENIED');
  });
});
