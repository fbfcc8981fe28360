/** DFProperties of one Node. Source: OMA-TS-DM_TND 1.3, "DFProperties"; the DTD dm_ddf-v1_2.dtd. */
import { readAllowedValues } from './allowed';
import type { AccessVerb, AllowedValues, DdfFormat, DdfNode, ExtensionElement, Place } from './model';
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
  const caseSense = byName.get('CaseSense')?.children[0]?.name;
  return {
    format: readFormat(byName.get('DFFormat'), hasChildren, at, warnings),
    access: readAccess(byName.get('AccessType'), warnings),
    occurrence: readOccurrence(byName.get('Occurrence'), isNamed, warnings),
    permanent: byName.get('Scope')?.children[0]?.name === 'Permanent',
    title: text('DFTitle'),
    description: text('Description'),
    defaultValue: text('DefaultValue'),
    mimeTypes: type.mimeTypes,
    ddfName: type.ddfName,
    caseSensitive: caseSense === 'CS' ? true : caseSense === 'CIS' ? false : undefined,
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

function readFormat(element: XmlElement | undefined, hasChildren: boolean, at: Place, warnings: WarningLog): DdfFormat {
  const name = element?.children[0]?.name ?? element?.text.trim() ?? '';
  if (!FORMATS.has(name)) {
    if (element) warnings.add('FORMAT_MISSING', element, name);
    return hasChildren || !element ? 'node' : 'chr';
  }
  if (name !== 'node' && hasChildren) {
    warnings.add('LEAF_WITH_CHILDREN', at, name);
    return 'node';
  }
  return name as DdfFormat;
}

function readAccess(element: XmlElement | undefined, warnings: WarningLog): readonly AccessVerb[] {
  const verbs = new Set<AccessVerb>();
  for (const child of element?.children ?? []) {
    if (VERBS.has(child.name)) verbs.add(child.name as AccessVerb);
    else warnings.add('VERB_UNKNOWN', child, child.name);
  }
  return [...verbs].sort();
}

function readOccurrence(
  element: XmlElement | undefined,
  isNamed: boolean,
  warnings: WarningLog,
): { readonly min: number; readonly max?: number } {
  const child = element?.children[0];
  if (!element || !child) return { min: 1, max: 1 };
  const known = Object.hasOwn(OCCURRENCES, child.name) ? OCCURRENCES[child.name] : undefined;
  if (!known) {
    warnings.add('OCCURRENCE_UNKNOWN', child, child.name);
    return { min: 1, max: 1 };
  }
  let { max } = known;
  if (child.name === 'ZeroOrN' || child.name === 'OneOrN') {
    const text = child.text.trim();
    max = /^[0-9]{1,5}$/.test(text) ? Math.max(1, Number(text)) : undefined;
    if (max === undefined || max < 2 || max > 65536) warnings.add('OCCURRENCE_NUMBER', child, text);
  }
  if (isNamed && max !== 1) {
    warnings.add('OCCURRENCE_NAMED', child, child.name);
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

function readAllowed(extensions: readonly XmlElement[], warnings: WarningLog): AllowedValues | undefined {
  const element =
    extensions.find((child) => child.name === 'AllowedValues') ??
    extensions.find((child) => child.name === 'SupportedValues');
  return element ? readAllowedValues(element, warnings) : undefined;
}

function readDeprecated(extensions: readonly XmlElement[]): DdfNode['deprecated'] {
  const element = extensions.find((child) => child.name === 'Deprecated');
  if (!element) return undefined;
  const since = element.attributes['OsBuildDeprecated']?.trim();
  return since ? { since } : {};
}

function toExtension(element: XmlElement): ExtensionElement {
  return {
    name: element.name,
    ...(element.namespace === '' ? {} : { namespace: element.namespace }),
    attributes: element.attributes,
    text: element.text.trim(),
    children: element.children.map(toExtension),
  };
}
