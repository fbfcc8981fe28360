/** Answers to questions about the schema itself: made once for each schema and query, in steps, and kept as it is sent. */
import type {
  DocumentNode,
  ExecutionArgs,
  ExecutionResult,
  FieldNode,
  FormattedExecutionResult,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { Kind, execute } from 'graphql';

import { inTurns, type Steps } from '../management/steps';

type Asked = Pick<ExecutionArgs, 'schema' | 'document' | 'operationName' | 'variableValues'> & {
  /** Of the document. */
  readonly text: string;
};
type Data = NonNullable<ExecutionResult['data']>;

/** Different queries whose answers are kept for a schema; tools send one or two. */
const KEPT = 4;
/** Types that are described in one step. */
const BATCH = 10;

export class Introspection {
  private readonly answers = new WeakMap<GraphQLSchema, Map<string, Promise<ExecutionResult>>>();
  private readonly octets = new WeakMap<object, Buffer>();
  /** Answers that are on their way out, by the mark that stands for them. */
  private readonly leaving = new Map<string, Buffer>();
  private marks = 0;

  /** Undefined for a query that asks for more than the schema. */
  answer(asked: Asked): Promise<ExecutionResult> | undefined {
    const operation = introspectionOf(asked);
    if (!operation) return undefined;
    const key = keyOf(asked);
    let kept = this.answers.get(asked.schema);
    if (!kept) this.answers.set(asked.schema, (kept = new Map()));
    const known = kept.get(key);
    if (known) return known;
    const answer = this.make(asked, operation);
    kept.set(key, answer);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return answer;
  }

  /**
   * A short text in the place of a whole answer that is kept, to be given to `take` when it is sent: it has some megabytes,
   * which are not to be encoded again for each request. Undefined for every other answer.
   */
  markOf({ data, errors, extensions }: FormattedExecutionResult): string | undefined {
    const octets = data && !errors && !extensions ? this.octets.get(data) : undefined;
    if (!octets) return undefined;
    // No JSON begins so.
    const mark = `introspection ${++this.marks}`;
    this.leaving.set(mark, octets);
    return mark;
  }

  /** The answer that a mark stands for, once; undefined for what is none. */
  take(mark: unknown): Buffer | undefined {
    const octets = typeof mark === 'string' && mark.startsWith('introspection ') ? this.leaving.get(mark) : undefined;
    if (octets) this.leaving.delete(mark as string);
    return octets;
  }

  private async make(asked: Asked, operation: OperationDefinitionNode): Promise<ExecutionResult> {
    const schemaField = onlyField(operation.selectionSet, '__schema');
    const typesField = schemaField?.selectionSet && onlyField(schemaField.selectionSet, 'types', true);
    const octets =
      schemaField && typesField?.selectionSet
        ? await inTurns(describeInSteps(asked, operation, schemaField, typesField))
        : undefined;
    if (octets === undefined) return execute(asked);
    const data = lazily(octets);
    this.octets.set(data, octets);
    return { data };
  }
}

/** The operation, if it asks for the schema and for nothing else. */
function introspectionOf({ document, operationName }: Asked): OperationDefinitionNode | undefined {
  let found: OperationDefinitionNode | undefined;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    if (operationName != null && definition.name?.value !== operationName) continue;
    if (found) return undefined;
    found = definition;
  }
  if (found?.operation !== 'query') return undefined;
  const isPure = found.selectionSet.selections.every(
    (selection) => selection.kind === Kind.FIELD && /^__(?:schema|type)$/.test(selection.name.value),
  );
  return isPure ? found : undefined;
}

function keyOf({ text, operationName, variableValues }: Asked): string {
  return JSON.stringify([operationName ?? null, variableValues ?? null, text]);
}

/** The one field of this name, where nothing but plain fields stands beside it (or, with `amongOthers`, no other fragment). */
function onlyField(set: SelectionSetNode, name: string, amongOthers = false): FieldNode | undefined {
  const fields = set.selections.filter((selection): selection is FieldNode => selection.kind === Kind.FIELD);
  if (fields.length !== set.selections.length || (!amongOthers && fields.length !== 1)) return undefined;
  const [found, ...more] = fields.filter((field) => field.name.value === name);
  if (!found || more.length > 0 || (found.directives?.length ?? 0) > 0) return undefined;
  const key = keyOfField(found);
  return fields.filter((field) => keyOfField(field) === key).length === 1 ? found : undefined;
}

function keyOfField({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}

/**
 * The answer as it is sent. All but the types is asked for in one go, with a mark where they belong; the types follow in batches.
 *
 * @returns undefined when some part of it is an error, which the plain execution then tells
 */
function* describeInSteps(
  asked: Asked,
  operation: OperationDefinitionNode,
  schemaField: FieldNode,
  typesField: FieldNode,
): Steps<Buffer | undefined> {
  const fragments = asked.document.definitions.filter(({ kind }) => kind === Kind.FRAGMENT_DEFINITION);
  const run = (selectionSet: SelectionSetNode): Data | undefined => {
    const document: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: [{ ...operation, selectionSet }, ...fragments],
    };
    const result = execute({ ...asked, document });
    return 'errors' in result || !('data' in result) ? undefined : (result.data ?? undefined);
  };
  const key = keyOfField(typesField);
  const mark: FieldNode = {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: key },
    name: { kind: Kind.NAME, value: '__typename' },
  };
  const around = run(
    setOf({
      ...schemaField,
      selectionSet: setOf(
        ...(schemaField.selectionSet?.selections ?? []).map((one) => (one === typesField ? mark : (one as FieldNode))),
      ),
    }),
  )?.[keyOfField(schemaField)] as Readonly<Record<string, unknown>> | undefined;
  if (!around) return undefined;
  yield undefined;
  const members = Object.entries(around).map(
    ([name, value]) => [name, `${JSON.stringify(name)}:${name === key ? '[' : JSON.stringify(value)}`] as const,
  );
  const before = members.findIndex(([name]) => name === key) + 1;
  const text = (some: typeof members): string => some.map(([, member]) => member).join(',');
  const head = `{"data":{${JSON.stringify(keyOfField(schemaField))}:{${text(members.slice(0, before))}`;
  const rest = members.slice(before);
  const chunks = [Buffer.from(head)];
  const names = Object.keys(asked.schema.getTypeMap());
  for (let from = 0; from < names.length; from += BATCH) {
    const described = run(
      setOf(...names.slice(from, from + BATCH).map((name, i) => typeField(`t${i}`, name, typesField.selectionSet))),
    );
    if (!described) return undefined;
    const types = Object.values(described).map((type) => JSON.stringify(type));
    chunks.push(Buffer.from(`${from === 0 ? '' : ','}${types.join(',')}`));
    yield undefined;
  }
  chunks.push(Buffer.from(`]${rest.length === 0 ? '' : `,${text(rest)}`}}}}\n`));
  return Buffer.concat(chunks);
}

function setOf(...selections: readonly FieldNode[]): SelectionSetNode {
  return { kind: Kind.SELECTION_SET, selections };
}

/** `alias: __type(name: "…") { … }` */
function typeField(alias: string, name: string, selectionSet: SelectionSetNode | undefined): FieldNode {
  return {
    kind: Kind.FIELD,
    alias: { kind: Kind.NAME, value: alias },
    name: { kind: Kind.NAME, value: '__type' },
    arguments: [
      {
        kind: Kind.ARGUMENT,
        name: { kind: Kind.NAME, value: 'name' },
        value: { kind: Kind.STRING, value: name },
      },
    ],
    selectionSet,
  };
}

/** Data that are parsed only for somebody who looks into them: what is sent is the octets. */
function lazily(octets: Buffer): Data {
  let parsed: Data | undefined;
  const read = (): Data => (parsed ??= (JSON.parse(octets.toString()) as { readonly data: Data }).data);
  return new Proxy<Data>(
    {},
    {
      get: (_target, name) => Reflect.get(read(), name) as unknown,
      has: (_target, name) => Reflect.has(read(), name),
      ownKeys: () => Reflect.ownKeys(read()),
      getOwnPropertyDescriptor: (_target, name) => Reflect.getOwnPropertyDescriptor(read(), name),
    },
  );
}
