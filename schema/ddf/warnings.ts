/** What was tolerated in a file: one warning a kind, with the first place and a count. */
import type { DdfWarning, Place } from './model';

export const WARNINGS = {
  ENCODING: 'octets that do not fit the encoding were read as Windows-1252, or replaced',
  ENCODING_DECLARED: 'the file is not in the encoding that its XML declaration names',
  VERSION: 'VerDTD is none of 1.1.2, 1.2 and 1.3',
  PATH_SPELLING: 'a Path was read without needless "/" and "."',
  NAME_MISSING: 'a Node without NodeName was read as unnamed',
  NAME_TRIMMED: 'white space around a NodeName was removed',
  NAME_PLACEHOLDER: 'a NodeName such as <X> or {} was read as unnamed',
  PROPERTIES_MISSING: 'a Node without DFProperties was read with defaults',
  PROPERTY_ORDER: 'the children of DFProperties are not in the order of the DTD',
  PROPERTY_TWICE: 'a property occurs twice; the first one holds',
  ACCESS_MISSING: 'AccessType is missing; no verb was taken',
  VERB_UNKNOWN: 'AccessType has a verb that does not exist; it was left out',
  CHOICE_TWICE: 'an element that holds one choice holds several; the first one holds',
  CHOICE_TEXT: 'a choice is written as text, not as an empty element',
  SCOPE_UNKNOWN: 'Scope names nothing known; Dynamic was taken',
  CASE_UNKNOWN: 'CaseSense names nothing known; it was left out',
  DEFAULT_VALUE: 'DefaultValue is not written as its format wants',
  VERB_FORBIDDEN: 'a comment forbids a verb that AccessType has; the verb was left out',
  FORMAT_MISSING: 'DFFormat names no known format; chr was taken, or node where there are children',
  LEAF_WITH_CHILDREN: 'a node with the format of a leaf has children and was read as an interior node',
  OCCURRENCE_UNKNOWN: 'Occurrence names nothing known; One was taken',
  OCCURRENCE_NUMBER: 'ZeroOrN or OneOrN without a number from 2 to 65536',
  OCCURRENCE_NAMED: 'a named node cannot occur more than once; its Occurrence was read as one',
  TYPE_MIXED: 'DFType has both MIME and DDFName',
  TYPE_TEXT: 'DFType has its DDFName as bare text',
  ELEMENT_UNKNOWN: 'an element that the DTD does not have was kept as an extension',
  DUPLICATE_SIBLING: 'two siblings have the same name; they were merged and the first one holds',
  ALLOWED_VALUES: 'AllowedValues could not be understood and were kept as text',
} as const satisfies Record<string, string>;

export type WarningCode = keyof typeof WARNINGS;

export class WarningLog {
  private readonly seen = new Map<WarningCode, { readonly at: Place; readonly detail: string; count: number }>();

  add(code: WarningCode, at: Place, detail = ''): void {
    const known = this.seen.get(code);
    if (known) known.count++;
    else this.seen.set(code, { at: { line: at.line, column: at.column }, detail: detail.slice(0, 100), count: 1 });
  }

  list(): readonly DdfWarning[] {
    return [...this.seen].map(([code, { at, detail, count }]) => ({
      code,
      message: `${WARNINGS[code]}${detail === '' ? '' : `: ${detail}`}${count > 1 ? ` (${count} times)` : ''}`,
      count,
      ...at,
    }));
  }
}
