/**
 * Documents that devices fetch: HGET and DEFAULT.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.3.1 (HGET), 5.3.10 (DEFAULT), 7.2.1.4.
 */
import type { Bytes, Command, Context, Effect, Tree, Value } from '../../adapter';
import { namesOfPath, printClientUri } from '../client-uri';
import { encodeBareValue } from '../leaf-value';
import { encodeMoJson, type OutgoingEntry } from '../mo-json';
import { MEDIA_TYPES, type PackageCommand } from '../package';
import { type Carried, unsupported } from './carried';
import type { Machine, Place, SentEntry } from './machine';
import { supports } from './reading';

/** What is written, and as what. */
interface Written {
  readonly kind: 'add' | 'replace' | 'copy';
  readonly value?: Value;
  readonly tree?: Tree;
  readonly whole?: boolean;
}

/** A write: the document is put ready in the repository, and the device told to fetch it. */
export function writeByHget(command: Command, written: Written, at: Place, context: Context): Carried {
  const { kind, value, tree: content } = written;
  const creates = kind === 'add' && at.path === '';
  const path = namesOfPath(at.path);
  const target = creates ? { moid: at.moid, path } : { moid: at.moid, miid: at.miid, path };
  const tree: Tree = {
    name: path.at(-1) ?? labelOf(content, at),
    ...(value === undefined || value.format === 'node' ? {} : { value }),
    ...(content?.children === undefined ? {} : { children: content.children }),
    ...(content?.value === undefined ? {} : { value: content.value }),
  };
  // An interior node that is fetched becomes what was fetched; where the rest of it is to stay, its leaves tell their places.
  const isPart = kind === 'replace' && written.whole !== true && tree.children !== undefined;
  const entries: readonly OutgoingEntry[] = isPart ? leavesOf(tree, target) : [{ at: target, tree }];
  const [only, another] = entries;
  if (only === undefined) return { kind: 'answered', outcome: 'BAD_VALUE', message: 'the tree has no value to write' };
  const document = encodeMoJson(entries);
  if (!document.ok) {
    return document.code === 'NO_DATA'
      ? { kind: 'answered', outcome: 'TOO_LARGE', message: document.message }
      : { kind: 'answered', outcome: 'BAD_VALUE', message: document.message };
  }

  // There are clients that take no document without being told where: where it is for one node, they are.
  const place = creates || another !== undefined ? undefined : printClientUri(only.at);
  const single = another === undefined ? only.tree.value : undefined;
  const bare = single === undefined ? undefined : encodeBareValue(single);
  const item: Effect = {
    ...offered(command, document.value),
    ...(bare === undefined ? {} : { alternatives: [{ mime: bare.mediaType, body: bare.body }] }),
  };
  const serverUri = serverUriOf(command, context);
  const carried: PackageCommand = place === undefined ? ['HGET', serverUri] : ['HGET', serverUri, place];
  const entry: SentEntry = { what: 'HGET', id: command.id, token: command.token, at, kind };
  return { kind: 'sent', command: carried, entry, item };
}

/** The leaves below a node, each at its own address. An empty interior node is nothing that a replace could write. */
function leavesOf(tree: Tree, at: OutgoingEntry['at']): readonly OutgoingEntry[] {
  if (tree.children === undefined) return [{ at, tree }];
  return tree.children.flatMap((child) => leavesOf(child, { ...at, path: [...at.path, child.name] }));
}

/** The document stays where the device finds it whenever it needs values that are not in its tree. */
export function carryDefault(
  command: Extract<Command, { kind: 'default' }>,
  machine: Machine,
  context: Context,
): Carried {
  if (!supports('DEFAULT', machine, context)) return unsupported('the device has no DEFAULT');
  const { moid, tree } = command;
  const document = encodeMoJson([
    { at: { moid, path: [] }, tree: { ...tree, name: labelOf(tree, { moid, path: '' }) } },
  ]);
  if (!document.ok) return { kind: 'answered', outcome: 'BAD_VALUE', message: document.message };
  return {
    kind: 'sent',
    command: ['DEFAULT', serverUriOf(command, context), moid],
    entry: { what: 'DEFAULT', id: command.id },
    item: offered(command, document.value),
  };
}

/** MO data for the device, at the command's own address. */
function offered({ id, token }: Command, body: Bytes): Extract<Effect, { kind: 'itemOffered' }> {
  return { kind: 'itemOffered', token, command: id, direction: 'DOWNLOAD', mime: MEDIA_TYPES.moJson, body };
}

function serverUriOf({ token }: Command, { baseUrl }: Context): string {
  return `${baseUrl}/repository/${token}`;
}

/** The root node's name: the wanted instance, else what the caller named it, else the middle part of the MOID. */
function labelOf(content: Tree | undefined, at: Place): string {
  const named = isUnnamed(at) ? content?.name : at.miid;
  if (named !== undefined && named !== '') return named;
  const word = at.moid.split(/[:/]/).filter((piece) => /[A-Za-z]/.test(piece));
  return word.at(-1) ?? 'x';
}

function isUnnamed(at: Place): boolean {
  return at.miid === undefined || at.miid === '';
}
