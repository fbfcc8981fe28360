/** Why an operation is where it is. Pure. */
import type { SituationRow } from '../../store/explain';
import { isEnded } from '../command-state';
import type { CommandView, OperationView } from '../types';
import type { ContactView, OperationExplanationView, OperationReason } from './types';
import { isBarrier } from '../queue';
import { spell } from './words';

/** @param isFamilyKnown whether the device is known to have an object of the family of a command */
export function explainOperation(
  view: OperationView,
  situation: SituationRow,
  contact: ContactView,
  isFamilyKnown: (command: CommandView) => boolean,
  now: number,
): OperationExplanationView {
  const queued = view.commands.find(({ state }) => state === 'QUEUED');
  const barrier = queued !== undefined && isBarrier(queued);
  const { ahead, behind } = aheadOf(view, situation);
  const is = (reason: OperationReason, text: string, isWaiting = false): OperationExplanationView => ({
    reason,
    text: isWaiting ? `${text} ${limitsOf(view, now)}` : text,
    ahead: view.endedAt === null ? ahead : 0,
    behind: view.endedAt === null ? behind : null,
    isBarrier: barrier,
    cancelledBy: view.cancelledBy ?? null,
    contact,
  });
  if (view.endedAt !== null) return is('ENDED', endOf(view));
  if (view.commands.some(({ state }) => state === 'SENT'))
    return is('WAITS_FOR_ANSWER', `The device has ${countOf(view, 'SENT')} and did not answer yet.`, true);
  if (view.commands.some(({ state }) => state === 'ACCEPTED') && (queued === undefined || contact.basis !== 'SESSION'))
    return is('WAITS_FOR_END', `The device accepted ${countOf(view, 'ACCEPTED')} and tells later how it ended.`, true);
  const others = ahead === 0 ? '' : ` ${ahead} ${ahead === 1 ? 'operation comes' : 'operations come'} before it.`;
  if (contact.basis !== 'SESSION')
    return is('WAITS_FOR_SESSION', `It waits for the device to come. ${contact.text}${others}`, true);
  if (situation.isSearching && queued !== undefined && !isFamilyKnown(queued))
    return is('WAITS_FOR_DISCOVERY', `The management objects of the device are being looked for.${others}`, true);
  if (ahead > 0) {
    const alone = barrier ? ' Its next command travels alone, after all before it were answered.' : '';
    return is('WAITS_BEHIND', `The device is in a session.${others}${alone}`, true);
  }
  return is('TRAVELS_NEXT', 'The device is in a session and gets it with the next message.', true);
}

/** Higher priority first, then age; what runs stands at its place all the same, for it holds up what follows. */
function aheadOf(
  { id, priority }: OperationView,
  { queue, more }: SituationRow,
): { readonly ahead: number; readonly behind: string | null } {
  const isBefore = (other: SituationRow['queue'][number]): boolean =>
    other.priority > priority || (other.priority === priority && BigInt(other.id) < BigInt(id));
  const before = queue.filter(isBefore);
  const isBeyond = more > 0 && !queue.some((one) => one.id === id);
  return { ahead: before.length + (isBeyond ? more : 0), behind: before.at(-1)?.id ?? null };
}

function countOf({ commands }: OperationView, state: CommandView['state']): string {
  const count = commands.filter((command) => command.state === state).length;
  return count === 1 ? 'a command of it' : `${count} commands of it`;
}

function limitsOf({ expiresAt, cancelRequestedAt, cancelledBy }: OperationView, now: number): string {
  const left = expiresAt.getTime() - now;
  const expiry =
    left > 0 ? `What is not sent within ${spell(left)} expires.` : 'Its time is over: what is not sent expires now.';
  if (cancelRequestedAt === null) return expiry;
  return `${by(cancelledBy)} asked that it stops; what the device has is waited for.`;
}

function by(principal: string | null | undefined): string {
  return principal ?? 'Somebody';
}

function endOf({ state, commands, cancelledBy }: OperationView): string {
  const bad = commands.find(({ outcome, state: own }) =>
    state === 'IN_DOUBT' ? own === 'IN_DOUBT' : outcome !== null && outcome !== 'OK',
  );
  const where = bad === undefined ? '' : ` Command ${bad.position + 1} (${bad.kind})`;
  switch (state) {
    case 'SUCCEEDED':
      return 'It ended: every command was answered well.';
    case 'FAILED':
      return `It ended.${where}: ${bad?.outcome ?? 'no outcome'}${bad?.error == null ? '' : `, ${bad.error}`}.`;
    case 'IN_DOUBT':
      return `It ended in doubt.${where}: ${bad?.error ?? 'its answer was lost'}.`;
    case 'CANCELLED':
      return `${by(cancelledBy)} cancelled it${commands.some(({ state: own }) => own === 'ANSWERED') ? ' when the device had a part of it' : ' before the device got it'}.`;
    case 'EXPIRED':
      return 'It expired: the device did not come in time.';
    case 'SUPERSEDED':
      return 'It was not sent: a newer operation writes the same.';
    default:
      return commands.every((command) => isEnded(command.state)) ? 'It ended.' : 'It ends now.';
  }
}
