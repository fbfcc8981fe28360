/**
 * What executable nodes do, for both protocols: at once, or accepted and reported later by a generic alert.
 * Source: mo-catalog (FUMO, SCOMO); dm1 18; dm2 5 (EXEC), 11.2, A.1.
 */
import { MOID } from './standard-tree';
import type { Stored } from './definition';
import type { DeviceTree, Path } from './tree';

/** An accepted Exec whose end has not been reported. JSON. */
export interface PendingOperation {
  readonly alertType: string;
  /** Node that was executed. */
  readonly executed: Path;
  /** Node that the alert names: the FUMO instance, the SCOMO operation. */
  readonly source: Path;
  readonly target?: Path;
  readonly correlator?: string;
  /** DM 2.0: where the report is wanted. */
  readonly reportTo?: string;
  readonly resultCode: number;
  /** SCOMO: the component. */
  readonly identifier?: string;
}

export type ExecOutcome =
  { readonly kind: 'done' } | { readonly kind: 'accepted'; readonly operation: PendingOperation };

export interface ExecRequest {
  readonly path: Path;
  readonly argument?: Stored;
  readonly correlator?: string;
  readonly reportTo?: string;
  /** Result to report in place of success; see the codes of the MO. */
  readonly resultCode?: number;
}

const FUMO_STATE = {
  downloading: '30',
  downloaded: '40',
  updating: '60',
  downloadFailed: '20',
  updateFailed: '80',
  updated: '90',
} as const;

/** The MO instance that holds a path, and the path below its root. */
function instanceOf(
  tree: DeviceTree,
  path: Path,
): { readonly moid: string; readonly root: Path; readonly below: Path } | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const moid = tree.find(path.slice(0, length))?.definition.moid;
    if (moid !== undefined) return { moid, root: path.slice(0, length), below: path.slice(length) };
  }
  return undefined;
}

/** Starts what a node stands for. The node is known to be executable. */
export function execute(tree: DeviceTree, request: ExecRequest): ExecOutcome {
  const place = instanceOf(tree, request.path);
  const common = {
    executed: request.path,
    ...(request.correlator === undefined ? {} : { correlator: request.correlator }),
    ...(request.reportTo === undefined ? {} : { reportTo: request.reportTo }),
  };
  if (place?.moid === MOID.fumo)
    return { kind: 'accepted', operation: { ...common, ...startFumo(tree, place.root, request) } };
  if (place?.moid === MOID.scomo) return { kind: 'accepted', operation: { ...common, ...startScomo(tree, request) } };
  if (place?.moid === MOID.meter) tree.replace([...place.root, 'Interval'], { value: '15' }, undefined);
  // A node without a behaviour of its own ends at once, or as asynchronously as the server wants it.
  if (request.reportTo === undefined) return { kind: 'done' };
  return {
    kind: 'accepted',
    operation: {
      ...common,
      alertType: 'com.acme.device.operationcomplete',
      source: request.path,
      resultCode: request.resultCode ?? 1200,
    },
  };
}

function startFumo(tree: DeviceTree, root: Path, request: ExecRequest): Omit<PendingOperation, 'executed'> {
  const name = request.path.at(-1) ?? '';
  set(tree, [...root, 'State'], name === 'Update' ? FUMO_STATE.updating : FUMO_STATE.downloading);
  const url = text(tree, [...request.path, 'PkgURL']);
  const good = name === 'Update' || /^https?:\/\/[^\s/]+/.test(url);
  return {
    alertType: `org.openmobilealliance.dm.firmwareupdate.${name.toLowerCase()}`,
    source: root,
    resultCode: request.resultCode ?? (good ? 200 : 411),
  };
}

function startScomo(tree: DeviceTree, request: ExecRequest): Omit<PendingOperation, 'executed'> {
  const component = request.path.slice(0, -2);
  const name = request.path.at(-1) ?? '';
  const busy: Record<string, string> = {
    Remove: '30',
    Activate: '50',
    Deactivate: '70',
    Install: '40',
    InstallInactive: '40',
  };
  set(tree, [...component, 'Status'], busy[name] ?? '30');
  const identifier = text(tree, [...component, 'ID']) || text(tree, [...component, 'PkgID']);
  const target = name.includes('Install')
    ? [...scomoRoot(component), 'Inventory', 'Deployed', `${component.at(-1) ?? 'x'}-app`]
    : component;
  return {
    alertType: 'urn:oma:at:scomo:1.0:OperationComplete',
    source: request.path,
    target,
    identifier,
    resultCode: request.resultCode ?? 1200,
  };
}

/** Brings an accepted operation to its end: the tree then shows what the alert is going to say. */
export function complete(tree: DeviceTree, operation: PendingOperation): void {
  const place = instanceOf(tree, operation.executed);
  if (place?.moid === MOID.fumo) endFumo(tree, place.root, operation);
  if (place?.moid === MOID.scomo) endScomo(tree, operation);
}

function endFumo(tree: DeviceTree, root: Path, { executed, resultCode }: PendingOperation): void {
  const name = executed.at(-1) ?? '';
  const good = resultCode >= 200 && resultCode < 300;
  if (name === 'Download')
    return set(tree, [...root, 'State'], good ? FUMO_STATE.downloaded : FUMO_STATE.downloadFailed);
  if (!good)
    return set(tree, [...root, 'State'], name === 'Update' ? FUMO_STATE.updateFailed : FUMO_STATE.downloadFailed);
  set(tree, [...root, 'State'], FUMO_STATE.updated);
  const version = text(tree, [...root, 'PkgVersion']);
  for (const where of [
    ['DevDetail', 'FwV'],
    ['DevInfo', 'FwV'],
  ])
    if (tree.find(where) !== undefined) set(tree, where, version);
}

function endScomo(tree: DeviceTree, operation: PendingOperation): void {
  const component = operation.executed.slice(0, -2);
  const name = operation.executed.at(-1) ?? '';
  const good = operation.resultCode >= 1200 && operation.resultCode < 1300;
  set(tree, [...component, 'Status'], good ? '10' : '20');
  if (!good) return;
  if (name === 'Remove') tree.delete(component, undefined);
  if (name === 'Activate' || name === 'Deactivate')
    set(tree, [...component, 'State'], name === 'Activate' ? '20' : '10');
  if (name === 'Download') deliver(tree, component);
  if (name.includes('Install')) deploy(tree, component, operation, name.endsWith('Inactive'));
}

function deliver(tree: DeviceTree, from: Path): void {
  const to = [...scomoRoot(from), 'Inventory', 'Delivered', from.at(-1) ?? 'x'];
  set(tree, [...from, 'Status'], '40');
  if (!tree.add(to, {}, undefined).ok) return;
  for (const name of ['PkgID', 'Name']) set(tree, [...to, name], text(tree, [...from, name]));
}

function deploy(tree: DeviceTree, from: Path, operation: PendingOperation, inactive: boolean): void {
  const to = operation.target ?? from;
  if (tree.find(to) === undefined && !tree.add(to, {}, undefined).ok) return;
  set(tree, [...to, 'ID'], operation.identifier ?? '');
  set(tree, [...to, 'PkgIDRef'], text(tree, [...from, 'PkgID']));
  set(tree, [...to, 'Name'], text(tree, [...from, 'Name']));
  set(tree, [...to, 'State'], inactive ? '10' : '20');
  if (tree.find([...from, 'State']) !== undefined) set(tree, [...from, 'State'], '20');
}

/** The SCOMO root above `Download/x` or `Inventory/Delivered/x`. */
function scomoRoot(component: Path): Path {
  const at = component.findIndex((name) => name === 'Download' || name === 'Inventory');
  return component.slice(0, at < 0 ? 0 : at);
}

function set(tree: DeviceTree, path: Path, value: string): void {
  tree.replace(path, { value }, undefined);
}

function text(tree: DeviceTree, path: Path): string {
  const value = tree.find(path)?.value;
  return typeof value === 'string' ? value : '';
}
