/** The schema that is served now. It follows the DDFs; requests that are under way keep the one they began with. */
import type { ApolloServerOptionsWithGateway, BaseContext } from '@apollo/server';
import type { ExecutionResult } from 'graphql';

import type { DdfLibrary } from '../../schema/ddf/library';
import type { Ddfs, SchemaChange } from '../management/types';
import { ManagementError } from '../management/types';
import type { RequestContext } from './context';
import { Introspection } from './introspection';
import type { BuiltSchema } from './schema';
import { SchemaBuilder } from './schema';
import { changesInSteps } from './schema-changes';
import { sdlPage, type SdlPage } from './sdl-page';
import { inTurns } from '../management/steps';

type Gateway = ApolloServerOptionsWithGateway<BaseContext>['gateway'];
type Listener = Parameters<Gateway['onSchemaLoadOrUpdate']>[0];
type Executor = NonNullable<Awaited<ReturnType<Gateway['load']>>['executor']>;
type Names = Readonly<Record<string, string>>;

/** Executes what a context was prepared for. */
export type Execute = (context: RequestContext) => Promise<ExecutionResult>;

/** Told when a schema could not be built, so that the one before stays. */
export type SchemaLog = (error: unknown) => void;

export class LiveSchema {
  readonly introspection = new Introspection();
  private readonly builder = new SchemaBuilder();
  private built: BuiltSchema;
  private readonly listeners = new Set<Listener>();
  private readonly stopListening: () => void;
  /** What the guard built beside the one that is live. */
  private readonly ready = new WeakMap<DdfLibrary, BuiltSchema>();
  private readonly pages = new WeakMap<BuiltSchema, Promise<SdlPage>>();

  /** @throws Error when the first schema cannot be built */
  constructor(
    private readonly ddfs: Ddfs,
    private readonly log: SchemaLog = () => undefined,
  ) {
    this.built = this.builder.build(ddfs.library(), ddfs.names());
    ddfs.setGuard((library, names) => this.judge(library, names));
    this.stopListening = ddfs.onChange(() => this.follow());
  }

  get current(): BuiltSchema {
    return this.built;
  }

  /** The SDL as it is sent; printed once for each schema. */
  page(): Promise<SdlPage> {
    const { built } = this;
    const known = this.pages.get(built);
    if (known) return known;
    const page = sdlPage(built.schema);
    this.pages.set(built, page);
    return page;
  }

  /** What Apollo Server asks for the schema and for execution. */
  gateway(execute: Execute): Gateway {
    const executor = ({ context }: { readonly context: RequestContext }): Promise<ExecutionResult> => execute(context);
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

  /** Builds the schema of a library and refuses families that cannot stand beside those that are there. */
  private async judge(library: DdfLibrary, names: Names): Promise<readonly SchemaChange[]> {
    const built = await this.builder.buildInTurns(library, names);
    this.ready.set(library, built);
    const known = new Set(this.built.refusals.flatMap((refusal) => refusal.families));
    const refusal = built.refusals.find(({ families }) => families.some((family) => !known.has(family)));
    if (refusal) {
      throw new ManagementError('DDF_REFUSED', `${refusal.message}.`, {
        reason: refusal.code,
        families: refusal.families,
      });
    }
    return inTurns(changesInSteps(this.built.schema, built.schema));
  }

  private follow(): void {
    try {
      const library = this.ddfs.library();
      this.built = this.ready.get(library) ?? this.builder.build(library, this.ddfs.names());
    } catch (error) {
      this.log(error);
      return;
    }
    for (const listener of this.listeners) this.tell(listener);
  }

  private tell(listener: Listener): void {
    listener({ apiSchema: this.built.schema, coreSupergraphSdl: '' });
  }
}
