/** XML octets → message. */
import type { Bytes } from '../../adapter';
import type { Encoding, Message } from '../message';
import { attempt, type Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { readMessage } from './message-read';
import { parseXml } from './xml-parse';

export interface Decoded {
  readonly message: Message;
  readonly encoding: Encoding;
}

/**
 * Decodes a SyncML message in XML. Children in any order, foreign elements and attributes, prefixes, missing or wrong
 * namespaces, comments, processing instructions, CDATA, a DOCTYPE without internal subset and NUL octets are taken.
 *
 * @param options.charset  what HTTP said; a byte-order mark comes before it, the document's declaration after it
 *
 * Errors: EMPTY, CHARSET_…, XML_…, NOT_SYNCML, NO_HEADER, LIMIT_….
 */
export function decodeXml(
  octets: Bytes,
  options: { readonly charset?: string; readonly limits?: CodecLimits } = {},
): Result<Decoded> {
  const limits = options.limits ?? DEFAULT_CODEC_LIMITS;
  return attempt(() => ({
    message: readMessage(parseXml(octets, limits, options.charset), limits),
    encoding: { form: 'xml' },
  }));
}
