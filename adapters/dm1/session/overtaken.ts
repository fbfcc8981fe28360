import { canonical } from '../addressing';
import { STATUS } from '../status-codes';
import { withoutQuery } from './lists';
import type { Discovery, OpenCommand } from './machine';
import { isWithin } from './walk';

const WRITES: ReadonlySet<string> = new Set(['Add', 'Copy', 'Delete', 'Replace']);

/**
 * What discovery has read of a node counts no more when a caller's command wrote there meanwhile: its values are handed on when
 * all of the object was read, after the write was. The node is read once more, or, deleted, is none of its parent's children.
 * Without a Status it may have been written.
 */
export function overtaken({ walk }: Discovery, { carrier, uri, code = STATUS.UNKNOWN }: OpenCommand): void {
  const isDone = code >= 200 && code < 300;
  if (!WRITES.has(carrier) || uri.includes('?') || !(isDone || code === STATUS.UNKNOWN)) return;
  const at = canonical(uri);
  const above = at.slice(0, at.lastIndexOf('/'));
  const parent = walk.nodes.findIndex((node) => canonical(node.uri) === above);
  const kept = walk.nodes.filter((node) => !isWithin(canonical(node.uri), at));
  // Nothing there was read, nor that it is there.
  if (kept.length === walk.nodes.length && parent < 0) return;
  const isGone = carrier === 'Delete' && isDone;
  walk.nodes = kept.map((node) => {
    if (canonical(node.uri) !== above || node.children === undefined) return node;
    const others = node.children.filter((child) => canonical(child) !== at);
    return { ...node, children: isGone ? others : [...others, uri] };
  });
  walk.queue = walk.queue.filter((queued) => !isWithin(canonical(withoutQuery(queued)), at));
  if (!isGone) walk.queue.push(uri);
}
