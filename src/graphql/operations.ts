/** Operations by their global ids, as the caller may see them. */
import { scopedDevice } from '../management/readable';
import type { Operations, OperationView } from '../management/types';
import { findDeviceByKey, visibleOperation } from './authorize';
import type { RequestContext } from './context';
import { findOperationKey } from './global-id';
import { gathered } from './loaders';

/** Null for what is not there, and for what the caller may not see. */
export async function findOperation(id: string, context: RequestContext): Promise<OperationView | null> {
  const key = findOperationKey(id);
  const device = key && (await findDeviceByKey(context, key.device));
  if (!key || !device) return null;
  // What others submitted is looked for as what is not there.
  const mayAll = context.rights.onDevice('READ', scopedDevice(device));
  const found = await operationByKey(context, key.device, key.id, mayAll ? undefined : context.caller.principal);
  return found && visibleOperation(context, found, device);
}

/**
 * Whether or not the caller may see it.
 *
 * @param ofCaller whose it must be; absent: anybody's
 */
export function operationByKey(
  context: RequestContext,
  device: string,
  id: string,
  ofCaller?: string,
): Promise<OperationView | null> {
  return gathered(context, load).load({ device, id, ofCaller });
}

const load = (
  keys: Parameters<Operations['getMany']>[0],
  { services }: RequestContext,
): ReturnType<Operations['getMany']> => services.operations.getMany(keys);
