import type { AccessVerb, DdfNode } from '../../../schema/ddf/model';
import type { CatalogueObject } from './catalogue';
import { newValue } from './catalogue-commands';

/** A command that must be refused before it is queued, with its code. */
export interface Refused {
  readonly name: string;
  readonly command: object;
  readonly code: string;
}

const VERBS = {
  get: ['Get'],
  add: ['Add'],
  replace: ['Replace'],
  delete: ['Delete'],
  exec: ['Exec'],
  copy: ['Replace', 'Add'],
} as const satisfies Record<string, readonly AccessVerb[]>;

/** What may not be asked of an instance, whatever protocol its device speaks. */
export function refusalsOf(object: CatalogueObject): readonly Refused[] {
  const { spots, mo, miid } = object;
  const at = (path: string): object => ({ moid: mo.moid, miid, path });
  const refused: Refused[] = [];
  const add = (code: string, name: string, command: object): void => void refused.push({ code, name, command });

  add('NO_SUCH_MO', 'an instance that is not there', { get: { address: { moid: mo.moid, miid: 'another' } } });
  const leaf = spots.find(({ node }) => node.format !== 'node');
  const below = leaf === undefined ? 'Nothing' : `${leaf.path}/Nothing`;
  add('NOT_IN_DDF', 'a node that the DDF does not have', { get: { address: at(below) } });
  const readable = spots.find(({ node }) => node.format !== 'node' && node.access.includes('Get'));
  for (const [kind, verbs] of Object.entries(VERBS)) {
    const spot = spots.find(({ node }) => !verbs.some((verb) => (node.access as readonly string[]).includes(verb)));
    if (spot === undefined || (kind === 'copy' && readable === undefined)) continue;
    const command =
      kind === 'copy'
        ? { copy: { from: at(readable?.path ?? ''), to: at(spot.path) } }
        : { [kind]: { address: { ...at(spot.path), ...(kind === 'add' && spot.path === '' ? { miid: 'new' } : {}) } } };
    add('ACCESS_TYPE', `${kind} of "${spot.path}"`, command);
  }
  const rules = new Set<string>();
  for (const { path, node } of spots) {
    const rule = `${node.format} ${node.allowed?.kind ?? ''}`;
    if (!node.access.includes('Replace') || rules.has(rule)) continue;
    rules.add(rule);
    const replace = (value: object): object => ({ replace: { address: at(path), value } });
    add('BAD_FORMAT', `"${path}" of another format`, replace(misfit(node)));
    const outside = outsideOf(node);
    if (outside !== undefined) add('OUT_OF_RANGE', `"${path}" out of range`, replace(outside));
    const format = node.format === 'chr' ? 'int' : 'chr';
    if (rules.size === 1)
      add('BAD_FORMAT', `"${path}" said to be ${format}`, replace({ ...newValue(node), format: format.toUpperCase() }));
  }
  return refused;
}

function misfit({ format }: DdfNode): object {
  return format === 'chr' || format === 'xml' ? { json: { no: 'text' } } : { text: '*' };
}

/** A value that no rule of the node takes. */
function outsideOf({ format, allowed }: DdfNode): object | undefined {
  if (allowed?.kind === 'range') return { int: '70000' };
  if (allowed?.kind === 'enum') return format === 'int' ? { int: 2 } : { text: 'medium' };
  if (allowed?.kind === 'flags') return { int: 4 };
  return format === 'int' ? { int: '9223372036854775808' } : undefined;
}
