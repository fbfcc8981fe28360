/**
 * Why a device began its session, and which notification that answers.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.2.2 and 5.4; dm2 sections 3.2 and 4.1.
 */
import type { AccountKnowledge, Context, Effect } from '../../adapter';
import { initiationOf, isInitiation } from '../alerts';
import { notificationName } from '../notification';
import type { AlertItem } from '../package';

/** How long a session that does not say why it began is taken for the answer to a notification. */
const WAKE_UP_WITHIN_MS = 3_600_000;

interface Outstanding {
  readonly at: number;
  readonly sessionNo: number;
}

/** Of the alerts of a Package#1. A NOTIFICATION-ID that no notification had, or that was answered, is noted and no more. */
export function initiationEffects(alerts: readonly AlertItem[], { account, now }: Context): readonly Effect[] {
  const { kind, notificationId } = initiationOf(alerts);
  if (kind === 'bootstrap') return [{ kind: 'bootstrapCompleted' }];
  // Its own initiative, said so.
  if (kind === 'client' && alerts.some(isInitiation)) return [];

  const outstanding = outstandingOf(account);
  const last = outstanding.at(-1);
  if (kind === 'client') return last !== undefined && now - last.at <= WAKE_UP_WITHIN_MS ? [answered(last)] : [];
  if (notificationId === undefined) return last === undefined ? [] : [answered(last)];
  const one = outstanding.find(({ sessionNo }) => sessionNo === notificationId);
  if (one !== undefined) return [answered(one)];
  return [{ kind: 'noted', what: `no notification ${notificationName(notificationId)} is waiting for an answer` }];
}

/** Oldest first. */
function outstandingOf(account: AccountKnowledge | undefined): readonly Outstanding[] {
  const { notified, notifiedBefore = [] } = account ?? {};
  if (notified?.sessionNo === undefined) return notifiedBefore;
  return [...notifiedBefore, { at: notified.at, sessionNo: notified.sessionNo }];
}

function answered({ sessionNo }: Outstanding): Effect {
  return { kind: 'wakeUpAnswered', match: notificationName(sessionNo), sessionNo };
}
