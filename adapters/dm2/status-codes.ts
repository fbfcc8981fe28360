/**
 * What a status code of a DM 2.0 command means in the words that callers see.
 * Source: OMA-TS-DM_Protocol-V2_0, appendix C.
 */
import type { Outcome } from '../adapter';

export const DM2_STATUS = {
  OK: 200,
  ACCEPTED: 202,
  NO_CONTENT: 204,
  NOT_MODIFIED: 304,
  BAD_REQUEST: 400,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  NOT_ALLOWED: 405,
  NOT_ACCEPTABLE: 406,
  UNSUPPORTED_MEDIA_TYPE: 415,
  SERVER_URI_ERROR: 419,
  INTERNAL_ERROR: 500,
  NOT_IMPLEMENTED: 501,
  SERVICE_UNAVAILABLE: 503,
  DEVICE_FULL: 506,
  USER_REJECTED: 507,
} as const;

/** Commands whose status may come to a caller. */
export const CARRIERS = ['GET', 'HGET', 'HPUT', 'HPOST', 'DELETE', 'EXEC', 'SHOW', 'DEFAULT', 'SUB', 'UNSUB'] as const;
export type Carrier = (typeof CARRIERS)[number];

/**
 * One row a code, whatever the command; what is not here, such as the other application codes, is DEVICE_ERROR. For EXEC a
 * 202 is no outcome yet and is looked at before this table; to any other command it is no answer.
 */
export const OUTCOMES: Readonly<Record<number, Outcome>> = {
  200: 'OK',
  202: 'DEVICE_ERROR',
  204: 'OK',
  304: 'OK',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'NOT_ALLOWED',
  406: 'UNSUPPORTED',
  415: 'BAD_VALUE',
  419: 'DEVICE_ERROR',
  500: 'DEVICE_ERROR',
  501: 'UNSUPPORTED',
  503: 'DEVICE_ERROR',
  506: 'DEVICE_FULL',
  507: 'USER_REFUSED',
};

/**
 * @param allowed what the DDF says of the access this command needs; absent when nobody knows. A device may answer 403
 *                where DM 1.x answers 405: a node that allows no such access, which callers see as NOT_ALLOWED.
 *
 * 400 is the code of some clients for a ClientURI that matches nothing or several, so it counts as 404; for HGET it can
 * only be the document. Of the application range, 12xx is success.
 */
export function outcomeOf(carrier: Carrier, sc: number, allowed?: boolean): Outcome {
  if (sc === DM2_STATUS.BAD_REQUEST) return carrier === 'HGET' ? 'BAD_VALUE' : 'NOT_FOUND';
  if (sc === DM2_STATUS.FORBIDDEN && allowed === false) return 'NOT_ALLOWED';
  if (sc >= 1200 && sc <= 1299) return 'OK';
  return OUTCOMES[sc] ?? 'DEVICE_ERROR';
}
