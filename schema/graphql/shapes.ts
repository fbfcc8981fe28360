/** What kind of value a node holds, in GraphQL's words: nodes of one name but of two shapes are two fields. */
import { integerOf } from '../ddf/check-value';
import type { DdfNode } from '../ddf/model';
import type { LeafScalar } from './types';

export type Shape = LeafScalar | 'Node';

/** Which of two shapes keeps the plain name when no version tells. */
export const SHAPES: readonly Shape[] = [
  'Node',
  'String',
  'Int',
  'BigInt',
  'Boolean',
  'Float',
  'Base64',
  'Date',
  'Time',
  'Presence',
];
export const SHAPE_WORDS: Readonly<Record<Shape, string>> = {
  Node: 'Node',
  String: 'Text',
  Int: 'Int',
  BigInt: 'Int',
  Boolean: 'Boolean',
  Float: 'Float',
  Base64: 'Binary',
  Date: 'Date',
  Time: 'Time',
  Presence: 'Presence',
};
const MAX_INT = 2_147_483_647n;
const MIN_INT = -2_147_483_648n;

/** In the order of the members. One integer beyond 32 bits makes all integers of the node BigInt. */
export function byShape<M extends { readonly node: DdfNode }>(members: readonly M[]): ReadonlyMap<Shape, readonly M[]> {
  const shapes = new Map<Shape, M[]>();
  for (const member of members) {
    const shape = roughShape(member.node);
    const known = shapes.get(shape);
    if (known) known.push(member);
    else shapes.set(shape, [member]);
  }
  const ints = shapes.get('Int');
  if (ints?.some(({ node }) => isWide(node))) {
    return new Map([...shapes].map(([shape, found]) => [shape === 'Int' ? 'BigInt' : shape, found]));
  }
  return shapes;
}

export function shapeOf(members: readonly { readonly node: DdfNode }[]): Shape {
  return [...byShape(members).keys()][0] ?? 'String';
}

function roughShape(node: DdfNode): Shape {
  switch (node.format) {
    case 'node':
      return 'Node';
    case 'chr':
    case 'xml':
      return 'String';
    case 'int':
      return 'Int';
    case 'bool':
      return 'Boolean';
    case 'float':
      return 'Float';
    case 'bin':
    case 'b64':
      return 'Base64';
    case 'date':
      return 'Date';
    case 'time':
      return 'Time';
    case 'null':
      return 'Presence';
  }
}

/** Whether an int node may hold what GraphQL's Int cannot. */
function isWide({ allowed, defaultValue }: DdfNode): boolean {
  const isBeyond = (value: bigint | undefined): boolean => value !== undefined && (value > MAX_INT || value < MIN_INT);
  if (defaultValue !== undefined && isBeyond(integerOf(defaultValue))) return true;
  if (allowed?.kind === 'range') return allowed.ranges.some(({ min, max }) => isBeyond(min) || isBeyond(max));
  if (allowed?.kind !== 'enum' && allowed?.kind !== 'flags') return false;
  return allowed.values.some(({ value }) => isBeyond(integerOf(value)));
}
