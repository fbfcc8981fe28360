/**
 * ClientURIs: `MOID/instance/path?query`, read and printed. What they address in a tree: `client-uri-resolution.ts`.
 * Source: OMA-TS-DM_Protocol-V2_0, 6.1 (grammar, query fields, resolution).
 */
import { percentDecode, percentEncode } from './percent';
import { failed, ok, type Result } from './result';

export { resolveClientUri } from './client-uri-resolution';
export type { Forest, Instance, Resolution, ResolvedNode } from './client-uri-resolution';

/** One place in a ClientURI: a name, `(x)` that a condition resolves, or `*`. */
export type Step =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'x'; readonly letter: string }
  | { readonly kind: 'any' };

/** `nv=(letter)/path:value`: the leaf at `path` below the node in the letter's place has this value. */
export interface Condition {
  readonly letter: string;
  readonly path: readonly string[];
  readonly value: string;
}

export interface ClientUri {
  readonly moid: string;
  /** `only`: the instance part is empty; exactly one instance must exist. */
  readonly instance: Step | { readonly kind: 'only' };
  /** Steps below the instance's root; empty for the root itself. */
  readonly steps: readonly Step[];
  readonly conditions: readonly Condition[];
  /** `lv`: levels below the addressed node to return. */
  readonly level?: number;
  /** `cv`: validator of the whole instance. */
  readonly validator?: string;
}

export type ClientUriError = 'SYNTAX';

const MAX_LENGTH = 8192;
const MAX_STEPS = 64;
const MAX_CONDITIONS = 64;
/** Unreserved characters, the colon of MOIDs as node names, and percent-encoded octets. */
const NAME = /^(?:[A-Za-z0-9\-._~:]|%[0-9A-Fa-f]{2})+$/;
/** As a name, and what older MOIDs use beside. */
const MOID = /^(?:[A-Za-z0-9\-._~:!$&'()*+,;=@]|%[0-9A-Fa-f]{2})+$/;
const X_NAME = /^\(([A-Za-z])\)$/;
const LEVEL = /^[1-9][0-9]{0,8}$/;

/**
 * Reads a ClientURI. Error SYNTAX: outside the grammar, an x-name without condition or used twice, a level that is no
 * positive number. One slash after the last step is tolerated; unknown query fields are ignored.
 */
export function parseClientUri(text: string): Result<ClientUri, ClientUriError> {
  if (text.length > MAX_LENGTH) return syntax(`longer than ${MAX_LENGTH} characters`);
  const mark = text.indexOf('?');
  const pieces = (mark < 0 ? text : text.slice(0, mark)).split('/');
  const [moidText = '', instanceText, ...rest] = pieces;
  if (instanceText === undefined || rest.length === 0) return syntax('the root of an instance is MOID/MIID/');
  if (!MOID.test(moidText)) return syntax('the MOID is empty or has characters that none has');
  const moid = percentDecode(moidText);
  if (moid === undefined) return syntax('the MOID is wrongly percent-encoded');

  const stepTexts = rest.at(-1) === '' ? rest.slice(0, -1) : rest;
  if (stepTexts.length > MAX_STEPS) return syntax(`more than ${MAX_STEPS} steps`);
  const instance = instanceText === '' ? ({ kind: 'only' } as const) : readStep(instanceText);
  const steps = stepTexts.map(readStep);
  if (instance === undefined || steps.includes(undefined)) return syntax('a step is no name, no x-name and no *');

  const query = readQuery(mark < 0 ? '' : text.slice(mark + 1));
  if (!query.ok) return query;
  const known = steps.filter((step): step is Step => step !== undefined);
  const letters = [instance, ...known].flatMap((step) => (step.kind === 'x' ? [step.letter] : []));
  if (new Set(letters).size !== letters.length) return syntax('an x-name is used twice');
  const conditions = query.value.conditions;
  if (!letters.every((letter) => conditions.some((condition) => condition.letter === letter))) {
    return syntax('an x-name has no nv field');
  }
  return ok({ moid, instance, steps: known, ...query.value });
}

function readStep(text: string): Step | undefined {
  if (text === '*') return { kind: 'any' };
  const letter = X_NAME.exec(text)?.[1];
  if (letter !== undefined) return { kind: 'x', letter };
  const name = NAME.test(text) ? percentDecode(text) : undefined;
  return name === undefined ? undefined : { kind: 'name', name };
}

type Query = Pick<ClientUri, 'conditions' | 'level' | 'validator'>;

function readQuery(text: string): Result<Query, ClientUriError> {
  const conditions: Condition[] = [];
  let level: number | undefined;
  let validator: string | undefined;
  for (const field of text === '' ? [] : text.split('&')) {
    const equals = field.indexOf('=');
    const name = equals < 0 ? field : field.slice(0, equals);
    const value = equals < 0 ? '' : field.slice(equals + 1);
    if (name === 'lv') {
      if (level !== undefined || !LEVEL.test(value)) return syntax('lv is no positive number or given twice');
      level = Number(value);
    } else if (name === 'cv') {
      const decoded = percentDecode(value);
      if (validator !== undefined || decoded === undefined) return syntax('cv is unreadable or given twice');
      validator = decoded;
    } else if (name === 'nv') {
      const condition = readCondition(value);
      if (condition === undefined || conditions.length >= MAX_CONDITIONS) return syntax('an nv field is unreadable');
      conditions.push(condition);
    }
  }
  return ok({
    conditions,
    ...(level === undefined ? {} : { level }),
    ...(validator === undefined ? {} : { validator }),
  });
}

function readCondition(text: string): Condition | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const [head = '', ...names] = text.slice(0, colon).split('/');
  const letter = X_NAME.exec(head)?.[1];
  const path = names.map((name) => (NAME.test(name) ? percentDecode(name) : undefined));
  const value = percentDecode(text.slice(colon + 1));
  if (letter === undefined || value === undefined || path.includes(undefined)) return undefined;
  return { letter, path: path.filter((name): name is string => name !== undefined), value };
}

function syntax(message: string): { ok: false; code: 'SYNTAX'; message: string } {
  return failed('SYNTAX', message);
}

export interface PlainAddress {
  readonly moid: string;
  /** Absent or empty: the only instance. */
  readonly miid?: string;
  /** Raw names below the root. */
  readonly path: readonly string[];
  readonly level?: number;
  readonly validator?: string;
}

/** The ClientURI to send for a concrete address. Names outside the unreserved characters and the colon are percent-encoded. */
export function printClientUri(address: PlainAddress): string {
  const names = address.path.map((name) => percentEncode(name, ':'));
  const query: string[] = [];
  if (address.level !== undefined) query.push(`lv=${address.level}`);
  if (address.validator !== undefined) query.push(`cv=${percentEncode(address.validator)}`);
  const where = `${percentEncode(address.moid, ':')}/${percentEncode(address.miid ?? '', ':')}/${names.join('/')}`;
  return query.length === 0 ? where : `${where}?${query.join('&')}`;
}

/** The address of a ClientURI that has neither x-name nor wildcard; `undefined` for others. */
export function plainAddressOf(uri: ClientUri): PlainAddress | undefined {
  const path = uri.steps.map((step) => (step.kind === 'name' ? step.name : undefined));
  if (path.includes(undefined)) return undefined;
  const names = path.filter((name): name is string => name !== undefined);
  if (uri.instance.kind === 'only') return { moid: uri.moid, path: names };
  if (uri.instance.kind !== 'name') return undefined;
  return { moid: uri.moid, miid: uri.instance.name, path: names };
}

/** The middle's path (`/` and `%` in names percent-encoded, '' = root) as raw names. */
export function namesOfPath(path: string): readonly string[] {
  if (path === '') return [];
  return path.split('/').map((name) => name.replace(/%(2F|25)/gi, (_, hex: string) => (hex === '25' ? '%' : '/')));
}

/** Raw names as the middle's path. */
export function pathOfNames(names: readonly string[]): string {
  return names.map((name) => name.replace(/%/g, '%25').replace(/\//g, '%2F')).join('/');
}
