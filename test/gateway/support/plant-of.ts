import type { DdfFormat, DdfNode, MoDefinition } from '../../../schema/ddf/model';
import type { NodeDefinition, Plant, Stored } from '../../../src/simulator';

/** A device's part for an MO that a DDF describes: every named node is there, each unnamed one once, called `NAME-OF-PARENT-1`. */
export function plantOf(mo: MoDefinition, place: string, moid?: string): Plant {
  return { place, root: { ...definitionOf(mo.root, ''), ...(moid === undefined ? {} : { moid }) } };
}

function definitionOf(node: DdfNode, parent: string): NodeDefinition {
  const { name, format, access } = node;
  const common = { name, format, access, permanent: name !== '' };
  const present = name === '' ? { present: [{ name: `${parent}-1` }] } : {};
  if (format === 'node')
    return { ...common, ...present, children: node.children.map((child) => definitionOf(child, name)) };
  return { ...common, ...present, initial: valueOf(node, format, name === '' ? `${parent}-1` : name) };
}

/** Such as a device of that maker might have: the first allowed value, else the default of a text, else one of the format. */
function valueOf({ defaultValue, allowed }: DdfNode, format: DdfFormat, name: string): Stored {
  if (allowed?.kind === 'enum' || allowed?.kind === 'flags') return allowed.values[0]?.value ?? '';
  if (allowed?.kind === 'range') return String(allowed.ranges[0]?.min ?? 0);
  return BY_FORMAT[format] ?? (defaultValue || `some ${name}`);
}

const BY_FORMAT: Partial<Record<DdfFormat, Stored>> = {
  int: '7',
  bool: 'true',
  float: '0.5',
  date: '2026-01-31',
  time: '12:30:00',
  b64: 'AP8=',
  bin: Uint8Array.of(0, 255),
  null: '',
  xml: '<value/>',
};
