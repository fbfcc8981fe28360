/** Resolvers of what the DDFs add to the schema: generic, by what `extensions.moql` says that a field stands for. */
import type { GraphQLFieldConfigMap, GraphQLFieldResolver, GraphQLNamedType, GraphQLResolveInfo } from 'graphql';
import { isObjectType } from 'graphql';

import { moqlOf } from '../../schema/graphql/describe';
import { commandsOf } from '../../schema/graphql/input';
import { readField, rootSource } from '../../schema/graphql/read-field';
import type { GeneratedCommand, InputValue, MoFamily, MoqlExtension, MoSource } from '../../schema/graphql/types';
import type { CommandInput, DeviceView, MoView, OperationView, ValueInput } from '../management/types';
import { ManagementError } from '../management/types';
import { findDevice } from './authorize';
import type { RequestContext } from './context';
import type { MoInfoView } from './fixed/management-object';
import type { OperationControls } from './fixed/operation';
import { submit } from './fixed/operation';
import { freshObjects, type AgeArgs } from './freshness';

type Source = MoSource<MoInfoView>;
type Resolver<S> = GraphQLFieldResolver<S, RequestContext, Readonly<Record<string, unknown>>>;

/** Sets the resolvers of generated object types, before any schema has them. */
export function attachResolvers(types: readonly GraphQLNamedType[]): void {
  for (const type of types) {
    if (!isObjectType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      const moql = moqlOf(field);
      if (moql) field.resolve = resolverOf(moql) as Resolver<unknown>;
    }
  }
}

/** The same for fields that are to be put into Device and Mutation. */
export function withResolvers(
  fields: GraphQLFieldConfigMap<unknown, unknown>,
): GraphQLFieldConfigMap<unknown, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => {
      const moql = moqlOf({ extensions: field.extensions ?? {} });
      return [name, moql ? { ...field, resolve: resolverOf(moql) as GraphQLFieldResolver<unknown, unknown> } : field];
    }),
  );
}

function resolverOf(moql: MoqlExtension): Resolver<never> {
  switch (moql.kind) {
    case 'instance':
      return instanceResolver(moql.family) as Resolver<never>;
    case 'instances':
      return instancesResolver(moql.family) as Resolver<never>;
    case 'mutation':
      return mutationResolver(moql.mutation, moql.family) as Resolver<never>;
    case 'mo':
      return ((source: Source) => source.context) as Resolver<never>;
    default:
      return nodeResolver(moql) as Resolver<never>;
  }
}

/** A node below an MO's root. A value that its type cannot show is null with a warning. */
function nodeResolver(moql: MoqlExtension): Resolver<Source> {
  return (source, args, context, info) => {
    const read = readField(moql, source, args);
    if (read.misfit) context.warn('BAD_VALUE', info);
    return read.value;
  };
}

/** The one instance, or the one that is named. Null for what the device lacks; MO_AMBIGUOUS where several could be meant. */
function instanceResolver(family: MoFamily): Resolver<DeviceView> {
  return async (device, args, context, info) => {
    const miid = args['miid'] as string | null | undefined;
    const pick = (found: readonly MoView[]): readonly MoView[] => {
      if (miid != null) return found.filter((mo) => mo.miid === miid);
      if (found.length <= 1) return found;
      const miids = found.map((mo) => mo.miid);
      throw new ManagementError(
        'MO_AMBIGUOUS',
        `${device.deviceId} has ${miids.length} instances of ${family.name}: name one by miid.`,
        { miids },
      );
    };
    const [only] = await load(device, family, args, pick, context, info);
    return only ?? null;
  };
}

function instancesResolver(family: MoFamily): Resolver<DeviceView> {
  return (device, args, context, info) => load(device, family, args, (found) => found, context, info);
}

/** Instances as stored, read again where they are older than `maxAge`. DEVICE_UNREACHABLE when one has no value at all then. */
async function load(
  device: DeviceView,
  family: MoFamily,
  age: AgeArgs,
  pick: (found: readonly MoView[]) => readonly MoView[],
  context: RequestContext,
  info: GraphQLResolveInfo,
): Promise<readonly Source[]> {
  const { found, isUnknown, operation } = await freshObjects(device, family.family, age, context, pick);
  if (isUnknown) throw unreachable(device, family, operation);
  return found.map((one) => {
    if (age.maxAge != null && one.freshness === 'NEVER_READ') throw unreachable(device, family, one.operation);
    if (one.freshness === 'STALE') context.warn('STALE', info);
    return sourceOf(one);
  });
}

function sourceOf(info: MoInfoView): Source {
  return rootSource(info.mo.values, info, info.mo.version);
}

function unreachable(
  device: DeviceView,
  family: MoFamily,
  operation: OperationView | null | undefined,
): ManagementError {
  return new ManagementError(
    'DEVICE_UNREACHABLE',
    `No value of ${family.name} is stored, and ${device.deviceId} did not give one in time.`,
    {
      deviceId: device.deviceId,
      ...(operation ? { operationState: operation.state } : {}),
    },
  );
}

/** `replaceFumo` and its like: the same commands as submitOperation. */
function mutationResolver(kind: GeneratedCommand['kind'], family: MoFamily): Resolver<unknown> {
  return async (_source, args, context) => {
    const input = args['input'] as OperationControls & { readonly miid?: string | null };
    const version = await versionOnDevice(family, input, context);
    const made = commandsOf(kind, family, input as unknown as Readonly<Record<string, unknown>>, { version });
    if (!made.ok) throw new ManagementError(made.code, made.message, { path: made.path });
    return submit(
      input,
      made.commands.map((command) => requestOf(command, family, input.miid ?? null)),
      context,
    );
  };
}

/** Version of the instance that is meant, where it is known: names and access types may differ between versions. */
async function versionOnDevice(
  family: MoFamily,
  { deviceId, miid }: { readonly deviceId: string; readonly miid?: string | null },
  context: RequestContext,
): Promise<string | undefined> {
  const device = await findDevice(context, deviceId);
  const found = device ? await context.objects(device, family.family) : [];
  const mo = miid == null ? found[0] : found.find((candidate) => candidate.miid === miid);
  return mo?.version || undefined;
}

function requestOf({ kind, path, value }: GeneratedCommand, family: MoFamily, miid: string | null): CommandInput {
  const address = { moid: family.family, miid, path };
  return kind === 'delete' ? { kind, address } : { kind, address, ...(value ? { value: valueOf(value) } : {}) };
}

function valueOf({ format, mime, data }: InputValue): ValueInput {
  const type = { format, ...(mime === undefined ? {} : { type: mime }) };
  if (data === null) return type;
  if (typeof data === 'string') return { ...type, text: data };
  if (typeof data === 'boolean') return { ...type, bool: data };
  if (typeof data === 'bigint') return { ...type, int: data };
  if (typeof data === 'number') return format === 'float' ? { ...type, float: data } : { ...type, int: data };
  return { ...type, base64: Buffer.from(data).toString('base64') };
}
