/** The questions that every resolver asks before it reads or changes anything: may this caller? `src/access/rights.ts` decides. */
import type { Right } from '../access/rights';
import { NEEDED } from '../management/permit';
import { scopedDevice } from '../management/readable';
import { ManagementError, type CommandView, type DeviceView, type OperationView } from '../management/types';
import { familyOf } from '../../schema/ddf/identity';
import type { RequestContext } from './context';

/** Passes or throws FORBIDDEN: on the gateway's own settings a refusal is open. */
export function authorizeGateway({ rights, caller }: RequestContext, right: Right): void {
  if (!rights.onGateway(right)) throw lacking(caller.name, right);
}

/** A device that the caller may know of; null for one that is not there, and for one that is hidden. */
export async function findDevice(context: RequestContext, deviceId: string): Promise<DeviceView | null> {
  return visible(context, await context.deviceById(deviceId));
}

export async function findDeviceByKey(context: RequestContext, key: string): Promise<DeviceView | null> {
  return visible(context, await context.deviceByKey(key));
}

function visible({ rights }: RequestContext, device: DeviceView | null): DeviceView | null {
  return device !== null && rights.sees(scopedDevice(device)) ? device : null;
}

/**
 * A device on all of which the caller holds a right. Whoever may not know of it is told what one is told of a device that
 * does not exist.
 */
export async function authorizeDevice(context: RequestContext, right: Right, deviceId: string): Promise<DeviceView> {
  const device = await findDevice(context, deviceId);
  if (device === null) throw noSuchDevice(deviceId);
  if (!context.rights.onDevice(right, scopedDevice(device))) throw lacking(context.caller.name, right);
  return device;
}

/**
 * An operation as the caller may see it, null when not at all: its own, and those of a device that it may read. Results are
 * shown where the right is held that their command needs.
 */
export function visibleOperation(
  { rights, caller }: RequestContext,
  operation: OperationView,
  device: DeviceView,
): OperationView | null {
  if (rights.isAdmin) return operation;
  const scoped = scopedDevice(device);
  if (!rights.sees(scoped)) return null;
  if (operation.caller !== caller.principal && !rights.onDevice('READ', scoped)) return null;
  const isShown = ({ kind, moid, path }: CommandView): boolean =>
    moid === null
      ? rights.onDevice(NEEDED[kind], scoped)
      : rights.at(NEEDED[kind], scoped, { family: familyOf(moid), path });
  const commands = operation.commands.map((command) =>
    isShown(command) ? command : { ...command, result: null, resultMeta: null },
  );
  return { ...operation, commands };
}

export function lacking(name: string, right: Right): ManagementError {
  return new ManagementError('FORBIDDEN', `${name} does not have the right ${right}.`, { right });
}

export function noSuchDevice(deviceId: string): ManagementError {
  return new ManagementError('NOT_FOUND', `There is no device "${deviceId.slice(0, 128)}".`);
}
