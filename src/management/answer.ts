/** What a device's answer to a command tells its caller: outcome, result and what belongs to it. Pure. */
import type { Effect, Outcome, Tree } from '../../adapters/adapter';
import type { DdfLibrary } from '../../schema/ddf/library';
import type { LiveCommand } from './command-state';
import { withProperties } from './node-properties';
import { outcomeOfExecStatus } from './result-codes';
import { SECRET_META } from './show-secret';
import { describedTree, metaOf, resultOf, storable, storableText, withShownChildren, type DescribedNode } from './tree';

type Told = Extract<Effect, { kind: 'commandAnswered' }>;

export interface Answer {
  readonly outcome: Outcome;
  readonly code?: number;
  readonly error?: string;
  readonly result?: unknown;
  readonly meta?: unknown;
}

export function answerOf(told: Told, command: LiveCommand, library: DdfLibrary): Answer {
  const depth = typeof command.request['depth'] === 'number' ? command.request['depth'] : undefined;
  const ofObject =
    command.kind === 'exec' && told.code !== undefined ? outcomeOfExecStatus(command.family, told.code) : undefined;
  const outcome = ofObject ?? told.outcome;
  const isOk = outcome === 'OK';
  const isRead = (command.kind === 'get' || command.kind === 'getAccess') && told.tree !== undefined;
  const tree = isRead ? described(command, told.tree, depth, library) : undefined;
  // What a person did is told also where it was a refusal.
  const hasData = isOk || command.kind === 'show';
  const result = isOk && tree !== undefined ? resultOf(tree, depth) : hasData ? storable(told.data ?? null) : undefined;
  return {
    outcome,
    code: told.code,
    error: told.message === undefined ? undefined : storableText(told.message),
    result: result ?? undefined,
    meta:
      told.secret === true
        ? SECRET_META
        : tree === undefined
          ? undefined
          : withProperties(metaOf(tree, depth), command.request['props'], tree, depth),
  };
}

/** With what the DDFs tell; where names of children are asked for, these are of whatever can be shown. */
function described(command: LiveCommand, tree: Tree, depth: number | undefined, library: DdfLibrary): Tree | undefined {
  const { moid, path } = command;
  if (moid === null) return tree;
  const nodeAt = (at: string): DescribedNode => library.node(moid, at);
  if (depth === 0 && tree.value === undefined) return withShownChildren(tree, path, nodeAt);
  return describedTree(tree, path, nodeAt);
}
