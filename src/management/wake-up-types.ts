/** Wake-ups as callers and other parts of the middle see them. */
import type { Bearer, BearerLimits, DeliveryReport } from '../bearers/bearer';
import type { Sql } from '../store/sql';
import type { Caller, Page } from './types';

/** The bearers of the configuration. */
export interface BearerPorts {
  find(name: string): { readonly bearer: Bearer; readonly limits: BearerLimits } | undefined;
  /** Without `none`. */
  readonly names: readonly string[];
}

/** What bearers an account or a device may name, and where datagrams may go. */
export interface BearerRules {
  isBearer(name: string): boolean;
  /** Undefined: nothing. */
  objectionToUdpAddress(address: string): string | undefined;
}

export type WakeUpState = 'DUE' | 'SENT' | 'ANSWERED' | 'FAILED' | 'CANCELLED';

export interface WakeUpAttemptView {
  readonly at: Date;
  readonly bearer: string;
  readonly outcome: 'ACCEPTED' | 'REFUSED' | 'FAILED';
  readonly tookMs: number;
  readonly messageId: string | null;
  readonly reason: string | null;
  readonly isDelivered: boolean | null;
  readonly report: string | null;
  readonly reportedAt: Date | null;
}
export interface WakeUpView {
  readonly id: string;
  readonly device: string;
  readonly state: WakeUpState;
  readonly askedBy: string | null;
  readonly bearers: readonly string[];
  readonly createdAt: Date;
  /** When it is sent next; null: not any more. */
  readonly dueAt: Date | null;
  readonly endedAt: Date | null;
  /** From the last sending that a bearer accepted until the device came. */
  readonly latencyMs: number | null;
  readonly attempts: readonly WakeUpAttemptView[];
}

/** A page of a device's wake-ups. */
export interface WakeUpsOf {
  readonly device: string;
  readonly first: number;
  readonly after?: string | undefined;
}

/** src/management/wake-ups.ts */
export interface WakeUps {
  /**
   * Makes a wake-up due for each of these devices (keys), as far as it has no wake-up under way and some bearer, in the
   * transaction that stored their work and after it. Whoever commits calls `kick`; if he dies before, the timer of any
   * process sends what is due.
   *
   * @returns bearers to kick
   */
  within(tx: Sql, devices: readonly string[]): Promise<readonly string[]>;
  /** Sends what is due by these bearers, as far as it may be sent at once. Waits for none. */
  kick(bearers: readonly string[]): void;
  /** Both, after the commit: for whoever may do without. Never rejects: polling is the safety net. */
  wake(devices: readonly string[]): Promise<void>;
  /** Wakes a device although no work waits; one under way begins anew. Errors: BAD_USER_INPUT without a bearer. */
  wakeDevice(device: { readonly key: string; readonly deviceId: string }, caller: Caller): Promise<WakeUpView>;
  /** The last one first. */
  list(device: string, first: number, after?: string): Promise<Page<WakeUpView>>;
  /** Of several devices by a number of statements that does not depend on theirs. */
  listMany(requests: readonly WakeUpsOf[]): Promise<readonly Page<WakeUpView>[]>;
  reported(report: DeliveryReport): Promise<void>;
  /** Sends what is due: called by the timer. Waits for no bearer. */
  run(): Promise<void>;
  /** Resolves when nothing is being sent here; for tests. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** For whoever stores operations. */
export type WakeUpsOfWork = Pick<WakeUps, 'within' | 'kick'>;
