/** Rules in the middle's words: what follows by itself from what a device reports. */
import type { Rights } from '../../access/rights';
import type { DeviceCondition } from '../device-filter/condition';
import type { Caller, CommandInput, Page } from '../types';

/** All that is given must hold. */
export interface Trigger {
  /** Types of events. */
  readonly events: readonly string[];
  /** Of an alert: its type, its mark in small letters, the management object that it is about. */
  readonly alertType?: string;
  readonly mark?: string;
  readonly moid?: string;
  readonly family?: string;
}
export interface Action {
  /** Of an operation on the device, as the maker gave them; none: no operation. */
  readonly commands: readonly CommandInput[];
  readonly expiresInMs: number;
  readonly addTags: readonly string[];
  readonly removeTags: readonly string[];
}
/** On one device: not again within `debounceMs`, and at most `count` times in any `perMs`. */
export interface Pace {
  readonly debounceMs: number;
  readonly count: number;
  readonly perMs: number;
}

/** A rule as turns go by it. */
export interface LiveRule {
  readonly id: string;
  readonly trigger: Trigger;
  readonly action: Action;
  readonly pace: Pace;
  readonly condition: DeviceCondition;
  /** Of its maker; null: nobody any more. */
  readonly rights: Rights | null;
}

export interface CreateRule {
  readonly name: string;
  readonly enabled?: boolean;
  readonly condition?: DeviceCondition;
  readonly trigger: Partial<Omit<Trigger, 'family'>>;
  readonly action: Partial<Action>;
  readonly pace?: Partial<Pace>;
}
/** What is left out stays. */
export type UpdateRule = Partial<CreateRule>;

export interface RuleView {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  /** Principal of its maker. */
  readonly caller: string;
  readonly trigger: Trigger;
  readonly action: Action;
  readonly pace: Pace;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** src/management/rules/rules.ts: each caller has its own rules, an administrator all. */
export interface Rules {
  /** Errors: BAD_USER_INPUT, LIMIT_COMMANDS, LIMIT_VALUE_SIZE, and those of judging the commands for any device. */
  create(input: CreateRule, caller: Caller): Promise<RuleView>;
  /** Errors: as of `create`, NOT_FOUND. */
  update(id: string, changes: UpdateRule, caller: Caller): Promise<RuleView>;
  /** Errors: NOT_FOUND. */
  delete(id: string, caller: Caller): Promise<RuleView>;
  get(id: string, caller: Caller): Promise<RuleView | null>;
  /** The latest first. */
  list(caller: Caller, first: number, after?: string): Promise<Page<RuleView>>;
}
