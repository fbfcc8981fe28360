/** A DDF's tree as a person would like to read it: one line a node, in columns. */
import type { AllowedValues, DdfNode, MoDefinition } from '../../schema/ddf/model';

/** Longer names do not push the other columns away. */
const MAX_NAME_COLUMN = 60;
const SHOWN_VALUES = 8;
const MAX_TEXT = 80;

interface Row {
  /** With the branches before it. */
  readonly name: string;
  readonly format: string;
  readonly access: string;
  readonly notes: string;
}

/** A heading with what identifies the object, then a line for each node. */
export function treeOf(mo: MoDefinition): string {
  const place = mo.place === undefined ? '' : `  at ${plain(mo.place)}${mo.root.name === '' ? '/<x>' : ''}`;
  const rows: Row[] = [rowOf(mo.root, '')];
  grow(mo.root.children, '', rows);
  return [`${plain(mo.moid)}${place}`, ...lines(rows)].join('\n');
}

function grow(children: readonly DdfNode[], indent: string, rows: Row[]): void {
  children.forEach((child, index) => {
    const isLast = index === children.length - 1;
    rows.push(rowOf(child, `${indent}${isLast ? '└─ ' : '├─ '}`));
    grow(child.children, `${indent}${isLast ? '   ' : '│  '}`, rows);
  });
}

function lines(rows: readonly Row[]): readonly string[] {
  const width = (column: (row: Row) => string): number =>
    rows.reduce((max, row) => Math.max(max, column(row).length), 0);
  const name = Math.min(
    width((row) => row.name),
    MAX_NAME_COLUMN,
  );
  const format = width((row) => row.format);
  const access = width((row) => row.access);
  return rows.map((row) =>
    [row.name.padEnd(name), row.format.padEnd(format), row.access.padEnd(access), row.notes].join('  ').trimEnd(),
  );
}

function rowOf(node: DdfNode, branches: string): Row {
  const notes = [
    node.title ?? '',
    node.allowed === undefined ? '' : allowedText(node.allowed),
    node.defaultValue === undefined ? '' : `default ${node.defaultValue}`,
    node.deprecated === undefined ? '' : `deprecated${node.deprecated.since ? ` since ${node.deprecated.since}` : ''}`,
  ];
  return {
    name: `${branches}${node.name === '' ? '<x>' : plain(node.name)}${often(node)}`,
    format: node.format,
    access: node.access.length === 0 ? '-' : node.access.join(' '),
    notes: notes.map(plain).filter(Boolean).join('; '),
  };
}

/** As in a pattern: nothing, `?`, `*`, `+`, or `{0,5}`. */
function often({ occurrence: { min, max } }: DdfNode): string {
  if (max === undefined) return min === 0 ? '*' : '+';
  if (max === 1) return min === 0 ? '?' : '';
  return `{${min},${max}}`;
}

function allowedText(allowed: AllowedValues): string {
  switch (allowed.kind) {
    case 'enum':
    case 'flags': {
      const shown = allowed.values.slice(0, SHOWN_VALUES).map(({ value }) => value);
      const more = allowed.values.length > SHOWN_VALUES ? ', …' : '';
      return `${allowed.kind === 'flags' ? 'sum of' : 'one of'} ${shown.join(', ')}${more}`;
    }
    case 'range':
      return allowed.ranges.map(({ min, max }) => `${min ?? ''}..${max ?? ''}`).join(', ');
    case 'pattern':
      return `/${allowed.pattern}/`;
    case 'other':
      return allowed.type;
  }
}

/** One short line that leaves a terminal as it is. */
export function plain(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ').trim();
  return line.length > MAX_TEXT ? `${line.slice(0, MAX_TEXT)}…` : line;
}
