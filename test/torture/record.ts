/** What a device did for its server, in its own words: every write, add, delete and execution, in order. */
import type { DeviceTree, NodeState } from '../../src/simulator/tree';
import { PLACE } from './object';

export interface Deed {
  readonly kind: 'replace' | 'add' | 'delete' | 'exec';
  /** Below the object's root. */
  readonly path: string;
  readonly value?: string;
  readonly isDone: boolean;
}

export class DeviceRecord {
  readonly deeds: Deed[] = [];
  readonly #lengths = new WeakMap<NodeState, number>();

  constructor(tree: DeviceTree) {
    const { add, replace, delete: remove, mayExec, snapshot, restore } = methodsOf(tree);
    const note = (kind: Deed['kind'], path: readonly string[], isDone: boolean, value?: unknown): void => {
      const isOurs = PLACE.every((name, at) => path[at] === name);
      if (!isOurs) return;
      const below = path.slice(PLACE.length).join('/');
      this.deeds.push({ kind, path: below, isDone, ...(typeof value === 'string' ? { value } : {}) });
    };
    Object.assign(tree, {
      add: (...given: Parameters<DeviceTree['add']>) => {
        const done = add(...given);
        if (given[2] !== undefined) note('add', given[0], done.ok, given[1].value);
        return done;
      },
      replace: (...given: Parameters<DeviceTree['replace']>) => {
        const done = replace(...given);
        if (given[2] !== undefined) note('replace', given[0], done.ok, given[1].value);
        return done;
      },
      delete: (...given: Parameters<DeviceTree['delete']>) => {
        const done = remove(...given);
        if (given[1] !== undefined) note('delete', given[0], done.ok);
        return done;
      },
      mayExec: (...given: Parameters<DeviceTree['mayExec']>) => {
        const may = mayExec(...given);
        note('exec', given[0], may.ok);
        return may;
      },
      // What is taken back was not done.
      snapshot: () => {
        const state = snapshot();
        this.#lengths.set(state, this.deeds.length);
        return state;
      },
      restore: (state: NodeState) => {
        this.deeds.length = this.#lengths.get(state) ?? this.deeds.length;
        restore(state);
      },
    });
  }

  /** How often something was done. */
  times(kind: Deed['kind'], path: string, value?: string): number {
    const fits = (deed: Deed): boolean =>
      deed.isDone && deed.kind === kind && deed.path === path && (value === undefined || deed.value === value);
    return this.deeds.filter(fits).length;
  }

  /** What an add or a delete left there as the last one; undefined: nothing. */
  left(path: string): string | undefined {
    const last = this.deeds.findLast(
      ({ kind, path: at, isDone }) => isDone && at === path && /^(?:add|delete)$/.test(kind),
    );
    return last?.kind === 'add' ? last.value : undefined;
  }

  /** Values written to a leaf, in the order in which that was done. */
  written(path: string): readonly string[] {
    return this.deeds.flatMap(({ path: at, isDone, value }) =>
      isDone && at === path && value !== undefined ? [value] : [],
    );
  }
}

function methodsOf(
  tree: DeviceTree,
): Pick<DeviceTree, 'add' | 'replace' | 'delete' | 'mayExec' | 'snapshot' | 'restore'> {
  return {
    add: tree.add.bind(tree),
    replace: tree.replace.bind(tree),
    delete: tree.delete.bind(tree),
    mayExec: tree.mayExec.bind(tree),
    snapshot: tree.snapshot.bind(tree),
    restore: tree.restore.bind(tree),
  };
}
