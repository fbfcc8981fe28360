/** The codecs of DM 1.x as the session uses them: octets ⇄ message, and what a message will weigh. */
import type { Bytes } from '../../adapter';
import type { BodyCommand, Encoding, Message } from '../message';
import type { Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { decodeWbxml } from './wbxml-decode';
import { encodeWbxml, wbxmlSizeOf } from './wbxml-encode';
import { type Decoded, decodeXml } from './xml-decode';
import { encodeXml, xmlSizeOf } from './xml-encode';

export { DM_CODEC_ERRORS, type DmCodecErrorCode, type Result } from './errors';
export { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
export type { Decoded } from './xml-decode';
export { elementToXml, fitsXml } from './xml-encode';
export { decodeTnds, encodeTnds, placeTnds, type TndsDocument, type TndsNode } from './tnds';
export { readValue } from './value';
export { decodeProvisioning } from './provisioning';
export type { ProvisioningElement } from './provisioning-tokens';
export { encodeProvisioning } from './provisioning-write';
export { decodeProvisioningXml, encodeProvisioningXml } from './provisioning-xml';

const CHARSET = /;\s*charset\s*=\s*"?([A-Za-z0-9._:-]{1,40})/i;

/**
 * Decodes a message as it came over HTTP. Whether it is WBXML is told by its first octet (a WBXML version), not by its
 * label; the label's charset holds for XML.
 *
 * Errors: all of {@link DM_CODEC_ERRORS} but those of other documents.
 */
export function decodeMessage(
  octets: Bytes,
  contentType: string,
  limits: CodecLimits = DEFAULT_CODEC_LIMITS,
): Result<Decoded> {
  if (isWbxml(octets, contentType)) return decodeWbxml(octets, { limits });
  return decodeXml(octets, { charset: CHARSET.exec(contentType)?.[1], limits });
}

/** White space, `<` or a byte-order mark begin XML, other control characters WBXML; for anything else the label counts. */
function isWbxml(octets: Bytes, contentType: string): boolean {
  const [first] = octets;
  if (first === 0x3c || first === 0xef || first === 0x20) return false;
  if (first !== undefined && first > 0x00 && first < 0x09) return true;
  return contentType.toLowerCase().includes('wbxml');
}

/** Encodes a message in the form that the peer uses. */
export function encodeMessage(message: Message, encoding: Encoding): Uint8Array {
  return encoding.form === 'xml' ? encodeXml(message, encoding.bare) : encodeWbxml(message, encoding.publicId);
}

/** Octets of a whole message. */
export function measure(message: Message, encoding: Encoding): number {
  return encodeMessage(message, encoding).length;
}

/**
 * Octets that a command adds to a message. `measure` of the message without commands and the sizes of its commands
 * sum up to the size of the whole, or to a little more: never to less.
 */
export function encodedSize(command: BodyCommand, encoding: Encoding): number {
  return encoding.form === 'xml' ? xmlSizeOf(command) : wbxmlSizeOf(command);
}
