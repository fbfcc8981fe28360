import type { Outcome } from '../adapter';

/** Status codes that the session itself decides by. Source: SyncML Representation Protocol, "Response Status Codes". */
export const STATUS = {
  /** Two clients send it: the outcome is unknown. */
  UNKNOWN: 0,
  OK: 200,
  ACCEPTED: 202,
  AUTHENTICATED: 212,
  CHUNK_ACCEPTED: 213,
  CANCELLED_BY_USER: 214,
  NOT_EXECUTED: 215,
  ROLLED_BACK: 216,
  NOT_CONFIRMED: 304,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  NOT_ALLOWED: 405,
  UNSUPPORTED: 406,
  AUTHENTICATION_REQUIRED: 407,
  TIMED_OUT: 408,
  INCOMPLETE: 412,
  UNSUPPORTED_TYPE: 415,
  TOO_BIG: 416,
  ALREADY_EXISTS: 418,
  SIZE_MISMATCH: 424,
  NOT_IMPLEMENTED: 501,
  DTD_VERSION: 505,
  ATOMIC_FAILED: 507,
  PROTOCOL_VERSION: 513,
} as const;

/**
 * What a code means to a caller. Codes that are not listed count by their class: 2xx is OK, all else is the
 * device's own failure, so that a vendor's code is never taken for success.
 */
export const OUTCOMES: Readonly<Record<number, Outcome>> = {
  200: 'OK',
  201: 'OK',
  202: 'OK',
  203: 'OK',
  204: 'OK',
  205: 'OK',
  206: 'OK',
  207: 'OK',
  208: 'OK',
  209: 'OK',
  210: 'OK',
  211: 'OK',
  212: 'OK',
  // A whole value was sent and taken for a chunk: the device waits for more that never comes.
  213: 'DEVICE_ERROR',
  214: 'USER_REFUSED',
  215: 'USER_REFUSED',
  216: 'ROLLED_BACK',
  217: 'OK',
  304: 'USER_REFUSED',
  400: 'DEVICE_ERROR',
  401: 'PERMISSION_DENIED',
  402: 'DEVICE_ERROR',
  403: 'NOT_ALLOWED',
  404: 'NOT_FOUND',
  405: 'NOT_ALLOWED',
  406: 'UNSUPPORTED',
  407: 'PERMISSION_DENIED',
  408: 'TIMED_OUT',
  409: 'DEVICE_ERROR',
  410: 'NOT_FOUND',
  411: 'BAD_VALUE',
  412: 'BAD_VALUE',
  413: 'TOO_LARGE',
  414: 'TOO_LARGE',
  415: 'BAD_VALUE',
  416: 'TOO_LARGE',
  417: 'DEVICE_ERROR',
  418: 'ALREADY_EXISTS',
  420: 'DEVICE_FULL',
  424: 'DEVICE_ERROR',
  425: 'PERMISSION_DENIED',
  500: 'DEVICE_ERROR',
  501: 'UNSUPPORTED',
  503: 'DEVICE_ERROR',
  505: 'UNSUPPORTED',
  507: 'ROLLED_BACK',
  510: 'DEVICE_ERROR',
  511: 'DEVICE_ERROR',
  513: 'UNSUPPORTED',
  516: 'DEVICE_ERROR',
  517: 'TOO_LARGE',
};

/** Outcome of a command that got this code. Code 0 is no code: ask {@link STATUS}.UNKNOWN first. */
export function outcomeOf(code: number): Outcome {
  return OUTCOMES[code] ?? (code >= 200 && code < 300 ? 'OK' : 'DEVICE_ERROR');
}

/**
 * Outcome of a member of an Atomic. Inside one, 215 and 216 say that the group failed elsewhere.
 * Source: OMA-TS-DM_RepPro, "Atomic"; our ruling for the words.
 */
export function outcomeInAtomic(code: number): Outcome {
  return code === STATUS.NOT_EXECUTED || code === STATUS.ATOMIC_FAILED ? 'ROLLED_BACK' : outcomeOf(code);
}

/** The code in a Status' Data: one to four digits; garbage reads as 500, so that it is a failure and no success. */
export function readCode(text: string): number {
  const digits = text.trim();
  return /^\d{1,4}$/.test(digits) ? Number(digits) : 500;
}
