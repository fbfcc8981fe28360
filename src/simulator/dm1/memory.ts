/** What a DM 1.x device keeps between sessions, as JSON. */
import type { Item } from '../../../adapters/dm1/message';
import type { PendingOperation } from '../behaviour';
import type { NodeState } from '../tree';

/** An alert of the device's own: 1226, or 1224 with `event`. */
export interface DeviceAlert {
  readonly type: string;
  readonly event?: boolean;
  readonly format?: string;
  readonly mark?: string;
  readonly source?: string;
  readonly target?: string;
  readonly correlator?: string;
  readonly data: string;
}

export interface Dm1Memory {
  readonly sessionNo: number;
  /** base64; the nonce for the device's next credential. */
  readonly clientNonce?: string;
  /** base64; the nonce for the server's next credential. */
  readonly serverNonce?: string;
  readonly pending: readonly PendingOperation[];
  readonly alerts: readonly DeviceAlert[];
  readonly tree: NodeState;
}

export function alertItem(alert: DeviceAlert): Item {
  return {
    ...(alert.target === undefined ? {} : { target: { locUri: alert.target } }),
    ...(alert.source === undefined ? {} : { source: { locUri: alert.source } }),
    meta: {
      format: alert.format ?? 'chr',
      type: alert.type,
      ...(alert.event === true ? {} : { mark: alert.mark ?? 'informational' }),
    },
    data: { kind: 'text', text: alert.data },
  };
}
