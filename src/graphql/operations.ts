/** Operations by their global ids, as the caller may see them. */
import type { Operations, OperationView } from '../management/types';
import { findDeviceByKey, visibleOperation } from './authorize';
import type { RequestContext } from './context';
import { findOperationKey } from './global-id';
import { gathered } from './loaders';

/** Null for what is not there, and for what the caller may not see. */
export async function findOperation(id: string, context: RequestContext): Promise<OperationView | null> {
  const key = findOperationKey(id);
  const device = key && (await findDeviceByKey(context, key.device));
  const found = key && device ? await operationByKey(context, key.device, key.id) : null;
  return found && device ? visibleOperation(context, found, device) : null;
}

/** Whether or not the caller may see it. */
export function operationByKey(context: RequestContext, device: string, id: string): Promise<OperationView | null> {
  return gathered(context, load).load({ device, id });
}

const load = (
  keys: Parameters<Operations['getMany']>[0],
  { services }: RequestContext,
): ReturnType<Operations['getMany']> => services.operations.getMany(keys);
