/**
 * The nodes that a ClientURI addresses in trees: first the instances of the MOID, then the steps inside each.
 * Source: OMA-TS-DM_Protocol-V2_0, 6.1.1 (resolution of x-names and wildcards).
 */
import type { ClientUri, Condition, Step } from './client-uri';
import { failed, ok, type Result } from './result';

/** An MO instance: its root node is of whatever type the owner of the tree has. */
export interface Instance<N> {
  readonly miid: string;
  readonly root: N;
}

/** How to look at trees. All functions are plain look-ups. */
export interface Forest<N> {
  instances(moid: string): readonly Instance<N>[];
  /** Children in order; none for a leaf. */
  children(node: N): readonly { readonly name: string; readonly node: N }[];
  child(node: N, name: string): N | undefined;
  /** JSON text of a leaf's value without quotes, which conditions compare; `undefined` for an interior node. */
  text(node: N): string | undefined;
}

export interface ResolvedNode<N> {
  readonly miid: string;
  /** Concrete names below the root. */
  readonly path: readonly string[];
  readonly node: N;
}

export interface Resolution<N> {
  /** A wildcard was used: the answer is a list, even of one. */
  readonly list: boolean;
  readonly nodes: readonly ResolvedNode<N>[];
}

/**
 * Resolves a ClientURI. Errors: NONE when nothing is found; SEVERAL when an empty instance part or an x-name fits more
 * than one. Inside several instances an x-name is resolved for each alone, and instances without a match are skipped.
 */
export function resolveClientUri<N>(uri: ClientUri, forest: Forest<N>): Result<Resolution<N>, 'NONE' | 'SEVERAL'> {
  const roots = rootsOf(uri, forest);
  if (!roots.ok) return roots;

  let nodes: readonly ResolvedNode<N>[] = roots.value.map(({ miid, root }) => ({ miid, path: [], node: root }));
  for (const step of uri.steps) {
    const next: ResolvedNode<N>[] = [];
    for (const from of nodes) {
      const below = childrenAt(from.node, step, uri.conditions, forest);
      if (below === 'SEVERAL') return failed('SEVERAL', 'several children satisfy an x-name');
      for (const { name, node } of below) next.push({ miid: from.miid, path: [...from.path, name], node });
    }
    nodes = next;
  }
  if (nodes.length === 0) return failed('NONE', 'no node is at this address');
  const list = [uri.instance, ...uri.steps].some((step) => step.kind === 'any');
  return ok({ list, nodes });
}

function rootsOf<N>(uri: ClientUri, forest: Forest<N>): Result<readonly Instance<N>[], 'NONE' | 'SEVERAL'> {
  const step = uri.instance;
  const all = forest.instances(uri.moid);
  const found =
    step.kind === 'name'
      ? all.filter((instance) => instance.miid === step.name)
      : step.kind === 'x'
        ? all.filter((instance) => satisfies(instance.root, step.letter, uri.conditions, forest))
        : all;
  if (found.length === 0) return failed('NONE', 'no instance fits');
  if (found.length > 1 && step.kind !== 'any') return failed('SEVERAL', 'several instances fit');
  return ok(found);
}

function childrenAt<N>(
  node: N,
  step: Step,
  conditions: readonly Condition[],
  forest: Forest<N>,
): readonly { readonly name: string; readonly node: N }[] | 'SEVERAL' {
  if (step.kind === 'name') {
    const child = forest.child(node, step.name);
    return child === undefined ? [] : [{ name: step.name, node: child }];
  }
  const all = forest.children(node);
  if (step.kind === 'any') return all;
  const found = all.filter((child) => satisfies(child.node, step.letter, conditions, forest));
  return found.length > 1 ? 'SEVERAL' : found;
}

function satisfies<N>(node: N, letter: string, conditions: readonly Condition[], forest: Forest<N>): boolean {
  return conditions.every((condition) => {
    if (condition.letter !== letter) return true;
    let at: N | undefined = node;
    for (const name of condition.path) at = at === undefined ? undefined : forest.child(at, name);
    return at !== undefined && forest.text(at) === condition.value;
  });
}
