/**
 * What kind of turn a package makes, by the rules for sessions without identifier or message number: the CONT address
 * that a Package#3 comes to is its number, and an identical Package#1 within ten seconds is the same one again.
 */
import type { Context, Envelope, StoredSession } from '../../adapter';
import { authenticate, type Verdict } from './authenticate';
import { isExpired, machineOf, waitingSession } from './machine';

const SAME_PACKAGE1_MS = 10_000;

export type Turn =
  | { readonly kind: 'refused'; readonly verdict: Extract<Verdict, { ok: false }> }
  /** The stored reply is due again; nothing is executed or kept. */
  | { readonly kind: 'replay'; readonly session: StoredSession }
  /** A Package#1. `known`: its alerts and MOs were taken when it came before. */
  | { readonly kind: 'opens'; readonly by: AcceptedBy; readonly known: boolean }
  | { readonly kind: 'continues'; readonly by: AcceptedBy; readonly session: StoredSession }
  /** A Package#3 to no address that is waited at. */
  | { readonly kind: 'orphan'; readonly by: AcceptedBy };

type AcceptedBy = Extract<Verdict, { ok: true }>['by'];

export function turnOf(envelope: Envelope, context: Context): Turn {
  const verdict = authenticate(envelope, context);
  if (!verdict.ok) return { kind: 'refused', verdict };
  const { by } = verdict;

  if (envelope.opens) {
    const session = context.session;
    if (session === undefined || !isSamePackage1(envelope, session, context.now)) {
      return { kind: 'opens', by, known: false };
    }
    // Where the session was over already there may be work by now, and starting again executes nothing twice.
    const over = session.state.phase !== 'awaiting' || session.lastSha256 !== envelope.sha256;
    return over ? { kind: 'opens', by, known: true } : { kind: 'replay', session };
  }

  if (context.session !== undefined && isSamePackage3(envelope, context.session)) {
    return { kind: 'replay', session: context.session };
  }
  const session = waitingSession(context);
  if (session === undefined || isExpired(session, context.now)) return { kind: 'orphan', by };
  // The main address takes Package#3 too, from clients that refuse CONT: there DevID and credentials tie it.
  const expected = envelope.token === undefined || envelope.token === session.state.token;
  return expected ? { kind: 'continues', by, session } : { kind: 'orphan', by };
}

function isSamePackage1(envelope: Envelope, session: StoredSession, now: number): boolean {
  if (session.state.protocol !== 'DM_2_0' || session.state.messageNo !== 1) return false;
  const { openedBy, openedAt } = machineOf(session.state);
  return openedBy === envelope.sha256 && now - openedAt <= SAME_PACKAGE1_MS;
}

/** Posted to an address whose Package#3 was processed already; the bodies need not be compared. */
export function isSamePackage3(envelope: Envelope, session: StoredSession): boolean {
  if (envelope.opens || envelope.token === undefined || session.state.protocol !== 'DM_2_0') return false;
  const { answered, answeredBy } = machineOf(session.state);
  // The stored reply is that to the package which was processed there, and not to a stray one after it.
  return answered === envelope.token && answeredBy === session.lastSha256;
}
