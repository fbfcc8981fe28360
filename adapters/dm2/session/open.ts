/**
 * From an HTTP request to a package that says who claims to send it.
 * Source: OMA-TS-DM_Protocol-V2_0, 5.1.1 (headers), 5.5 (content negotiation).
 */
import { createHash } from 'node:crypto';

import type { Envelope, Inbound, Wire } from '../../adapter';
import { parseAuthorization } from '../../http/auth';
import { accepts, parseMediaType } from '../../http/media-type';
import { MEDIA_TYPES, type Package1, type Package3 } from '../package';
import { decodePackage1, decodePackage3 } from '../package-codec';
import { refusalWire } from './wires';

/** What an envelope of this adapter holds. */
export type Dm2Message =
  { readonly package: 1; readonly content: Package1 } | { readonly package: 3; readonly content: Package3 };

const DEVICE = /^[\x21-\x7e]{1,255}$/;

export type Opened = { readonly envelope: Envelope } | { readonly refusal: Wire; readonly reason: string };

export function openPackage(inbound: Inbound): Opened {
  if (inbound.method !== 'POST') return refuse(405, 'the method is not POST');
  const contentType = inbound.headers['content-type'] ?? '';
  const type = parseMediaType(contentType).type;
  const first = type === MEDIA_TYPES.initiation;
  if (!first && type !== MEDIA_TYPES.response && type !== MEDIA_TYPES.multipart) {
    return refuse(415, 'the Content-Type is none of a package from a client');
  }
  if (!accepts(inbound.headers['accept'], MEDIA_TYPES.request)) return refuse(406, 'Accept forbids a Package#2');
  const device = (inbound.headers['omadm-devid'] ?? '').trim();
  if (!DEVICE.test(device)) return refuse(400, 'OMADM-DevID is missing or no device identifier');

  const read = first ? decodePackage1(inbound.body) : decodePackage3(contentType, inbound.body);
  if (!read.ok) return refuse(400, read.message);
  const message = { package: first ? 1 : 3, content: read.value };
  const user = parseAuthorization(inbound.headers['authorization'])?.username ?? inbound.peer.pskIdentity;
  return {
    envelope: {
      device,
      ...(user === undefined ? {} : { user }),
      ...(inbound.token === undefined ? {} : { token: inbound.token }),
      opens: first,
      final: true,
      sha256: createHash('sha256').update(inbound.body).digest('hex'),
      protocol: 'DM_2_0',
      message,
      inbound,
    },
  };
}

function refuse(status: 400 | 405 | 406 | 415, reason: string): Opened {
  return { refusal: refusalWire(status), reason };
}

/** The message of an envelope that {@link openPackage} made. */
export function messageOf(envelope: Envelope): Dm2Message {
  return envelope.message as Dm2Message;
}
