/** What explanations tell. */
import type { ErrorCode } from '../types';

/** What would become of a command if it were submitted now. */
export type Judgement =
  'WILL_BE_SENT' | 'ALREADY_EQUAL' | 'FORBIDDEN' | 'NOT_IN_DDF' | 'LACKS_FEATURE' | 'NO_SUCH_OBJECT' | 'BAD_VALUE';

/** Who or what speaks against it. */
export type Objector =
  | 'GRANTS'
  | 'DELEGATION'
  | 'DDF'
  /** DM 1.x, as last seen. */
  | 'ACL'
  /** DM 2.0, as last seen. */
  | 'ACCESS_CONTROL'
  | 'PROTOCOL'
  /** Learned of this device. */
  | 'FEATURE';

/** A command of a dry run, judged. */
export interface Verdict {
  readonly judgement: Judgement;
  readonly by: Objector | null;
  /** Of the error by which the operation would be refused; null: it would be queued. */
  readonly code: ErrorCode | null;
  readonly message: string;
  /** How old what it rests on is: ACLs, access rights, stored values, features. Null: on nothing that was seen. */
  readonly seenAt: Date | null;
}

/** By what a device is expected to come. */
export type ContactBasis = 'SESSION' | 'WAKE_UP' | 'POLLING' | 'NEVER_SEEN' | 'UNKNOWN';

export interface ContactView {
  readonly basis: ContactBasis;
  readonly lastContactAt: Date | null;
  /** Median between the beginnings of its last sessions; null where there are too few. */
  readonly usualIntervalMs: number | null;
  /** From now; null where nothing tells. 0: it is there. */
  readonly expectedWaitMs: number | null;
  /** By which it would be woken, and is; null: by none. */
  readonly bearer: string | null;
  /** Median of how long it took to come after a bearer took its wake-up. */
  readonly wakeUpLatencyMs: number | null;
  readonly lastWakeUp: WakeUpSummary | null;
  readonly text: string;
}

export interface WakeUpSummary {
  readonly state: 'DUE' | 'SENT' | 'ANSWERED' | 'FAILED' | 'CANCELLED';
  readonly bearer: string;
  readonly at: Date;
  readonly endedAt: Date | null;
}

export type OperationReason =
  | 'ENDED'
  | 'WAITS_FOR_ANSWER'
  | 'WAITS_FOR_END'
  | 'WAITS_BEHIND'
  | 'WAITS_FOR_DISCOVERY'
  | 'WAITS_FOR_SESSION'
  | 'TRAVELS_NEXT';

export interface OperationExplanationView {
  readonly reason: OperationReason;
  readonly text: string;
  /** Operations that the device gets before this one. */
  readonly ahead: number;
  /** The next of them: its key. */
  readonly behind: string | null;
  /** Whether the first command of this one that waits travels alone. */
  readonly isBarrier: boolean;
  readonly cancelledBy: string | null;
  readonly contact: ContactView;
}

export interface ReadQuestion {
  readonly moid: string;
  readonly miid?: string | null;
  readonly path?: string | null;
  readonly maxAgeMs?: number | null;
}

export type ReadSource = 'STORED' | 'SESSION' | 'NOT_THERE' | 'FORBIDDEN';

export interface ReadExplanationView {
  readonly moid: string;
  readonly miid: string | null;
  readonly path: string;
  readonly source: ReadSource;
  readonly observedAt: Date | null;
  readonly ageMs: number | null;
  readonly text: string;
}

export interface DeviceExplanationView {
  readonly reads: readonly ReadExplanationView[];
  readonly needsSession: boolean;
  /** Operations that wait for the device, and are taken before a new one. */
  readonly ahead: number;
  readonly contact: ContactView;
  readonly text: string;
}

/** src/management/explain/explanations.ts */
export interface Explanations {
  /** Of each operation, in the order of the keys; null where there is none. */
  operations(
    keys: readonly { readonly device: string; readonly id: string }[],
  ): Promise<readonly (OperationExplanationView | null)[]>;
  /** How things stand between the gateway and each device. */
  contacts(devices: readonly string[]): Promise<readonly { readonly contact: ContactView; readonly ahead: number }[]>;
}
