/** DFProperties of one Node. Source: OMA-TS-DM_TND 1.3, "DFProperties"; the DTD dm_ddf-v1_2.dtd. */
import { readAllowed, readDeprecated, toExtension } from './extensions';
import type { AccessVerb, DdfFormat, DdfNode, Place } from './model';
import { readForbidden } from './run-time';
import type { WarningLog } from './warnings';
import type { XmlElement } from './xml';

export type NodeProperties = Omit<DdfNode, 'name' | 'children' | 'at'>;

const FORMATS: ReadonlySet<string> = new Set<DdfFormat>([
  'b64',
  'bin',
  'bool',
  'chr',
  'int',
  'node',
  'null',
  'xml',
  'date',
  'time',
  'float',
]);
const VERBS: ReadonlySet<string> = new Set<AccessVerb>(['Add', 'Copy', 'Delete', 'Exec', 'Get', 'Replace']);
/** In the order of the DTD. */
const PROPERTIES = [
  'AccessType',
  'DefaultValue',
  'Description',
  'DFFormat',
  'Occurrence',
  'Scope',
  'DFTitle',
  'DFType',
  'CaseSense',
];
const ORDER: ReadonlyMap<string, number> = new Map(PROPERTIES.map((name, i) => [name, i]));
const OCCURRENCES: Readonly<Record<string, { readonly min: number; readonly max?: number }>> = {
  One: { min: 1, max: 1 },
  ZeroOrOne: { min: 0, max: 1 },
  ZeroOrMore: { min: 0 },
  OneOrMore: { min: 1 },
  ZeroOrN: { min: 0 },
  OneOrN: { min: 1 },
};
const CLASSIC_NAMESPACES: ReadonlySet<string> = new Set(['', 'syncml:dmddf1.2', 'http://tempuri.org/DM_DDF-V1_2']);

/** Whether an element is of the DTD's vocabulary, by namespace: a vendor's has a prefix. */
export function isClassic(element: XmlElement): boolean {
  return element.prefix === '' || CLASSIC_NAMESPACES.has(element.namespace);
}

interface Found {
  readonly byName: ReadonlyMap<string, XmlElement>;
  readonly others: readonly XmlElement[];
}

/**
 * @param element     DFProperties; absent: all defaults
 * @param extras      elements beside DFProperties that the DTD does not have
 */
export function readProperties(
  element: XmlElement | undefined,
  extras: readonly XmlElement[],
  hasChildren: boolean,
  isNamed: boolean,
  at: Place,
  warnings: WarningLog,
): NodeProperties {
  const { byName, others } = element
    ? sortOut(element, warnings)
    : { byName: new Map<string, XmlElement>(), others: [] };
  const unknown = [...others, ...extras];
  const type = readType(byName.get('DFType'), warnings);
  const text = (name: string): string | undefined => byName.get(name)?.text.trim() || undefined;
  const format = readFormat(byName.get('DFFormat'), element !== undefined, hasChildren, at, warnings);
  if (element && !byName.has('AccessType')) warnings.add('ACCESS_MISSING', element);
  const defaultElement = byName.get('DefaultValue');
  if (defaultElement) checkDefault(defaultElement, format, warnings);
  return {
    format,
    ...readAccess(byName.get('AccessType'), warnings),
    occurrence: readOccurrence(byName.get('Occurrence'), isNamed, warnings),
    permanent: readScope(byName.get('Scope'), warnings),
    title: text('DFTitle'),
    description: text('Description'),
    defaultValue: text('DefaultValue'),
    mimeTypes: type.mimeTypes,
    ddfName: type.ddfName,
    caseSensitive: readCaseSense(byName.get('CaseSense'), warnings),
    allowed: readAllowed(unknown, warnings),
    deprecated: readDeprecated(unknown),
    extensions: unknown.map(toExtension),
  };
}

function sortOut(element: XmlElement, warnings: WarningLog): Found {
  const byName = new Map<string, XmlElement>();
  const others: XmlElement[] = [];
  let last = -1;
  for (const child of element.children) {
    const order = isClassic(child) ? ORDER.get(child.name) : undefined;
    if (order === undefined) {
      if (isClassic(child)) warnings.add('ELEMENT_UNKNOWN', child, child.name);
      others.push(child);
      continue;
    }
    if (byName.has(child.name)) {
      warnings.add('PROPERTY_TWICE', child, child.name);
      continue;
    }
    byName.set(child.name, child);
    if (order < last) warnings.add('PROPERTY_ORDER', child, child.name);
    last = Math.max(last, order);
  }
  return { byName, others };
}

/** The name of the one choice that an element holds; '' when it holds none. */
function choiceOf(element: XmlElement, warnings: WarningLog): string {
  const [first, second] = element.children;
  if (second) warnings.add('CHOICE_TWICE', second, element.name);
  if (first) return first.name;
  const text = element.text.trim();
  if (text !== '') warnings.add('CHOICE_TEXT', element, text);
  return text;
}

function readFormat(
  element: XmlElement | undefined,
  hasProperties: boolean,
  hasChildren: boolean,
  at: Place,
  warnings: WarningLog,
): DdfFormat {
  if (!hasProperties) return 'node';
  const name = element ? choiceOf(element, warnings) : '';
  if (!FORMATS.has(name)) {
    warnings.add('FORMAT_MISSING', element ?? at, name);
    return hasChildren ? 'node' : 'chr';
  }
  if (name !== 'node' && hasChildren) {
    warnings.add('LEAF_WITH_CHILDREN', at, name);
    return 'node';
  }
  return name as DdfFormat;
}

function readAccess(
  element: XmlElement | undefined,
  warnings: WarningLog,
): { readonly access: readonly AccessVerb[]; readonly forbidden?: readonly AccessVerb[] } {
  if (!element) return { access: [] };
  const verbs = new Set<AccessVerb>();
  for (const child of element.children) {
    if (VERBS.has(child.name)) verbs.add(child.name as AccessVerb);
    else warnings.add('VERB_UNKNOWN', child, child.name);
  }
  const forbidden = readForbidden(element);
  for (const verb of forbidden) if (verbs.delete(verb)) warnings.add('VERB_FORBIDDEN', element, verb);
  return { access: [...verbs].sort(), ...(forbidden.length === 0 ? {} : { forbidden }) };
}

function readScope(element: XmlElement | undefined, warnings: WarningLog): boolean {
  const name = element ? choiceOf(element, warnings) : '';
  if (element && name !== 'Permanent' && name !== 'Dynamic') warnings.add('SCOPE_UNKNOWN', element, name);
  return name === 'Permanent';
}

function readCaseSense(element: XmlElement | undefined, warnings: WarningLog): boolean | undefined {
  if (!element) return undefined;
  const name = choiceOf(element, warnings);
  if (name === 'CS') return true;
  if (name !== 'CIS') warnings.add('CASE_UNKNOWN', element, name);
  return name === 'CIS' ? false : undefined;
}

/** Spellings by TND: decimal integers, `true` and `false`, numbers. Others are kept as they are. */
const SPELLINGS: Partial<Readonly<Record<DdfFormat, RegExp>>> = {
  int: /^[+-]?[0-9]+$/,
  bool: /^(?:true|false)$/,
  float: /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?INF|NaN)$/,
};

/** Numbers longer than this are judged by their beginning. */
const MAX_SPELLING = 400;

function checkDefault(element: XmlElement, format: DdfFormat, warnings: WarningLog): void {
  const text = element.text.trim();
  const spelling = SPELLINGS[format];
  if (text !== '' && spelling && !spelling.test(text.slice(0, MAX_SPELLING)))
    warnings.add('DEFAULT_VALUE', element, `${format} ${text}`);
}

function readOccurrence(
  element: XmlElement | undefined,
  isNamed: boolean,
  warnings: WarningLog,
): { readonly min: number; readonly max?: number } {
  if (!element) return { min: 1, max: 1 };
  const name = choiceOf(element, warnings);
  const known = Object.hasOwn(OCCURRENCES, name) ? OCCURRENCES[name] : undefined;
  if (!known) {
    warnings.add('OCCURRENCE_UNKNOWN', element, name);
    return { min: 1, max: 1 };
  }
  let { max } = known;
  if (name === 'ZeroOrN' || name === 'OneOrN') {
    const text = element.children[0]?.text.trim() ?? '';
    max = /^[0-9]{1,5}$/.test(text) ? Math.max(1, Number(text)) : undefined;
    if (max === undefined || max < 2 || max > 65536) warnings.add('OCCURRENCE_NUMBER', element, text);
  }
  if (isNamed && max !== 1) {
    warnings.add('OCCURRENCE_NAMED', element, name);
    max = 1;
  }
  return { min: known.min, max };
}

function readType(
  element: XmlElement | undefined,
  warnings: WarningLog,
): { readonly mimeTypes: readonly string[]; readonly ddfName?: string } {
  if (!element) return { mimeTypes: [] };
  const mimeTypes: string[] = [];
  let ddfName: string | undefined;
  for (const child of element.children) {
    const text = child.text.trim();
    if (text === '') continue;
    if (child.name === 'MIME') mimeTypes.push(text);
    else if (child.name === 'DDFName') ddfName ??= text;
  }
  if (ddfName !== undefined && mimeTypes.length > 0) warnings.add('TYPE_MIXED', element, ddfName);
  const bare = element.text.trim();
  if (ddfName === undefined && bare !== '' && element.children.some((child) => child.name === 'DDFName')) {
    warnings.add('TYPE_TEXT', element, bare);
    ddfName = bare;
  }
  return { mimeTypes, ddfName };
}
