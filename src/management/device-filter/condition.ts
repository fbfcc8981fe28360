/** Which devices: a plain condition that can be stored, asked of one device or of all. */
import type { DmProtocol, Json } from '../../../adapters/adapter';
import type { FilterTree } from '../../../schema/ddf/predicate';

/**
 * - `all` of nothing holds, `any` of nothing does not
 * - `deviceId`: its DevId is one of these; `account`: key of the account
 * - `contact`: its last contact was at or after `since`, or before `before` (ISO 8601); a device that never called fits neither
 * - `object`: some instance of the family fulfils the tree
 */
export type DeviceCondition =
  | { readonly kind: 'all' | 'any'; readonly of: readonly DeviceCondition[] }
  | { readonly kind: 'not'; readonly of: DeviceCondition }
  | { readonly kind: 'deviceId'; readonly in: readonly string[] }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'protocol'; readonly protocol: DmProtocol }
  | { readonly kind: 'contact'; readonly since?: string; readonly before?: string }
  | { readonly kind: 'object'; readonly family: string; readonly tree: FilterTree };

/** Fits every device. */
export const EVERY_DEVICE: DeviceCondition = { kind: 'all', of: [] };

/** Member under which a whole number beyond 2^53−1 stands in JSON. */
const INTEGER = '$integer';

/** As JSON; {@link restoreCondition} is the way back. */
export function storeCondition(condition: DeviceCondition): Json {
  return JSON.parse(
    JSON.stringify(condition, (_key, value: unknown) =>
      typeof value === 'bigint' ? { [INTEGER]: value.toString() } : value,
    ),
  ) as Json;
}

export function restoreCondition(stored: Json): DeviceCondition {
  return JSON.parse(JSON.stringify(stored), (_key, value: unknown) => {
    const integer = typeof value === 'object' && value !== null && INTEGER in value ? value[INTEGER] : undefined;
    return typeof integer === 'string' ? BigInt(integer) : value;
  }) as DeviceCondition;
}
