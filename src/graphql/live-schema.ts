/** The schema that is served now. It follows the DDFs; requests that are under way keep the one they began with. */
import type { ApolloServerOptionsWithGateway, BaseContext } from '@apollo/server';
import type { DocumentNode, ExecutionResult, GraphQLSchema } from 'graphql';
import { execute } from 'graphql';

import type { DdfLibrary } from '../../schema/ddf/library';
import type { Ddfs } from '../management/types';
import { ManagementError } from '../management/types';
import type { BuiltSchema } from './schema';
import { buildSchema } from './schema';

type Gateway = ApolloServerOptionsWithGateway<BaseContext>['gateway'];
type Listener = Parameters<Gateway['onSchemaLoadOrUpdate']>[0];
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;

/** Told when a schema could not be built, so that the one before stays. */
export type SchemaLog = (error: unknown) => void;

export class LiveSchema {
  private built: BuiltSchema;
  private readonly listeners = new Set<Listener>();
  private readonly stopListening: () => void;
  /** What the guard built last: it is what goes live when the store takes the change. */
  private judged?: { readonly library: DdfLibrary; readonly names: string; readonly built: BuiltSchema };

  /** @throws Error when the first schema cannot be built */
  constructor(
    private readonly ddfs: Ddfs,
    private readonly log: SchemaLog = () => undefined,
  ) {
    this.built = this.build(ddfs.library(), ddfs.names());
    ddfs.setGuard((library, names) => this.judge(library, names));
    this.stopListening = ddfs.onChange(() => this.follow());
  }

  get current(): BuiltSchema {
    return this.built;
  }

  /** What Apollo Server asks for the schema and for execution. */
  gateway(): Gateway {
    return {
      load: () => Promise.resolve({ executor: executor as unknown as Executor }),
      onSchemaLoadOrUpdate: (listener) => {
        this.listeners.add(listener);
        this.tell(listener);
        return () => this.listeners.delete(listener);
      },
      stop: () => {
        this.stopListening();
        this.listeners.clear();
        return Promise.resolve();
      },
    };
  }

  /** Refuses DDFs whose families cannot stand beside those that are there. */
  private judge(library: DdfLibrary, names: Readonly<Record<string, string>>): void {
    const built = this.build(library, names);
    const known = new Set(this.built.refusals.flatMap((refusal) => refusal.families));
    const refusal = built.refusals.find(({ families }) => families.some((family) => !known.has(family)));
    if (refusal) {
      throw new ManagementError('DDF_REFUSED', `${refusal.message}.`, {
        reason: refusal.code,
        families: refusal.families,
      });
    }
    this.judged = { library, names: JSON.stringify(names), built };
  }

  private follow(): void {
    try {
      const next = this.build(this.ddfs.library(), this.ddfs.names());
      if (next === this.built) return;
      this.built = next;
    } catch (error) {
      this.log(error);
      return;
    } finally {
      this.judged = undefined;
    }
    for (const listener of this.listeners) this.tell(listener);
  }

  private build(library: DdfLibrary, names: Readonly<Record<string, string>>): BuiltSchema {
    const { judged } = this;
    if (judged?.library === library && judged.names === JSON.stringify(names)) return judged.built;
    return buildSchema(library, names);
  }

  private tell(listener: Listener): void {
    listener({ apiSchema: this.built.schema, coreSupergraphSdl: '' });
  }
}

/** What the executor reads of Apollo's request context; the schema is that which the request began with. */
interface Running {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly request: { readonly variables?: Readonly<Record<string, unknown>>; readonly operationName?: string | null };
  readonly context: unknown;
}

async function executor({ schema, document, request, context }: Running): Promise<ExecutionResult> {
  return execute({
    schema,
    document,
    operationName: request.operationName,
    variableValues: request.variables,
    contextValue: context,
  });
}
