import type { Address, Command, Context, Effect, Json, Tree, Value } from '../../adapter';
import { absolute, canonical, nodeName } from '../addressing';
import { encodeTnds } from '../codec/tnds';
import { elementToXml } from '../codec/xml-encode';
import type { BodyCommand, Encoding, Item } from '../message';
import { STATUS } from '../status-codes';
import { supports } from './lists';
import type { Job, Machine, OpenCommand } from './machine';

/**
 * Adding a sub-tree as one TNDS document: the device makes all nodes or none, with one Status. Where it does not take
 * documents the nodes are added one by one, parents first, within the same session.
 * Source: OMA-TS-DM_TND, "Serialization"; dm1 sections 14 and 15 (Inbox).
 */

/** Feature: whether the device takes documents; `asked` from the first try on. */
export const FEATURE_WRITES = 'dm1.tnds.write';

const TNDS_XML = 'application/vnd.syncml.dmtnds+xml';
const TNDS_WBXML = 'application/vnd.syncml.dmtnds+wbxml';
/** Where a DM 1.3 client takes MOs whose place it chooses itself. */
const INBOX = './Inbox';

/** A place in the Inbox: the device itself decides where the object goes, so that a document is the only way. */
export function isInInbox(uri: string): boolean {
  return canonical(uri).startsWith(`${INBOX}/`);
}

/**
 * The Add or Replace of a whole tree. Its target is the parent, the document's Node names the new node; a document
 * that replaces makes the sub-tree equal to it.
 *
 * @param moid  of the object whose root the tree is
 */
export function documentBody(
  kind: 'Add' | 'Replace',
  uri: string,
  tree: Tree,
  moid: string | undefined,
  encoding: Encoding,
): BodyCommand {
  const at = absolute(uri);
  const parent = at.slice(0, at.lastIndexOf('/'));
  const whole = writable({ ...tree, name: nodeName(at), ...(moid === undefined ? {} : { moid }) });
  const element = encodeTnds({ nodes: [{ tree: whole }] });
  const item: Item = {
    target: { locUri: parent },
    ...(encoding.form === 'wbxml'
      ? { meta: { format: 'bin', type: TNDS_WBXML }, data: { kind: 'element', element } }
      : { meta: { format: 'xml', type: TNDS_XML }, data: { kind: 'text', text: elementToXml(element) } }),
  };
  return { kind, cmdId: '', items: [item] };
}

/** Leaves without a MIME type are text where they are text at all: a reader must find a Type. */
function writable(tree: Tree): Tree {
  const { value, children } = tree;
  if (value !== undefined) return { ...tree, value: { ...value, mime: value.mime ?? mimeOf(value) } };
  return { ...tree, ...(children === undefined ? {} : { children: children.map(writable) }) };
}

function mimeOf({ format }: Value): string {
  return format === 'bin' || format === 'b64' ? 'application/octet-stream' : 'text/plain';
}

/** Whether a tree holds a value that is in the store and was not loaded. */
export function hasUnloaded(tree: Tree): boolean {
  const data = tree.value?.data;
  const isRef = data !== null && typeof data === 'object' && !(data instanceof Uint8Array);
  return isRef || (tree.children ?? []).some(hasUnloaded);
}

/** Whether a document is worth the try: the device took one before, or tells its own tree in such. */
export function takesDocuments(machine: Machine, context: Context): boolean {
  const known = machine.lists?.[WRITES] ?? context.device?.features[FEATURE_WRITES];
  return known === undefined ? supports('tnds', machine, context) === true : known === true;
}

const WRITES = 'write';

/** A first try, of which no answer is known yet. */
export function noteTried(uri: string, machine: Machine, context: Context): readonly Effect[] {
  const known = machine.lists?.[WRITES] ?? context.device?.features[FEATURE_WRITES];
  return known === undefined ? learn(machine, 'asked', `a document was sent to ${uri}`) : [];
}

type WriteJob = Job & { readonly kind: 'plain' };

/** Takes the Status of a document. @param code  undefined: the device told no outcome */
export function applyDocument(
  job: WriteJob,
  open: OpenCommand,
  code: number | undefined,
  isGood: boolean,
  machine: Machine,
  context: Context,
): readonly Effect[] {
  job.waiting -= 1;
  const instead = job.instead ?? [];
  delete job.instead;
  const known = machine.lists?.[WRITES] ?? context.device?.features[FEATURE_WRITES];
  if (code === undefined) {
    job.silent = true;
    return [];
  }
  if (isGood) {
    job.good = code;
    if (open.told !== undefined) job.told = absolute(open.told);
    return known === true
      ? []
      : learn(machine, true, `${open.carrier} of a document to ${open.uri} is answered ${code}`);
  }
  if (!NO_DOCUMENTS.has(code) && !TOO_LONG.has(code)) {
    job.bad = code;
    return [];
  }
  if (instead.length === 0) job.bad = code;
  job.todo = [...instead];
  // 415 may be one node's: that shows when it is added alone.
  return NO_DOCUMENTS.has(code) && known !== false
    ? learn(machine, false, `${open.carrier} of a document to ${open.uri} is answered ${code}`)
    : [];
}

const NO_DOCUMENTS: ReadonlySet<number> = new Set([STATUS.UNSUPPORTED, 415, STATUS.NOT_IMPLEMENTED]);
const TOO_LONG: ReadonlySet<number> = new Set([413, STATUS.TOO_BIG]);

function learn(machine: Machine, value: Json, evidence: string): readonly Effect[] {
  machine.lists = { ...machine.lists, [WRITES]: value };
  return [{ kind: 'featureLearned', feature: FEATURE_WRITES, value, evidence }];
}

/** MOID of the object that an add makes; undefined below the root of one. */
export function moidAdded(at: Command & { readonly kind: 'add' | 'replace' }): string | undefined {
  const address: Address = at.at;
  return 'moid' in address && address.path === '' ? address.moid : at.tree?.moid;
}
