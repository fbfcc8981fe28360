/**
 * Executes the commands of a server package on the device's tree and drafts the answers.
 * Source: dm1 5, 6, 9.2, 10.
 */
import type { AlertCommand, BodyCommand, ContainerCommand, Item, Status } from '../../../adapters/dm1/message';
import { complete, execute as executeNode, type PendingOperation } from '../behaviour';
import type { DeviceTree, Path, TreeError, TreeNode, TreeResult } from '../tree';
import { locUriOf, readLocUri, segmentOf, type LocUri } from './address';
import { itemContent, storedOf, textData, textOf } from './data';
import { resultsOf, statusOf, type Answered, type Draft } from './drafts';
import { answerOfPerson, type Person } from './person';
import type { Dm1Version } from './standard-objects';
import { answerList, writeTnds, type Asked, type TreeQueryOptions } from './tree-query';

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
  readonly version: Dm1Version;
  readonly copy: boolean;
  readonly atomic: boolean | 'noRollback';
  /** User interaction alerts that are shown. */
  readonly alerts: readonly number[];
  /** Who answers them. */
  readonly person: Person;
  /** Commands that are known; others get 501. Absent: all. */
  readonly commands?: readonly string[];
  readonly firstItemOnly?: boolean;
  /** Lists, documents and optional properties. */
  readonly queries?: TreeQueryOptions;
  readonly execResult?: number;
  /** Filled with what was accepted. */
  readonly accepted: PendingOperation[];
}

type Command = Exclude<BodyCommand, Status>;

/** Codes after which the rest of an Atomic or of a Sequence is not executed: the user refused. */
const USER_CODES: readonly number[] = [304, 214];

/** Answers to one command: its Status elements, Results after them. */
export function executeCommand(run: Execution, given: Command): readonly Draft[] {
  const command = run.firstItemOnly === true ? firstItemOf(given) : given;
  const answered: Answered = { msgRef: run.msgRef, cmdRef: command.cmdId, cmd: command.kind };
  if (run.commands?.includes(command.kind) === false && command.kind !== 'Alert') return [statusOf(answered, 501)];
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

function firstItemOf(command: Command): Command {
  return 'items' in command && command.kind !== 'Alert' ? { ...command, items: command.items.slice(0, 1) } : command;
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
  if (run.atomic === 'noRollback')
    return [statusOf(answered, 200), ...members.flatMap((member) => executeCommand(run, member))];
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

function answerAlert(run: Execution, alert: AlertCommand, answered: Answered): Draft {
  const code = Number((alert.data ?? '').trim());
  if (code === 1222 || code === 1223 || code === 1225) return statusOf(answered, 200);
  const shown = run.alerts.includes(code) ? answerOfPerson(alert, answered, run.person) : undefined;
  return shown ?? statusOf(answered, 406);
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
  if (item.meta?.type?.startsWith('application/vnd.syncml.dmtnds') === true) {
    if (run.queries?.writesTnds !== true) return 406;
    const written = writeTnds(askedOf(run, run.queries), kind, path, item);
    if (written.ok) return 200;
    return written.error === 'GARBLED' ? 400 : TREE_CODES[written.error];
  }
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
  if (run.version === '1.1') {
    // DM 1.1.2 has no generic alert that could tell the end later.
    complete(run.tree, outcome.operation);
    return outcome.operation.resultCode < 300 || outcome.operation.resultCode === 1200 ? 200 : 500;
  }
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
  if (target.value.list !== undefined) return answerQuery(run, target.value, item, answered);
  const found = run.tree.get(target.value.path, run.actor);
  if (!found.ok) return refuse(TREE_CODES[found.error]);
  const source = { locUri: asked };
  if (target.value.prop !== undefined) {
    const inherited =
      target.value.prop === 'ACL' && run.tree.rules === '1.3' ? run.tree.aclOf(target.value.path) : undefined;
    const optional = run.queries?.properties?.[locUriOf(target.value.path)]?.[target.value.prop as 'Title'];
    const property =
      inherited?.text ?? optional ?? propertyOf(found.value, target.value.prop, run.queries?.tellsMoids !== false);
    if (property === undefined) return refuse(406);
    return [
      statusOf(answered, inherited?.inherited === true ? 217 : 200, refs),
      resultsOf(answered, [{ source, data: textData(property) }]),
    ];
  }
  return [statusOf(answered, 200, refs), resultsOf(answered, [{ source, ...contentOf(run, found.value) }])];
}

/** Struct and StructData as one Results a node, so that any number of them can be sent. */
function answerQuery(run: Execution, target: LocUri, item: Item, answered: Answered): readonly Draft[] {
  const asked = item.target?.locUri ?? '';
  const refuse = (code: number): readonly Draft[] => [statusOf(answered, code, { target: asked })];
  if (run.queries === undefined) return refuse(406);
  const found = run.tree.get(target.path, run.actor);
  const items = answerList(askedOf(run, run.queries), target.path, target.list ?? '', asked, item);
  if (items === undefined) return refuse(406);
  if (!found.ok) return refuse(TREE_CODES[found.error]);
  return [statusOf(answered, 200, { target: asked }), ...items.map((only) => resultsOf(answered, [only]))];
}

function askedOf(run: Execution, options: TreeQueryOptions): Asked {
  return { tree: run.tree, actor: run.actor, wbxml: run.wbxml, options };
}

function contentOf(run: Execution, node: TreeNode): Omit<Item, 'source'> {
  if (node.children === undefined) return itemContent(node, run.wbxml);
  const names = [...node.children.keys()].map(segmentOf).join('/');
  return { meta: { format: 'node', type: 'text/plain' }, data: textData(names) };
}

/** Value of a property, or undefined when the device has no such property. */
function propertyOf(node: TreeNode, prop: string, tellsMoids: boolean): string | undefined {
  switch (prop) {
    case 'ACL':
      return node.acl;
    case 'Format':
      return node.definition.format;
    case 'Name':
      return node.name === '.' ? '' : node.name;
    case 'Type':
      return node.children === undefined
        ? (node.definition.mime ?? 'text/plain')
        : tellsMoids
          ? (node.definition.moid ?? '')
          : '';
    case 'Size':
      return node.children === undefined
        ? String(typeof node.value === 'string' ? Buffer.byteLength(node.value) : (node.value?.length ?? 0))
        : undefined;
    default:
      return undefined;
  }
}
