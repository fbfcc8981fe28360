/**
 * Executes the commands of a server package on the device's tree and drafts the answers.
 * Source: dm1 5, 6, 9.2, 10.
 */
import type { AlertCommand, BodyCommand, ContainerCommand, Item, Status } from '../../../adapters/dm1/message';
import { execute as executeNode, type PendingOperation } from '../behaviour';
import type { DeviceTree, Path, TreeError, TreeNode, TreeResult } from '../tree';
import { readLocUri, segmentOf, type LocUri } from './address';
import { itemContent, storedOf, textData, textOf } from './data';
import { resultsOf, statusOf, textItem, type Answered, type Draft } from './drafts';

export const TREE_CODES: Readonly<Record<TreeError, number>> = {
  NOT_FOUND: 404,
  EXISTS: 418,
  NOT_ALLOWED: 405,
  PERMANENT: 405,
  DENIED: 425,
  WRONG_FORMAT: 415,
  FULL: 420,
  FORBIDDEN: 403,
  TOO_LONG: 414,
  UNSUPPORTED: 406,
};

export interface Execution {
  readonly tree: DeviceTree;
  readonly msgRef: string;
  /** ServerID for ACLs. */
  readonly actor: string;
  readonly wbxml: boolean;
  readonly copy: boolean;
  readonly atomic: boolean;
  readonly ui: boolean;
  readonly execResult?: number;
  /** Filled with what was accepted. */
  readonly accepted: PendingOperation[];
}

type Command = Exclude<BodyCommand, Status>;

/** Codes after which the rest of an Atomic or of a Sequence is not executed: the user refused. */
const USER_CODES: readonly number[] = [304, 214];

/** Answers to one command: its Status elements, Results after them. */
export function executeCommand(run: Execution, command: Command): readonly Draft[] {
  const answered: Answered = { msgRef: run.msgRef, cmdRef: command.cmdId, cmd: command.kind };
  switch (command.kind) {
    case 'Atomic':
      return executeAtomic(run, command, answered);
    case 'Sequence':
      return executeSequence(run, command, answered);
    case 'Alert':
      return [answerAlert(run, command, answered)];
    case 'Results':
    case 'Foreign':
      return [statusOf({ ...answered, cmd: command.kind === 'Foreign' ? command.name : 'Results' }, 406)];
    case 'Add':
    case 'Replace':
    case 'Delete':
    case 'Copy':
    case 'Get':
    case 'Exec': {
      const { kind } = command;
      if (kind === 'Get')
        return command.items.length === 0
          ? [statusOf(answered, 412)]
          : command.items.flatMap((item) => answerGet(run, item, answered));
      const correlator = kind === 'Exec' ? command.correlator : undefined;
      if (command.items.length === 0) return [statusOf(answered, 412)];
      return command.items.map((item) => {
        const source = kind === 'Copy' ? item.source?.locUri : undefined;
        const code = change(run, kind, item, correlator);
        return statusOf(answered, code, {
          ...(item.target === undefined ? {} : { target: item.target.locUri }),
          ...(source === undefined ? {} : { source }),
        });
      });
    }
  }
}

/** Every command of a message refused with one code, without execution (2.6, 11.3). */
export function refuseCommands(commands: readonly Command[], msgRef: string, code: number): readonly Draft[] {
  return commands.flatMap((command): readonly Draft[] => {
    const own = statusOf(
      { msgRef, cmdRef: command.cmdId, cmd: command.kind === 'Foreign' ? command.name : command.kind },
      code,
    );
    return command.kind === 'Atomic' || command.kind === 'Sequence'
      ? [own, ...refuseCommands(command.commands as readonly Command[], msgRef, code)]
      : [own];
  });
}

function executeAtomic(run: Execution, command: ContainerCommand, answered: Answered): readonly Draft[] {
  const members = command.commands as readonly Command[];
  const forbidden = members.some((member) => ['Get', 'Exec', 'Atomic'].includes(member.kind));
  if (!run.atomic || forbidden) {
    const codeOf = (member: Command): number =>
      run.atomic && ['Get', 'Exec', 'Atomic'].includes(member.kind) ? 500 : 215;
    return [
      statusOf(answered, run.atomic ? 507 : 406),
      ...members.flatMap((member) => refuseCommands([member], run.msgRef, codeOf(member))),
    ];
  }
  const before = run.tree.snapshot();
  const answers: Draft[][] = [];
  let failedAt = -1;
  for (const [at, member] of members.entries()) {
    const drafts = [...executeCommand(run, member)];
    answers.push(drafts);
    if (
      drafts.some(
        (draft) => draft.kind === 'Status' && (Number(draft.data) >= 300 || USER_CODES.includes(Number(draft.data))),
      )
    ) {
      failedAt = at;
      break;
    }
  }
  if (failedAt < 0) return [statusOf(answered, 200), ...answers.flat()];
  run.tree.restore(before);
  const undone = answers
    .slice(0, failedAt)
    .flat()
    .map((draft): Draft => (draft.kind === 'Status' ? { ...draft, data: '216' } : draft));
  return [
    statusOf(answered, 507),
    ...undone,
    ...(answers[failedAt] ?? []),
    ...refuseCommands(members.slice(failedAt + 1), run.msgRef, 215),
  ];
}

function executeSequence(run: Execution, command: ContainerCommand, answered: Answered): readonly Draft[] {
  const answers: Draft[] = [statusOf(answered, 200)];
  let skipped = false;
  for (const member of command.commands as readonly Command[]) {
    if (skipped) {
      answers.push(...refuseCommands([member], run.msgRef, 215));
      continue;
    }
    const drafts = executeCommand(run, member);
    answers.push(...drafts);
    skipped =
      member.kind === 'Alert' &&
      drafts.some((draft) => draft.kind === 'Status' && USER_CODES.includes(Number(draft.data)));
  }
  return answers;
}

/** The user of a simulated device says yes, takes the default response, else the first choice. */
function answerAlert(run: Execution, alert: AlertCommand, answered: Answered): Draft {
  const code = Number((alert.data ?? '').trim());
  if (code === 1222 || code === 1223 || code === 1225) return statusOf(answered, 200);
  if (code < 1100 || code > 1104 || !run.ui) return statusOf(answered, 406);
  const [options, title, ...choices] = alert.items;
  if (options === undefined || title === undefined || (code >= 1103 && choices.length === 0))
    return statusOf(answered, 412);
  const preset = new URLSearchParams(textOf(options.data)).get('DR');
  if (code === 1101) return statusOf(answered, preset === '0' ? 304 : 200);
  if (code === 1102) return statusOf(answered, 200, { items: [textItem(preset ?? 'yes')] });
  if (code === 1103) return statusOf(answered, 200, { items: [textItem(preset ?? '1')] });
  if (code === 1104) return statusOf(answered, 200, { items: (preset ?? '1').split('-').map(textItem) });
  return statusOf(answered, 200);
}

function readTarget(
  item: Item,
): { readonly ok: true; readonly value: LocUri } | { readonly ok: false; readonly code: number } {
  if (item.target === undefined) return { ok: false, code: 412 };
  const read = readLocUri(item.target.locUri);
  return read.ok ? read : { ok: false, code: read.problem === 'TOO_LONG' ? 414 : 400 };
}

type Change = 'Add' | 'Replace' | 'Delete' | 'Copy' | 'Exec';

function change(run: Execution, kind: Change, item: Item, correlator: string | undefined): number {
  const target = readTarget(item);
  if (!target.ok) return target.code;
  const { path, prop, list } = target.value;
  if (list !== undefined) return 405;
  if (prop !== undefined) return kind === 'Replace' ? replaceProperty(run, target.value, textOf(item.data)) : 405;
  switch (kind) {
    case 'Add':
    case 'Replace':
      return writeNode(run, kind, path, item);
    case 'Delete':
      return codeOf(run.tree.delete(path, run.actor));
    case 'Copy': {
      if (!run.copy) return 501;
      const source = item.source === undefined ? undefined : readLocUri(item.source.locUri);
      return source?.ok === true ? codeOf(run.tree.copy(source.value.path, path, run.actor)) : 412;
    }
    case 'Exec':
      return execNode(run, path, item, correlator);
  }
}

function codeOf(result: TreeResult<unknown>): number {
  return result.ok ? 200 : TREE_CODES[result.error];
}

function writeNode(run: Execution, kind: 'Add' | 'Replace', path: Path, item: Item): number {
  // A sub-tree as TNDS is optional for a device.
  if (item.meta?.type?.startsWith('application/vnd.syncml.dmtnds') === true) return 406;
  const format = item.meta?.format;
  const stored = storedOf(item, run.tree.find(path)?.definition.format ?? format?.trim().toLowerCase());
  if (item.data !== undefined && stored === undefined) return 415;
  const given = { ...(format === undefined ? {} : { format }), ...(stored === undefined ? {} : { value: stored }) };
  return codeOf(kind === 'Add' ? run.tree.add(path, given, run.actor) : run.tree.replace(path, given, run.actor));
}

function execNode(run: Execution, path: Path, item: Item, correlator: string | undefined): number {
  const allowed = run.tree.mayExec(path, run.actor);
  if (!allowed.ok) return TREE_CODES[allowed.error];
  const argument = item.data === undefined ? undefined : storedOf(item, 'chr');
  const outcome = executeNode(run.tree, {
    path,
    ...(argument === undefined ? {} : { argument }),
    ...(correlator === undefined ? {} : { correlator }),
    ...(run.execResult === undefined ? {} : { resultCode: run.execResult }),
  });
  if (outcome.kind === 'done') return 200;
  run.accepted.push(outcome.operation);
  return 202;
}

function replaceProperty(run: Execution, target: LocUri, text: string): number {
  if (run.tree.find(target.path) === undefined) return 404;
  switch (target.prop) {
    case 'ACL':
      return codeOf(run.tree.setAcl(target.path, text, run.actor));
    case 'Name':
      return codeOf(run.tree.rename(target.path, text, run.actor));
    case 'Format':
    case 'Type':
    case 'Size':
      return 405;
    default:
      return 406;
  }
}

function answerGet(run: Execution, item: Item, answered: Answered): readonly Draft[] {
  const target = readTarget(item);
  const asked = item.target?.locUri ?? '';
  const refs = item.target === undefined ? {} : { target: asked };
  const refuse = (code: number): readonly Draft[] => [statusOf(answered, code, refs)];
  if (!target.ok) return refuse(target.code);
  if (target.value.list !== undefined) return refuse(406);
  const found = run.tree.get(target.value.path, run.actor);
  if (!found.ok) return refuse(TREE_CODES[found.error]);
  const source = { locUri: asked };
  if (target.value.prop !== undefined) {
    const inherited =
      target.value.prop === 'ACL' && run.tree.rules === '1.3' ? run.tree.aclOf(target.value.path) : undefined;
    const property = inherited?.text ?? propertyOf(found.value, target.value.prop);
    if (property === undefined) return refuse(406);
    return [
      statusOf(answered, inherited?.inherited === true ? 217 : 200, refs),
      resultsOf(answered, [{ source, data: textData(property) }]),
    ];
  }
  return [statusOf(answered, 200, refs), resultsOf(answered, [{ source, ...contentOf(run, found.value) }])];
}

function contentOf(run: Execution, node: TreeNode): Omit<Item, 'source'> {
  if (node.children === undefined) return itemContent(node, run.wbxml);
  const names = [...node.children.keys()].map(segmentOf).join('/');
  return { meta: { format: 'node', type: 'text/plain' }, data: textData(names) };
}

/** Value of a property, or undefined when the device has no such property. */
function propertyOf(node: TreeNode, prop: string): string | undefined {
  switch (prop) {
    case 'ACL':
      return node.acl;
    case 'Format':
      return node.definition.format;
    case 'Name':
      return node.name === '.' ? '' : node.name;
    case 'Type':
      return node.children === undefined ? (node.definition.mime ?? 'text/plain') : (node.definition.moid ?? '');
    case 'Size':
      return node.children === undefined
        ? String(typeof node.value === 'string' ? Buffer.byteLength(node.value) : (node.value?.length ?? 0))
        : undefined;
    default:
      return undefined;
  }
}
