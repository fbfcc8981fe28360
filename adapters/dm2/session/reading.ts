/**
 * How reads travel: small ones by GET, whose data comes with Package#3; large ones by HPUT (or HPOST) to an address of the
 * repository, so that no package grows with the data. Of a client that lacks one of them the next is used.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.2, 5.3.3 and 5.3.6; query fields: 6.1.
 */
import type { Command, Context, Effect } from '../../adapter';
import { namesOfPath, printClientUri } from '../client-uri';
import { MEDIA_TYPES, type PackageCommand } from '../package';
import type { Machine, Place, ReadCarrier, SentEntry } from './machine';

const LARGE_OCTETS = 65_536;
const SMALL_FIRST: readonly ReadCarrier[] = ['GET', 'HPUT', 'HPOST'];
const LARGE_FIRST: readonly ReadCarrier[] = ['HPUT', 'HPOST', 'GET'];

/** Whether the client may have a feature, as far as this session and those before it tell. */
export function supports(feature: string, machine: Machine, context: Context): boolean {
  return context.device?.features[feature] !== false && !machine.lacks.includes(feature);
}

/** The carriers that are left for a read, the best one first. */
export function readCarriers(isLarge: boolean, machine: Machine, context: Context): readonly ReadCarrier[] {
  return (isLarge ? LARGE_FIRST : SMALL_FIRST).filter((carrier) => supports(carrier, machine, context));
}

export interface Read {
  readonly at: Place;
  readonly depth?: number;
  readonly validator?: string;
}

/**
 * Whether what a read brings is likely large: the whole or an interior node of an MO whose stored values are, or a read whose
 * GET was never answered (a package that is too large for us is refused on the HTTP level).
 */
export function isLargeRead(command: Command, { at, depth }: Read, machine: Machine, context: Context): boolean {
  if (machine.inline.includes(command.id)) return false;
  if ((command.attempts ?? 0) > 0) return true;
  const format = context.ddf.node(at.moid, at.path)?.format;
  if (depth !== undefined || (format !== undefined && format !== 'node')) return false;
  const known = (context.device?.mos ?? []).filter((mo) => mo.moid === at.moid);
  const mo = at.miid === undefined && known.length === 1 ? known[0] : known.find(({ miid }) => miid === at.miid);
  return (mo?.octets ?? 0) >= (context.limits.largeReadOctets ?? LARGE_OCTETS);
}

export interface CarriedRead {
  readonly command: PackageCommand;
  readonly entry: Extract<SentEntry, { what: 'GET' }>;
  /** Address that the data may be put to. */
  readonly item?: Effect;
}

/** A read as a command of Package#2; `undefined` for a client that has no command for it. */
export function carryRead(command: Command, read: Read, machine: Machine, context: Context): CarriedRead | undefined {
  const [by] = readCarriers(isLargeRead(command, read, machine, context), machine, context);
  if (by === undefined) return undefined;
  const { at, depth } = read;
  const query = supports('query', machine, context) && !machine.plain.includes(command.id);
  const level = query && depth !== undefined ? Math.max(1, depth) : undefined;
  const validator = query ? read.validator : undefined;
  const uri = printClientUri({ moid: at.moid, miid: at.miid, path: namesOfPath(at.path), level, validator });
  const entry = {
    what: 'GET',
    id: command.id,
    at,
    by,
    ...(by === 'GET' ? {} : { token: command.token }),
    ...(depth === undefined ? {} : { depth }),
    ...(level === undefined ? {} : { level }),
    ...(validator === undefined ? {} : { validator }),
  } as const;
  return { ...readCommand(by, uri, command, context), entry };
}

/** GET, or HPUT and HPOST with the address that the data is put to. */
export function readCommand(
  by: ReadCarrier,
  uri: string,
  command: Command,
  context: Context,
): { readonly command: PackageCommand; readonly item?: Effect } {
  if (by === 'GET') return { command: ['GET', uri] };
  const item: Effect = {
    kind: 'itemOffered',
    token: command.token,
    command: command.id,
    direction: 'UPLOAD',
    mime: MEDIA_TYPES.moJson,
    body: new Uint8Array(0),
  };
  return { command: [by, `${context.baseUrl}/repository/${command.token}`, uri], item };
}
