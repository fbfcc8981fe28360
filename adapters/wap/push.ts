/**
 * What carries a notification or a bootstrap document to a device that has no session: a connectionless WSP push, and
 * that as user data of short messages. Source: WAP-230-WSP, 8.2.4 (Push); WAP-259-WDP; 3GPP TS 23.040, 9.2.3.24.
 */
import type { Bytes } from '../adapter';

/** Port of the connectionless push client (WDP), and the one that pushes come from. */
const PUSH_PORT = 2948;
const SOURCE_PORT = 49154;
/** Octets of user data in one short message of 8-bit data. */
export const SMS_OCTETS = 140;
const MOST_PARTS = 255;
/** Octets of user data that a part of several has beside its header. */
const PART_OCTETS = SMS_OCTETS - 12;
/** Octets of the longest push that short messages carry. */
export const SMS_OCTETS_MOST = MOST_PARTS * PART_OCTETS;
/** Value lengths up to this are one octet; longer ones follow the quote. */
const SHORT_LENGTH_MAX = 30;
const LENGTH_QUOTE = 0x1f;

/** mb_u_int32 of WSP: groups of seven bits, the highest bit set on all but the last. */
export function uintvar(value: number): Bytes {
  const octets = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) octets.unshift(0x80 | (rest & 0x7f));
  return Uint8Array.from(octets);
}

/** A content type with parameters: its length before it. */
export function withLength(value: Bytes): Bytes {
  const length = value.length <= SHORT_LENGTH_MAX ? [value.length] : [LENGTH_QUOTE, ...uintvar(value.length)];
  return concat(Uint8Array.from(length), value);
}

/** Text of a header as WSP writes it: its octets and a NUL. */
export function wspText(text: string): Bytes {
  return Buffer.from(`${text}\0`, 'latin1');
}

/**
 * A push: transaction id 1 (any will do), type 06, length of the headers, content type and other headers, body.
 *
 * @param headers content type first
 */
export function wspPush(headers: Bytes, body: Bytes): Bytes {
  return concat(Uint8Array.of(0x01, 0x06), uintvar(headers.length), headers, body);
}

/**
 * User data of the short messages that carry a push: one with the ports alone where it fits, else parts that a phone
 * joins (concatenation with an 8-bit reference).
 *
 * @param reference tells the parts of one push from those of another, 0 to 255
 * Throws RangeError for a push beyond 255 parts (32,640 octets), which no bearer takes.
 */
export function smsUserData(push: Bytes, reference = 0): readonly Bytes[] {
  const ports = [0x05, 0x04, PUSH_PORT >> 8, PUSH_PORT & 0xff, SOURCE_PORT >> 8, SOURCE_PORT & 0xff];
  const header = (...elements: readonly number[]): Bytes => Uint8Array.of(elements.length, ...elements);
  const alone = header(...ports);
  if (alone.length + push.length <= SMS_OCTETS) return [concat(alone, push)];

  const room = PART_OCTETS;
  const count = Math.ceil(push.length / room);
  if (count > MOST_PARTS) throw new RangeError(`a push of ${push.length} octets fits into no short messages`);
  return Array.from({ length: count }, (_, index) =>
    concat(
      header(...ports, 0x00, 0x03, reference & 0xff, count, index + 1),
      push.subarray(index * room, (index + 1) * room),
    ),
  );
}

function concat(...pieces: readonly Bytes[]): Bytes {
  return new Uint8Array(Buffer.concat(pieces));
}

const PUSH = 0x06;
/** X-Wap-Application-Id as a well-known header, and the application of device management as a short integer. */
const APPLICATION_HEADER = 0xaf;
const APPLICATION_DM = 0x87;

/**
 * The body of a connectionless push for device management; undefined for any other datagram. The content type is not looked
 * at: whoever reads the body sees what it is.
 */
export function readDmPush(octets: Bytes): Bytes | undefined {
  if (octets.length < 3 || octets[1] !== PUSH) return undefined;
  let length = 0;
  let at = 2;
  // At most five octets, as any 32-bit number; the last one has the highest bit clear.
  for (let more = true; more && at < 7; at += 1) {
    const octet = octets[at];
    if (octet === undefined) return undefined;
    length = length * 128 + (octet & 0x7f);
    more = octet >= 0x80;
  }
  const headers = octets.subarray(at, at + length);
  const isOurs = headers.some((octet, n) => octet === APPLICATION_HEADER && headers[n + 1] === APPLICATION_DM);
  return headers.length === length && isOurs ? octets.subarray(at + length) : undefined;
}
