/**
 * HTTP answers. Every one of them has a JSON body, since there are clients that parse it whatever the status is.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.1.1 and 5.5.
 */
import type { Context, Envelope, Wire } from '../../adapter';
import { basicChallenge, digestChallenge, makeDigestNonce } from '../../http/auth';
import { MEDIA_TYPES, type Package2 } from '../package';
import { encodePackage2 } from '../package-codec';

const END: Package2 = { commands: [['END']] };
/** MO data, and the bare value of one leaf in its own type. */
export const UPLOAD_TYPES = `${MEDIA_TYPES.moJson}, text/plain, application/octet-stream, */*;q=0.1`;
const ACCEPTED_TYPES = [MEDIA_TYPES.initiation, MEDIA_TYPES.response, MEDIA_TYPES.multipart].join(', ');

/** @param uploads whether to tell the types that the repository takes */
export function packageWire(commands: Package2, uploads = false): Wire {
  return {
    status: 200,
    headers: {
      'content-type': MEDIA_TYPES.request,
      'cache-control': 'no-store',
      ...(uploads ? { 'omadm-accept': UPLOAD_TYPES } : {}),
    },
    body: encodePackage2(commands),
  };
}

export function endWire(): Wire {
  return packageWire(END);
}

/** A refusal on the HTTP level; 415 tells the types that are taken, 405 the method. */
export function refusalWire(
  status: 400 | 401 | 403 | 405 | 406 | 415 | 503,
  headers: Record<string, string> = {},
): Wire {
  const extra: Record<string, string> =
    status === 415 ? { 'omadm-accept': ACCEPTED_TYPES } : status === 405 ? { allow: 'POST' } : {};
  const end = endWire();
  return { status, headers: { ...end.headers, ...extra, ...headers }, body: end.body };
}

/** Whether Basic credentials may travel here. */
export function basicAllowed(envelope: Envelope, context: Context): boolean {
  const { peer } = envelope.inbound;
  return peer.secure || peer.loopback || context.allowInsecureBasic;
}

/** 401 with the same challenges for everybody; only the realm is the account's own. Digest first, as the stronger. */
export function challengeWire(envelope: Envelope, context: Context, stale: boolean): Wire {
  const realm = realmOf(context);
  const digest = digestChallenge(realm, makeDigestNonce(context.digestKey, context.now), stale);
  const challenges = basicAllowed(envelope, context) ? `${digest}, ${basicChallenge(realm)}` : digest;
  return refusalWire(401, { 'www-authenticate': challenges });
}

function realmOf(context: Context): string {
  const account = context.device === undefined ? undefined : context.account;
  return account?.serverId ?? context.defaultServerId;
}
