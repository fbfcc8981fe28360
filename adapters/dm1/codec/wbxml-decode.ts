/** WBXML octets → message. */
import type { Bytes } from '../../adapter';
import { attempt, Refusal, type Result } from './errors';
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from './limits';
import { readMessage } from './message-read';
import { parseWbxml } from './wbxml-parse';
import type { Decoded } from './xml-decode';

/**
 * Decodes a SyncML message in WBXML, of any version 1.x and either form of the public id. A public id that nobody
 * knows is taken: the root element tells.
 *
 * Errors: EMPTY, WBXML_…, CHARSET_UNSUPPORTED, NOT_SYNCML, NO_HEADER, LIMIT_….
 *
 * Source: WAP-192-WBXML; OMA SyncML RepPro 1.2, "WBXML Definitions".
 */
export function decodeWbxml(octets: Bytes, options: { readonly limits?: CodecLimits } = {}): Result<Decoded> {
  const limits = options.limits ?? DEFAULT_CODEC_LIMITS;
  return attempt(() => {
    const { publicId, textual, root } = parseWbxml(octets, limits);
    if (publicId.vocabulary === 'provisioning') throw new Refusal('NOT_SYNCML', 'a WAP provisioning document');
    return { message: readMessage(root, limits), encoding: { form: 'wbxml', publicId: textual ? 'text' : 'number' } };
  });
}
