/** What a device's answer to a command tells its caller: outcome, result and what belongs to it. Pure. */
import type { Effect, Outcome, Tree } from '../../adapters/adapter';
import type { DdfLibrary } from '../../schema/ddf/library';
import type { LiveCommand } from './command-state';
import { withProperties } from './node-properties';
import { outcomeOfExecStatus } from './result-codes';
import { SECRET_META } from './show-secret';
import { describedTree, metaOf, resultOf, storable, storableText } from './tree';

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
  // Names of children are asked for as they are; below that, what the DDFs tell counts too.
  const isRead = command.kind === 'get' && told.tree !== undefined;
  const tree = !isRead ? undefined : depth === 0 ? told.tree : described(command, told.tree, library);
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

function described(command: LiveCommand, tree: Tree, library: DdfLibrary): Tree | undefined {
  const { moid } = command;
  return moid === null ? tree : describedTree(tree, command.path, (path) => library.node(moid, path));
}
