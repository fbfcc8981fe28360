/** Which rules something triggers that happened on a device: pure. The device itself is looked at when one is. */
import { familyOf } from '../../../schema/ddf/identity';
import type { AlertRow } from '../../store/turn-apply';
import type { LiveRule, Trigger } from './types';

export interface Happening {
  /** Type of the event. */
  readonly type: string;
  readonly alert?: Pick<AlertRow, 'type' | 'mark' | 'source'>;
}

/** What a turn brought, as it is matched: an alert by itself, other events by their types. */
export function happeningsOf(
  alerts: readonly AlertRow[],
  events: readonly { readonly type: string }[],
): readonly Happening[] {
  const others = new Set(events.map(({ type }) => type).filter((type) => type !== 'alertRaised'));
  return [...alerts.map((alert) => ({ type: 'alertRaised', alert })), ...[...others].map((type) => ({ type }))];
}

export function fits(trigger: Trigger, { type, alert }: Happening): boolean {
  if (!trigger.events.includes(type)) return false;
  if (trigger.alertType !== undefined && trigger.alertType !== alert?.type) return false;
  if (trigger.mark !== undefined && trigger.mark !== alert?.mark.toLowerCase()) return false;
  return trigger.family === undefined || trigger.family === spotOf(alert?.source)?.family;
}

/** Rules with what triggers them, each once. */
export function triggered(
  rules: readonly LiveRule[],
  happenings: readonly Happening[],
): ReadonlyMap<string, Happening> {
  return new Map(
    rules.flatMap(({ id, trigger }) => {
      const first = happenings.find((happening) => fits(trigger, happening));
      return first === undefined ? [] : [[id, first] as const];
    }),
  );
}

/** The node that an alert is about, where that is one of a management object. */
export function spotOf(source: unknown): { readonly family: string; readonly path: string } | undefined {
  if (source === null || typeof source !== 'object' || !('moid' in source)) return undefined;
  const { moid, path } = source as { readonly moid: unknown; readonly path?: unknown };
  if (typeof moid !== 'string') return undefined;
  return { family: familyOf(moid), path: typeof path === 'string' ? path : '' };
}
