/** Whether a value is one of those that a node's DDF allows. Source: OMA-TS-DM_TND, "Device Description Framework". */
import type { Value } from '../../adapters/adapter';
import type { KnownNode } from '../../schema/ddf/library';
import type { AllowedValues } from '../../schema/ddf/model';
import { ManagementError } from './types';

/** How many values a message lists. */
const LISTED = 20;

/**
 * Throws OUT_OF_RANGE for a value that no version of the node allows. Patterns, flags and what is only text are left to
 * the device.
 */
export function checkAllowed(data: Value['data'], node: KnownNode, where: string): void {
  if (node.nodes.some((version) => isAllowed(data, version.allowed))) return;
  const takes = node.nodes.map((version) => describe(version.allowed)).at(-1) ?? '';
  const given = typeof data === 'string' ? JSON.stringify(data.slice(0, 60)) : String(data);
  throw new ManagementError('OUT_OF_RANGE', `${where}: ${given} is not allowed by the DDF, which takes ${takes}`, {
    allowed: takes,
  });
}

function isAllowed(data: Value['data'], allowed: AllowedValues | undefined): boolean {
  switch (allowed?.kind) {
    case 'enum':
      return isListed(data, allowed);
    case 'range':
      return isInRange(data, allowed.ranges);
    default:
      return true;
  }
}

function isListed(data: Value['data'], allowed: Extract<AllowedValues, { kind: 'enum' }>): boolean {
  if (typeof data !== 'string' && typeof data !== 'number' && typeof data !== 'bigint' && typeof data !== 'boolean')
    return true;
  const values = allowed.values.map((entry) => entry.value);
  const given = allowed.delimiter ? String(data).split(allowed.delimiter) : [String(data)];
  const isNumber = typeof data === 'number' || typeof data === 'bigint';
  return given.every((one) =>
    values.some((value) => value === one || (isNumber && integerOf(value) === integerOf(one))),
  );
}

function isInRange(data: Value['data'], ranges: Extract<AllowedValues, { kind: 'range' }>['ranges']): boolean {
  if (typeof data !== 'number' && typeof data !== 'bigint') return true;
  return ranges.some(({ min, max }) => (min === undefined || data >= min) && (max === undefined || data <= max));
}

/** DDFs write integers in decimal, or in hexadecimal after 0x. NaN where a text is no integer: it equals nothing. */
function integerOf(text: string): bigint | number {
  const bare = text.trim();
  return /^(-?\d{1,20}|0x[0-9a-f]{1,16})$/i.test(bare) ? BigInt(bare) : Number.NaN;
}

function describe(allowed: AllowedValues | undefined): string {
  switch (allowed?.kind) {
    case 'enum': {
      const values = allowed.values.slice(0, LISTED).map((entry) => entry.value);
      return values.join(', ') + (allowed.values.length > LISTED ? ', …' : '');
    }
    case 'range':
      return allowed.ranges.map(({ min, max }) => `${min ?? ''}..${max ?? ''}`).join(', ');
    default:
      return 'anything';
  }
}
