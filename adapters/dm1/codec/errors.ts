/**
 * What can be wrong with a DM 1.x document. Every refusal of the codecs carries one of these codes.
 * `http` is the HTTP status that answers a document refused for that reason.
 */
export const DM_CODEC_ERRORS = {
  EMPTY: { http: 400, text: 'the document has no octets' },
  CHARSET_UNSUPPORTED: { http: 415, text: 'the document names a charset other than UTF-8, US-ASCII or ISO-8859-1' },
  CHARSET_MISMATCH: { http: 400, text: 'the octets are not what the charset of the document allows' },
  XML_MALFORMED: { http: 400, text: 'the XML document is not well-formed' },
  XML_SUBSET: { http: 400, text: 'the DOCTYPE has an internal subset' },
  XML_ENTITY: { http: 400, text: 'an entity other than the five predefined ones is used' },
  WBXML_VERSION: { http: 400, text: 'the document is of no WBXML version 1.x' },
  WBXML_TRUNCATED: { http: 400, text: 'the WBXML document ends before its root element does' },
  WBXML_INTEGER: { http: 400, text: 'a multi-byte integer is longer than 32 bits' },
  WBXML_STRING_TABLE: { http: 400, text: 'the string table, or a reference into it, goes beyond its end' },
  WBXML_OPAQUE: { http: 400, text: 'opaque data goes beyond the end of the document' },
  WBXML_TOKEN: { http: 400, text: 'a token stands where it cannot stand' },
  NOT_SYNCML: { http: 400, text: 'the root element is not SyncML' },
  NO_HEADER: { http: 400, text: 'the message has no SyncHdr' },
  NOT_TNDS: { http: 400, text: 'the document is no MgmtTree' },
  NOT_PROVISIONING: { http: 400, text: 'the document is no WAP provisioning document' },
  LIMIT_OCTETS: { http: 413, text: 'the document is larger than the limit' },
  LIMIT_DEPTH: { http: 400, text: 'the elements are nested deeper than the limit' },
  LIMIT_ELEMENTS: { http: 400, text: 'the document has more elements than the limit' },
  LIMIT_TEXT: { http: 400, text: 'the text of the document is longer than the limit' },
  LIMIT_STRING_TABLE: { http: 400, text: 'the string table is larger than the limit' },
} as const satisfies Record<string, { readonly http: number; readonly text: string }>;

export type DmCodecErrorCode = keyof typeof DM_CODEC_ERRORS;

/** A value, or why there is none. `at`: offset in octets (WBXML) or characters (XML). */
export type Result<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: DmCodecErrorCode; readonly message: string; readonly at?: number };

/** The way out of a scanner, however deep; {@link attempt} turns it into a {@link Result}. Never leaves the codec. */
export class Refusal extends Error {
  constructor(
    readonly code: DmCodecErrorCode,
    detail?: string,
    readonly at?: number,
  ) {
    super(detail ? `${DM_CODEC_ERRORS[code].text}: ${detail}` : DM_CODEC_ERRORS[code].text);
  }
}

/** Runs a decoder; its refusal becomes a value. Anything else that it throws is a defect and passes. */
export function attempt<T>(decode: () => T): Result<T> {
  try {
    return { ok: true, value: decode() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { ok: false, code: error.code, message: error.message, at: error.at };
  }
}
