/** What is told of every management object, typed or not. */
import { Arg, Ctx, Field, FieldResolver, ID, InputType, Int, Mutation, ObjectType, Resolver, Root } from 'type-graphql';

import type { DmFormat as DmFormatName } from '../../../adapters/adapter';
import { nodesOf, type NodeView } from '../../management/node-view';
import { scopedDevice } from '../../management/readable';
import type {
  AccessEntry as AccessEntryView,
  DeviceView,
  MoView,
  ObservedAcl as ObservedAclView,
  OperationView,
} from '../../management/types';
import { authorizeDevice, noSuchDevice } from '../authorize';
import type { RequestContext } from '../context';
import { DmFormat, Freshness, RecognisedBy } from '../enums';
import { DateTimeScalar, JsonScalar } from '../scalars';
import { ObservedAcl } from './acl';
import { AccessEntry } from './dac';
import { Device } from './device-type';
import { Operation } from './operation';

const nullable = true;

@ObjectType({ description: 'A management object as it is stored.' })
export class ManagementObject {
  @Field(() => String, { description: 'MOID with its version; the place of the root where no MOID is known.' })
  readonly moid!: string;
  @Field(() => String, { description: 'Instance on this device; opaque.' })
  readonly miid!: string;
  @Field(() => String, { description: 'Empty when it is not known.' })
  readonly version!: string;
  @Field(() => JsonScalar, {
    nullable,
    description: 'Nodes by their raw names; bin and b64 as Base64 text, integers beyond 2^53−1 as decimal text.',
  })
  readonly values!: unknown;
  @Field(() => DateTimeScalar, { nullable, description: 'When a value of it was last seen; null: never.' })
  readonly observedAt!: Date | null;
  @Field(() => RecognisedBy, { description: 'How it is known what it is.' })
  readonly recognisedBy!: keyof typeof RecognisedBy;
}

@ObjectType({ description: 'A node of a management object, with what the device told of it beside its value.' })
export class TreeNode {
  @Field(() => String, { description: "Raw node names below the MO's root joined by `/`; empty: the root." })
  readonly path!: string;
  @Field(() => String, {
    description: "Its Name property, else the last name of its path; empty: the root's was not told.",
  })
  readonly name!: string;
  @Field(() => DmFormat)
  readonly format!: DmFormatName;
  @Field(() => String, { nullable, description: 'MIME type of a leaf, MOID of an interior node.' })
  readonly type!: string | null;
  @Field(() => String, { nullable })
  readonly title!: string | null;
  @Field(() => String, {
    nullable,
    description: "When it was last changed, by the device's clock: ISO 8601, basic format.",
  })
  readonly tStamp!: string | null;
  @Field(() => Int, { nullable, description: 'Counts the changes of its value.' })
  readonly verNo!: number | null;
  @Field(() => Int, { nullable, description: 'Octets of its value, as the device counts them.' })
  readonly size!: number | null;
  @Field(() => JsonScalar, { nullable, description: "A leaf's scalar; null for an interior node." })
  readonly value!: unknown;
}

/** A node, and whose it is. */
interface TreeNodeView extends NodeView {
  readonly mo: MoView;
}

@Resolver(() => TreeNode)
export class TreeNodeResolver {
  @FieldResolver(() => String, {
    nullable,
    description: 'Its access control list as it was last seen; null without the right DELEGATE.',
  })
  async acl(@Root() { acl, path, mo }: TreeNodeView, @Ctx() context: RequestContext): Promise<string | null> {
    if (acl === null) return null;
    const device = await context.deviceByKey(mo.device);
    if (device === null) return null;
    return context.rights.at('DELEGATE', scopedDevice(device), { family: mo.family, path }) ? acl : null;
  }
}

/** An object, and what was done to have it fresh. */
export type ManagementObjectView = MoView & Partial<Pick<MoInfoView, 'freshness' | 'operation'>>;

@InputType({ description: 'Which management object a node of a device is the root of.' })
export class RecogniseManagementObjectInput {
  @Field(() => ID)
  readonly deviceId!: string;
  @Field(() => String, { description: 'LocURI of the node, such as `./Vendor/Acme/Meter`.' })
  readonly location!: string;
  @Field(() => String, {
    nullable,
    description: 'MOID, with its version where it has one; null: forget what was said.',
  })
  readonly moid?: string | null;
}

@Resolver(() => ManagementObject)
export class ManagementObjectResolver {
  @FieldResolver(() => [TreeNode], {
    description:
      'Its nodes one by one, each before those below it. `first` is 500 when left out, at most 5000; more come with `after`, the path of the last one.',
  })
  nodes(
    @Root() mo: MoView,
    @Ctx() { services }: RequestContext,
    @Arg('path', () => String, { nullable, defaultValue: '' }) path?: string | null,
    @Arg('depth', () => Int, { nullable, description: 'Levels below `path`; all when left out.' })
    depth?: number | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): readonly TreeNodeView[] {
    return nodesOf(mo, { path, depth, first, after }, services.ddfs.library()).map((node) => ({ ...node, mo }));
  }

  @Mutation(() => Device, {
    description:
      'Says which management object a node is the root of, for devices that do not tell or tell wrongly. It counts at once, and for every later discovery until `moid: null` takes it back. Errors: NOT_FOUND, BAD_USER_INPUT, NOT_SUPPORTED_BY_DEVICE.',
  })
  async recogniseManagementObject(
    @Arg('input', () => RecogniseManagementObjectInput) { deviceId, location, moid }: RecogniseManagementObjectInput,
    @Ctx() context: RequestContext,
  ): Promise<DeviceView> {
    await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    await context.services.devices.recognise({ deviceId, location, moid: moid ?? null }, context.caller);
    context.reload();
    const device = await context.deviceById(deviceId);
    if (device === null) throw noSuchDevice(deviceId);
    return device;
  }

  @FieldResolver(() => String, { nullable, description: 'LocURI of its root on a DM 1.x device.' })
  location(@Root() mo: MoView): string | null {
    return mo.place;
  }

  @FieldResolver(() => Freshness, { description: 'How the values stand to the `maxAge` that was asked for.' })
  freshness(@Root() mo: ManagementObjectView): keyof typeof Freshness {
    return mo.freshness ?? (mo.observedAt === null ? 'NEVER_READ' : 'FRESH');
  }

  @FieldResolver(() => Operation, {
    nullable,
    description: 'The operation that this query made to read the values again, if it did.',
  })
  operation(@Root() mo: ManagementObjectView): OperationView | null {
    return mo.operation ?? null;
  }

  @FieldResolver(() => [ObservedAcl], {
    description:
      'Access control lists of its nodes as they were seen last, in order of path; those alone on which DELEGATE is held.',
  })
  async acls(@Root() mo: MoView, @Ctx() context: RequestContext): Promise<readonly ObservedAclView[]> {
    const device = await context.deviceByKey(mo.device);
    return device === null ? [] : context.acls(device, mo);
  }

  @FieldResolver(() => [AccessEntry], {
    nullable,
    description:
      'Who may do what with it on a DM 2.0 device, as its access-control object was seen last; null where that says nothing of it, and without the right DELEGATE on it.',
  })
  async access(@Root() mo: MoView, @Ctx() context: RequestContext): Promise<readonly AccessEntryView[] | null> {
    const device = await context.deviceByKey(mo.device);
    return device === null ? null : context.access(device, mo);
  }
}

/** Value behind the field `mo` of generated types. */
export interface MoInfoView {
  readonly mo: MoView;
  readonly freshness: keyof typeof Freshness;
  /** The operation that this query made to read the values again. */
  readonly operation: OperationView | null;
}

@ObjectType({ description: 'What the gateway knows of a management object beside its values.' })
export class MoInfo {
  @Field(() => Freshness, { description: 'How the values stand to the `maxAge` that was asked for.' })
  readonly freshness!: keyof typeof Freshness;
}

@Resolver(() => MoInfo)
export class MoInfoResolver {
  @FieldResolver(() => String, { description: 'MOID with its version; the place of the root where no MOID is known.' })
  moid(@Root() { mo }: MoInfoView): string {
    return mo.moid;
  }

  @FieldResolver(() => String, { description: 'Instance on this device; opaque.' })
  miid(@Root() { mo }: MoInfoView): string {
    return mo.miid;
  }

  @FieldResolver(() => String, { description: 'Empty when it is not known.' })
  version(@Root() { mo }: MoInfoView): string {
    return mo.version;
  }

  @FieldResolver(() => DateTimeScalar, { nullable, description: 'When a value of it was last seen; null: never.' })
  observedAt(@Root() { mo }: MoInfoView): Date | null {
    return mo.observedAt;
  }

  @FieldResolver(() => String, { nullable, description: 'LocURI of its root on a DM 1.x device.' })
  location(@Root() { mo }: MoInfoView): string | null {
    return mo.place;
  }

  @FieldResolver(() => RecognisedBy, { description: 'How it is known what it is.' })
  recognisedBy(@Root() { mo }: MoInfoView): keyof typeof RecognisedBy {
    return mo.recognisedBy;
  }

  @FieldResolver(() => Operation, {
    nullable,
    description: 'The operation that this query made to read the values again, if it did.',
  })
  operation(@Root() { operation }: MoInfoView): OperationView | null {
    return operation;
  }
}
