/** Whether a value is one of those that a node's DDF allows. Source: OMA-TS-DM_TND, "Device Description Framework". */
import type { Value } from '../../adapters/adapter';
import { describeAllowed, isAllowedValue, quoteValue } from '../../schema/ddf/check-value';
import type { KnownNode } from '../../schema/ddf/library';
import { ManagementError } from './types';

/** Throws OUT_OF_RANGE for a value that no version of the node allows. What is only text is left to the device. */
export function checkAllowed(data: Value['data'], node: KnownNode, where: string): void {
  if (node.nodes.some((version) => isAllowedValue(version.allowed, data))) return;
  const takes = node.nodes.map((version) => describeAllowed(version.allowed)).at(-1) ?? '';
  throw new ManagementError(
    'OUT_OF_RANGE',
    `${where}: ${quoteValue(data)} is not allowed by the DDF, which takes ${takes}`,
    {
      allowed: takes,
    },
  );
}
