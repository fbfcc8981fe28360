/**
 * What a Node says beside its DFProperties: RTProperties, Value, and comments that are conventions.
 * Source: OMA-TS-DM_TND 1.3, "RTProperties" and "Value"; its sections on the status of nodes and on forbidden commands.
 */
import type { AccessVerb, DdfNode } from './model';
import type { XmlElement } from './xml';

const PROPERTIES: ReadonlySet<string> = new Set(['ACL', 'Format', 'Name', 'Size', 'Title', 'TStamp', 'Type', 'VerNo']);
const STATUS = /^Status\s*:\s*(Required|Optional)\b/i;
const FORBIDDEN = /^No\s+(Add|Copy|Delete|Exec|Get|Replace)\b/i;

export function readRunTime(element: XmlElement): Pick<DdfNode, 'runtimeProperties' | 'initialValue'> {
  let runtimeProperties: Record<string, string> | undefined;
  let initialValue: string | undefined;
  for (const child of element.children) {
    if (child.name === 'Value') initialValue ??= child.text;
    else if (child.name === 'RTProperties') runtimeProperties ??= propertiesOf(child);
  }
  return {
    ...(runtimeProperties === undefined ? {} : { runtimeProperties }),
    ...(initialValue === undefined ? {} : { initialValue }),
  };
}

function propertiesOf(element: XmlElement): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const child of element.children) {
    if (!PROPERTIES.has(child.name) || properties[child.name] !== undefined) continue;
    const [choice] = child.children;
    properties[child.name] = choice === undefined ? child.text.trim() : choice.text.trim() || choice.name;
  }
  return properties;
}

/** Of the comment `Status: Required` or `Status: Optional` in a Node. */
export function readStatus(element: XmlElement): DdfNode['status'] {
  for (const comment of element.comments ?? []) {
    const word = STATUS.exec(comment)?.[1]?.toLowerCase();
    if (word === 'required' || word === 'optional') return word;
  }
  return undefined;
}

/** Of comments such as `No Get` in AccessType, sorted. */
export function readForbidden(accessType: XmlElement): readonly AccessVerb[] {
  const verbs = new Set<AccessVerb>();
  for (const comment of accessType.comments ?? []) {
    const word = FORBIDDEN.exec(comment)?.[1];
    if (word !== undefined) verbs.add((word.charAt(0).toUpperCase() + word.slice(1).toLowerCase()) as AccessVerb);
  }
  return [...verbs].sort();
}
