/** What every bearer is: something that carries a push to a device which has no session. */

export type BearerKind = 'smpp' | 'pap' | 'udp' | 'webhook' | 'none';

/** A notification as octets, in the forms that bearers carry. */
export interface Push {
  readonly octets: Uint8Array;
  readonly mediaType: string;
  /** The whole connectionless WSP push. */
  readonly wsp: Uint8Array;
  /** That as user data of short messages, header included, in order. */
  readonly sms: readonly Uint8Array[];
}

/** By what a device can be reached. */
export interface Recipient {
  /** DevId. */
  readonly deviceId: string;
  /** `+` and digits. */
  readonly msisdn?: string;
  /** `192.0.2.1`, `192.0.2.1:2948`, `2001:db8::1` or `[2001:db8::1]:2948`. */
  readonly udpAddress?: string;
}

export type BearerOutcome =
  /** The bearer took it; that the device got it is not said. `messageId` is the bearer's, for its records. */
  | { readonly outcome: 'ACCEPTED'; readonly messageId?: string }
  /** It never will: another bearer must be tried. */
  | { readonly outcome: 'REFUSED'; readonly reason: string }
  /** Not now. It may have been sent all the same. */
  | { readonly outcome: 'FAILED'; readonly reason: string };

/** What a bearer told later of something that it had accepted. */
export interface DeliveryReport {
  readonly bearer: string;
  readonly messageId: string;
  readonly isDelivered: boolean;
  /** In the bearer's words. */
  readonly state: string;
}

export interface Bearer {
  /** As the configuration calls it. */
  readonly name: string;
  readonly kind: BearerKind;
  /** Never rejects. `signal` ends it early, as FAILED. */
  send(push: Push, to: Recipient, signal: AbortSignal): Promise<BearerOutcome>;
  /** Gives connections back; what is being sent comes to its end first, within the bearer's time-out. */
  close(): Promise<void>;
}

/** Of every kind, from the configuration. */
export interface BearerLimits {
  readonly ratePerSecond: number;
  /** How long one sending may take. */
  readonly timeoutMs: number;
  /** Sendings of one wake-up before the next bearer is tried. */
  readonly attempts: number;
}

export interface BearerLog {
  debug(detail: object, message: string): void;
  warn(detail: object, message: string): void;
}

export const refused = (reason: string): BearerOutcome => ({ outcome: 'REFUSED', reason });
export const failed = (reason: string): BearerOutcome => ({ outcome: 'FAILED', reason });

/** Short, and without whatever a peer or a library may have put behind a line break. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: unknown } | null)?.code;
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  const told = text === '' && typeof code === 'string' ? code : `${text}${cause}`;
  return told.split(/[\r\n]/, 1)[0]?.slice(0, 200) ?? '';
}
