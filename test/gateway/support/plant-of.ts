import type { DdfFormat, DdfNode, MoDefinition } from '../../../schema/ddf/model';
import { folder } from '../../../src/simulator/definition';
import type { NodeDefinition, Plant, Stored } from '../../../src/simulator';

/** A device's part for an MO that a DDF describes: every named node is there, each unnamed one once, called `NAME-OF-PARENT-1`. */
export function plantOf(mo: MoDefinition, place: string, moid?: string): Plant {
  const { present: _, ...root } = definitionOf(mo.root, '');
  return { place, root: moid === undefined ? root : { ...root, moid } };
}

/**
 * The same, with room for more: a folder at `place` that holds an instance called `miid` and, where the DDF lets instances be
 * added, takes others.
 */
export function plantWithRoot(mo: MoDefinition, place: string, miid: string): Plant {
  const { moid } = mo;
  const root: NodeDefinition =
    mo.root.name === ''
      ? { ...definitionOf(mo.root, miid), moid }
      : { ...definitionOf(mo.root, ''), name: miid, permanent: true, moid };
  return { place, root: folder(place.split('/').at(-1) ?? '', [root]) };
}

/** Name of the one node that stands for an unnamed one. */
export function nameBelow(parent: string, { name }: DdfNode): string {
  return name === '' ? `${parent}-1` : name;
}

/** What can be added is there from the start; what cannot appears with its parent. */
function definitionOf(node: DdfNode, called: string): NodeDefinition {
  const { name, format, access } = node;
  const isFixed = name !== '' && !access.includes('Add');
  const common = { name, format, access, permanent: isFixed, ...(isFixed ? {} : { present: [{ name: called }] }) };
  if (format === 'node') {
    const label = name === '' ? called : name;
    return { ...common, children: node.children.map((child) => definitionOf(child, nameBelow(label, child))) };
  }
  return { ...common, initial: valueOf(node, name === '' ? called : name) };
}

/** Such as a device of that maker might have: the first allowed value, else the default of a text, else one of the format. */
export function valueOf({ defaultValue, allowed, format }: DdfNode, name: string): Stored {
  if (allowed?.kind === 'enum' || allowed?.kind === 'flags') return allowed.values[0]?.value ?? '';
  if (allowed?.kind === 'range') return String(allowed.ranges[0]?.min ?? 0);
  return BY_FORMAT[format] ?? (defaultValue || (isUrl({ name }) ? `https://files.example/${name}` : `some ${name}`));
}

/** Whether a node's name says that it holds an address. */
export function isUrl({ name }: Pick<DdfNode, 'name'>): boolean {
  return /UR[IL]$/.test(name);
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
