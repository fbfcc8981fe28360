/** Operations by their global ids, as the caller may see them. */
import { scopedDevice } from '../management/readable';
import type { OperationView } from '../management/types';
import { findDeviceByKey, visibleOperation } from './authorize';
import type { RequestContext } from './context';
import { findOperationKey } from './global-id';

/** Null for what is not there, and for what the caller may not see. */
export async function findOperation(id: string, context: RequestContext): Promise<OperationView | null> {
  const key = findOperationKey(id);
  const device = key && (await findDeviceByKey(context, key.device));
  if (!key || !device) return null;
  const mayAll = context.rights.onDevice('READ', scopedDevice(device));
  // What others submitted is looked for as what is not there.
  const found = await context.services.operations.get(
    key.device,
    key.id,
    ...(mayAll ? [] : [context.caller.principal]),
  );
  return found && visibleOperation(context, found, device);
}
