/** DDFs as the store has them: what their sources say, and the library and names that all of them give. */
import { createHash } from 'node:crypto';

import { DdfLibrary } from '../../schema/ddf/library';
import type { DdfDocument } from '../../schema/ddf/model';
import { readDdfInSteps } from '../../schema/ddf/read';
import { badInput } from '../access/inputs';
import type { Ddf } from '../store/generated/client';
import { modelVersion, packModel } from './ddf-model';
import { inTurns } from './steps';
import { ManagementError, type DdfInput, type DdfView } from './types';

/** A stored DDF without its source, and what its source says. */
export interface Entry {
  /** 0: not stored yet. */
  readonly id: bigint;
  readonly sha256: string;
  readonly name: string | null;
  readonly document: DdfDocument;
}

/** All of a row that people are shown. */
export type DdfRow = Omit<Ddf, 'model' | 'modelVersion'>;

/** Not read back when it was just written: it may have some megabytes. */
export const WITHOUT_MODEL = { model: true, modelVersion: true } as const;
export const WITHOUT_TEXTS = { ...WITHOUT_MODEL, source: true } as const;

export interface Source {
  readonly sha256: string;
  readonly name: string | null;
  readonly document: DdfDocument;
}

const TYPE_NAME = /^[A-Z][A-Za-z0-9]{0,63}$/;

/** Errors: DDF_REFUSED with `line`, `column` and `reason`; BAD_USER_INPUT (name). */
export async function readInput({ source, name: asked }: DdfInput): Promise<Source> {
  const name = checkTypeName(asked);
  return { document: await readSource(source), name, sha256: hashOf(source) };
}

async function readSource(source: string): Promise<DdfDocument> {
  // Neither can be stored as text.
  if (/\0|\p{Cs}/u.test(source))
    throw new ManagementError('DDF_REFUSED', 'the source has characters that no XML can have', {
      line: 1,
      column: 1,
      reason: 'NOT_XML',
    });
  const result = await inTurns(readDdfInSteps(source));
  if (result.ok) return result.document;
  const { code, message, line, column } = result.refusal;
  throw new ManagementError('DDF_REFUSED', `line ${line}, column ${column}: ${message}`, {
    line,
    column,
    reason: code,
  });
}

/** The name asked for, by which the type of the file's first MO is called. */
function checkTypeName(name: string | null | undefined): string | null {
  if (name == null) return null;
  if (!TYPE_NAME.test(name)) throw badInput('a capital letter, then letters and digits, at most 64 characters', 'name');
  return name;
}

export function hashOf(source: string): string {
  return createHash('sha256').update(source).digest('hex');
}

export function libraryOf(entries: readonly Entry[]): DdfLibrary {
  return new DdfLibrary(entries.flatMap((entry) => entry.document.mos));
}

/** By family; where several DDFs of one family ask for names, the one that was stored last decides. */
export function namesOf(entries: readonly Entry[]): Readonly<Record<string, string>> {
  const names: Record<string, string> = {};
  // A DDF that is being judged has no id yet and counts as the last.
  for (const { name, document } of [...entries].sort((a, b) => compareIds(a.id, b.id))) {
    const family = document.mos[0]?.family;
    if (name !== null && family !== undefined) names[family] = name;
  }
  return names;
}

function compareIds(a: bigint, b: bigint): number {
  if (a === b) return 0;
  if (a === 0n) return 1;
  if (b === 0n) return -1;
  return a < b ? -1 : 1;
}

/** Equal for rows that are the same in all that matters to the schema. */
export function stampOf(rows: readonly Pick<Entry, 'id' | 'sha256' | 'name'>[]): string {
  return rows
    .map(({ id, sha256, name }) => `${id} ${sha256} ${name ?? ''}`)
    .sort()
    .join('\n');
}

/** Equal for entries that give the same library and names, stored or not. */
export function contentOf(entries: readonly Entry[], names: Readonly<Record<string, string>>): string {
  const hashes = entries.map(({ sha256 }) => sha256).sort();
  return `${hashes.join('\n')}\n${JSON.stringify(names, Object.keys(names).sort())}`;
}

export function columnsOf(
  source: string,
  { sha256, document }: Omit<Source, 'name'>,
): Pick<Ddf, 'source' | 'sha256' | 'moids'> {
  return { source, sha256, moids: moidsOf(document) };
}

export async function modelColumnsOf(document: DdfDocument): Promise<Pick<Ddf, 'model' | 'modelVersion'>> {
  return { model: await packModel(document), modelVersion: modelVersion() };
}

function moidsOf(document: DdfDocument): string[] {
  return [...new Set(document.mos.map((mo) => mo.moid))];
}

/** What `dryRun` answers: nothing was stored, so there is no id. */
export function draftView(source: string, { sha256, name, document }: Source): DdfView {
  const { warnings } = document;
  return { id: '', sha256, name, origin: 'API', moids: moidsOf(document), source, addedAt: new Date(), warnings };
}

export function viewOf(row: DdfRow, document: DdfDocument | undefined): DdfView {
  return {
    id: String(row.id),
    sha256: row.sha256,
    name: row.name,
    origin: row.origin as DdfView['origin'],
    moids: row.moids,
    source: row.source,
    addedAt: row.addedAt,
    warnings: document?.warnings ?? [],
  };
}
