import { readFileSync } from 'node:fs';

import type { DmFormat, Tree, Value } from '../../../adapters/adapter';
import { sharedPath } from '../../support/shared';

/** The members of the DM 2.0 vectors that tests look at. */
export interface FileCase {
  readonly file: string;
  readonly package: 1 | 2 | 3 | 'MO' | 'bootstrap';
  readonly content_type: string;
  readonly answers?: string;
  readonly expect: string;
  readonly reading?: Reading;
  readonly needs_fetch?: readonly number[];
}

export interface Reading {
  readonly initiation?: string;
  readonly notification_id?: number | null;
  readonly mos?: readonly { moid: string; ddf: string | null; miids: readonly string[] }[] | null;
  readonly alerts?: readonly AlertReading[];
  readonly unanswered?: boolean;
  readonly statuses?: readonly { command: string; sc: number; uri?: readonly string[] }[];
  readonly data?: Readonly<Record<string, { type: string; text?: string; hex?: string; json?: unknown }>>;
  readonly protocol_error?: readonly number[];
  readonly waits_for_alert?: readonly number[];
}

export interface AlertReading {
  readonly type: string;
  readonly source: string | null;
  readonly target: string | null;
  readonly mark: string;
  readonly result?: number;
  readonly identifier?: string;
  readonly data?: unknown;
}

export function octets(file: string): Buffer {
  return readFileSync(sharedPath('vectors', 'dm2', file));
}

export function json<T>(file: string): T {
  return JSON.parse(octets(file).toString('utf8')) as T;
}

export function fileCases(): readonly FileCase[] {
  return json<{ files: FileCase[] }>('packages.json').files;
}

/** A value as the vectors write it. */
export function vectorValue(value: Value): unknown {
  if (value.data instanceof Uint8Array) return { hex: Buffer.from(value.data).toString('hex') };
  if (typeof value.data === 'number' && !Number.isFinite(value.data)) {
    return { float: Number.isNaN(value.data) ? 'NaN' : value.data > 0 ? 'INF' : '-INF' };
  }
  return value.data;
}

/** A tree as the vectors write it; `bad` has the paths of values that do not fit. */
export function vectorTree(tree: Tree, bad: readonly string[], path = ''): unknown {
  if (bad.includes(path)) return { bad: true };
  if (tree.value !== undefined) return vectorValue(tree.value);
  const members = (tree.children ?? []).map((child): [string, unknown] => [
    child.name,
    vectorTree(child, bad, path === '' ? child.name : `${path}/${child.name}`),
  ]);
  return Object.fromEntries(members);
}

/** What the vectors write, as a tree with the formats of their DDF. */
export function treeOf(
  name: string,
  written: unknown,
  format: (path: string) => DmFormat | undefined,
  path = '',
): Tree {
  const known = format(path);
  if (isRecord(written) && known === 'node') {
    const children = Object.entries(written).map(([child, value]) =>
      treeOf(child, value, format, path === '' ? child : `${path}/${child}`),
    );
    return { name, children, childrenComplete: true };
  }
  return { name, value: { format: known ?? 'chr', data: dataOf(written) } };
}

export function dataOf(written: unknown): Value['data'] {
  if (isRecord(written) && typeof written['hex'] === 'string') return Buffer.from(written['hex'], 'hex');
  if (isRecord(written)) return { INF: Infinity, '-INF': -Infinity, NaN: NaN }[String(written['float'])] ?? null;
  return written as string | number | boolean | null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
