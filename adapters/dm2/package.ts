/**
 * Packages #1, #2 and #3 of OMA DM 2.0 as plain values.
 * Source: OMA-TS-DM_Protocol-V2_0, 7.2.1 (JSON schemas), 5.2 (packages), appendix F (multipart).
 */
import type { Bytes, Json } from '../adapter';

export const MEDIA_TYPES = {
  initiation: 'application/vnd.oma.dm.initiation+json',
  request: 'application/vnd.oma.dm.request+json',
  response: 'application/vnd.oma.dm.response+json',
  moJson: 'application/dmmo+json',
  multipart: 'multipart/form-data',
} as const;

export interface SupportedMo {
  readonly moid: string;
  readonly ddf?: string;
  readonly miids: readonly string[];
}

/** A generic alert as it came (5.4); `data` is any JSON value. */
export interface AlertItem {
  readonly type: string;
  readonly sourceUri?: string;
  readonly targetUri?: string;
  readonly mark?: string;
  readonly dataType?: string;
  readonly data?: Json;
}

export interface Package1 {
  /** Absent when the client listed nothing, which is not the same as an empty list. */
  readonly mos?: readonly SupportedMo[];
  readonly alerts: readonly AlertItem[];
}

/** One command: its name and parameters, all text. */
export type PackageCommand = readonly [name: string, ...parameters: string[]];
export interface Package2 {
  readonly commands: readonly PackageCommand[];
}

export interface StatusEntry {
  readonly sc: number;
  readonly uris?: readonly string[];
}
/** Data of a GET: the part named by the index of its entry in Status. */
export interface DataPart {
  readonly index: number;
  readonly mediaType: string;
  readonly body: Bytes;
}
export interface Package3 {
  readonly statuses: readonly StatusEntry[];
  readonly alerts: readonly AlertItem[];
  readonly parts: readonly DataPart[];
}
