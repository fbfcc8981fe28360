/**
 * Result codes by which management objects tell the end of an asynchronous exec, each object with a table of its own.
 * Source: OMA-TS-DM-FUMO, OMA-TS-DM-SCOMO, OMA-TS-LAWMO, OMA-TS-DCMO, "Result Code"; dm1 section 18.
 */
import type { Outcome } from '../../adapters/adapter';

export type ResultMo = 'FUMO' | 'SCOMO' | 'LAWMO' | 'DCMO' | 'DIAGMON';

/** Inclusive ranges that are success. */
type Ranges = readonly (readonly [from: number, to: number])[];

interface Table {
  readonly good: Ranges;
  /** Codes that say more than that it failed. */
  readonly told: Readonly<Record<number, Outcome>>;
}

const TABLES: Readonly<Record<ResultMo, Table>> = {
  FUMO: {
    good: [
      [200, 200],
      [250, 299],
    ],
    told: {
      401: 'USER_REFUSED',
      402: 'BAD_VALUE',
      403: 'BAD_VALUE',
      404: 'BAD_VALUE',
      405: 'BAD_VALUE',
      407: 'TIMED_OUT',
      408: 'UNSUPPORTED',
      411: 'BAD_VALUE',
      501: 'DEVICE_FULL',
      502: 'DEVICE_FULL',
    },
  },
  SCOMO: {
    good: [[1200, 1299]],
    told: {
      1401: 'USER_REFUSED',
      1404: 'DEVICE_FULL',
      1406: 'DEVICE_FULL',
      1407: 'BAD_VALUE',
      1411: 'UNSUPPORTED',
      1413: 'UNSUPPORTED',
    },
  },
  LAWMO: { good: [[1200, 1202]], told: { 1401: 'USER_REFUSED' } },
  DCMO: { good: [[1200, 1204]], told: { 1401: 'USER_REFUSED' } },
  DIAGMON: { good: [[1200, 1299]], told: { 1401: 'USER_REFUSED' } },
};

/** Objects that define none: by class. */
const ANY: Table = {
  good: [
    [200, 299],
    [1200, 1299],
  ],
  told: { 401: 'USER_REFUSED', 1401: 'USER_REFUSED' },
};

/** What a result code of an object means to a caller. What no table knows is the device's own failure. */
export function outcomeOfResult(mo: ResultMo | undefined, code: number): Outcome {
  const { good, told } = mo === undefined ? ANY : TABLES[mo];
  if (good.some(([from, to]) => code >= from && code <= to)) return 'OK';
  return told[code] ?? 'DEVICE_ERROR';
}

/** Whether a number can be a result code of any object; others are data. */
export function isResultCode(code: number): boolean {
  return (code >= 200 && code < 600) || (code >= 1200 && code < 1600);
}

const FAMILIES: readonly (readonly [RegExp, ResultMo])[] = [
  [/^urn:oma:mo:oma-fumo$/, 'FUMO'],
  [/^urn:oma:mo:oma-scomo$/, 'SCOMO'],
  [/^urn:oma:mo:oma-lawmo$/, 'LAWMO'],
  [/^urn:oma:mo:oma-dcmo$/, 'DCMO'],
  // Each function of DiagMon is an object of its own.
  [/^urn:oma:mo:oma-diag(?:mon)?(?=$|[:-])/, 'DIAGMON'],
];

/** The object whose codes an exec within a family ends with. */
export function resultMoOf(family: string | null): ResultMo | undefined {
  return family === null ? undefined : FAMILIES.find(([pattern]) => pattern.test(family))?.[1];
}

/** Codes of FUMO that are none of SyncML's for an Exec: a device may answer the Exec itself with them. */
const FUMO_ONLY: Ranges = [
  [250, 299],
  [402, 402],
  [408, 412],
  [450, 499],
  [502, 503],
  [550, 599],
];

/**
 * Outcome of an Exec that was answered at once by a code of its object; undefined for a status of the protocol.
 * Where a number is both (FUMO's 401 and 404 among them) it is taken for the protocol's.
 */
export function outcomeOfExecStatus(family: string | null, code: number): Outcome | undefined {
  const mo = resultMoOf(family);
  if (mo === undefined) return undefined;
  const isOfObject =
    mo === 'FUMO' ? FUMO_ONLY.some(([from, to]) => code >= from && code <= to) : code >= 1200 && code < 1600;
  return isOfObject ? outcomeOfResult(mo, code) : undefined;
}
