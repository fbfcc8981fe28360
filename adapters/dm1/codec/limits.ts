/**
 * What a decoder takes before it refuses. Memory and time spent on a document are bounded by these numbers,
 * whatever its octets say.
 */
export interface CodecLimits {
  /** Octets of the whole document. */
  readonly maxOctets: number;
  /** Elements inside one another; an embedded document counts from its own root. */
  readonly maxDepth: number;
  /** Elements of the whole document. */
  readonly maxElements: number;
  /** Characters of all text together. References into the string table count each time: few octets can name much text. */
  readonly maxText: number;
  /** Octets of the WBXML string table. */
  readonly maxStringTable: number;
}

/**
 * Defaults. The deepest message of the field is a TNDS result (about 30 levels); a message of 4 MiB is
 * sixty times what clients announce.
 */
export const DEFAULT_CODEC_LIMITS: CodecLimits = {
  maxOctets: 4 * 1024 * 1024,
  maxDepth: 64,
  maxElements: 65_536,
  maxText: 4 * 1024 * 1024,
  maxStringTable: 64 * 1024,
};
