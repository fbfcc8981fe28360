/** Operations by their global ids, as the caller may see them. */
import type { OperationView } from '../management/types';
import { findDeviceByKey, visibleOperation } from './authorize';
import type { RequestContext } from './context';
import { findOperationKey } from './global-id';

/** Null for what is not there, and for what the caller may not see. */
export async function findOperation(id: string, context: RequestContext): Promise<OperationView | null> {
  const key = findOperationKey(id);
  const device = key && (await findDeviceByKey(context, key.device));
  const found = key && device ? await context.services.operations.get(key.device, key.id) : null;
  return found && device ? visibleOperation(context, found, device) : null;
}
