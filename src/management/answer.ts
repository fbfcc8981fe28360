/** What a device's answer to a command tells its caller: outcome, result and what belongs to it. Pure. */
import type { Effect, Json, Outcome, Tree } from '../../adapters/adapter';
import { type Branch, type DdfLibrary, NOWHERE } from '../../schema/ddf/library';
import type { LiveCommand } from './command-state';
import { metaByPath, storeShape } from './meta-shape';
import { type NodeProperties, propertiesOf } from './node-properties';
import { outcomeOfExecStatus } from './result-codes';
import { SECRET_META } from './show-secret';
import { isStorable, setOwn, storable, storableText } from './tree';
import { isShown, readTree, type TreeReading } from './tree-reading';

type Told = Extract<Effect, { kind: 'commandAnswered' }>;

export interface Answer {
  readonly outcome: Outcome;
  readonly code?: number;
  readonly error?: string;
  readonly result?: unknown;
  readonly meta?: unknown;
}

export interface ReadAnswer extends Answer {
  /** What was made of the whole tree that it told: of the node at the command's path. */
  readonly reading?: TreeReading;
}

export function answerOf(told: Told, command: LiveCommand, library: DdfLibrary): ReadAnswer {
  const ofObject =
    command.kind === 'exec' && told.code !== undefined ? outcomeOfExecStatus(command.family, told.code) : undefined;
  const outcome = ofObject ?? told.outcome;
  const answer = {
    outcome,
    code: told.code,
    error: told.message === undefined ? undefined : storableText(told.message),
  };
  const isRead = command.kind === 'get' || command.kind === 'getAccess';
  if (isRead && told.tree !== undefined) return { ...answer, ...readAnswer(told.tree, command, library, outcome) };
  // What a person did is told also where it was a refusal.
  const hasData = outcome === 'OK' || command.kind === 'show';
  const result = hasData ? (storable(told.data ?? null) ?? undefined) : undefined;
  return { ...answer, result, meta: told.secret === true ? SECRET_META : undefined };
}

/** What a get gives: the tree as JSON, or with depth 0 the names of an interior node's children. */
function readAnswer(
  tree: Tree,
  command: LiveCommand,
  library: DdfLibrary,
  outcome: Outcome,
): Pick<ReadAnswer, 'result' | 'meta' | 'reading'> {
  const { moid, path, request } = command;
  const depth = typeof request['depth'] === 'number' ? request['depth'] : undefined;
  const properties: [string, NodeProperties][] = [];
  const describes = moid !== null;
  const branch = describes ? library.at(moid, path) : NOWHERE;
  const each = tellsProperties(request['props'], properties);
  const isNames = depth === 0 && tree.value === undefined;
  const told = isNames ? { ...tree, children: tree.children ?? [] } : tree;
  const reading = readTree(told, branch, { depth, describes, path, each });
  const json = isNames ? namesOfChildren(tree, branch) : reading.json;
  const isThere = json !== undefined || tree.value !== undefined;
  return {
    // A value of null is as none.
    result: outcome === 'OK' ? (json ?? undefined) : undefined,
    meta: isThere ? metaOf(reading, json, properties) : undefined,
    ...(depth === undefined && describes ? { reading } : {}),
  };
}

/** Of whatever can be shown. */
function namesOfChildren(tree: Tree, branch: Branch): Json {
  return (tree.children ?? [])
    .map((child) => child.name)
    .filter((name) => isStorable(name) && isShown(branch.below(name).node))
    .sort();
}

/** Formats and types of a get's result, with the properties that were asked for. */
function metaOf(
  { shape }: TreeReading,
  json: Json | undefined,
  properties: readonly (readonly [string, NodeProperties])[],
): unknown {
  if (properties.length === 0) return shape === null ? {} : storeShape(shape);
  const meta = metaByPath(storeShape(shape), json) as Record<string, object>;
  for (const [path, told] of properties) setOwn(meta, path, { ...meta[path], properties: told });
  return meta;
}

function tellsProperties(
  wanted: unknown,
  properties: [string, NodeProperties][],
): ((path: string, node: Tree) => void) | undefined {
  if (!Array.isArray(wanted)) return undefined;
  return (path, node) => {
    const told = Object.entries(propertiesOf(node) ?? {}).filter(([name]) => wanted.includes(name));
    if (told.length > 0) properties.push([path, Object.fromEntries(told)]);
  };
}
