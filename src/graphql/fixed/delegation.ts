/** Server delegation (DM 1.3): other gateways, and what is delegated to them or by them. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import type { DelegationView, DeviceView, PeerView } from '../../management/types';
import { authorizeGateway } from '../authorize';
import type { Connection } from '../connection';
import { connectionType, paginate } from '../connection';
import type { RequestContext } from '../context';
import { DelegationDirection, DelegationState } from '../enums';
import { getKey, globalId } from '../global-id';
import { DateTimeScalar, DurationScalar } from '../scalars';
import { Device } from './device-type';

const nullable = true;

@ObjectType({ description: 'Another gateway that was introduced to this one.' })
export class Peer {
  @Field(() => String)
  readonly name!: string;
  @Field(() => String)
  readonly url!: string;
  @Field(() => String, { description: 'Where devices reach it.' })
  readonly deviceUrl!: string;
  @Field(() => String, {
    description: 'Its server identifier, by which it stands in ACLs of devices that are delegated to it.',
  })
  readonly serverId!: string;
  @Field(() => String, {
    nullable,
    description: 'Our server identifier on devices that it delegates; null: it may not.',
  })
  readonly ownServerId!: string | null;
  @Field(() => String, { nullable, description: 'Who gets READ, WRITE and EXECUTE on what it delegates.' })
  readonly grantTo!: string | null;
}

@InputType({ description: 'Another gateway. Both are introduced to one another, with the same secret.' })
export class CreatePeerInput {
  @Field(() => String)
  readonly name!: string;
  @Field(() => String, { description: 'Its address, such as `https://other.example`.' })
  readonly url!: string;
  @Field(() => String, { nullable, description: 'Where devices reach it; `url` with `/dm/1` when left out.' })
  readonly deviceUrl?: string | null;
  @Field(() => String, { description: 'Its server identifier.' })
  readonly serverId!: string;
  @Field(() => String, {
    nullable,
    description: 'Ours on devices that it delegates; left out: it may not delegate to us.',
  })
  readonly ownServerId?: string | null;
  @Field(() => String, { description: 'Shared by both, at least 16 characters, of this peering alone.' })
  readonly secret!: string;
  @Field(() => String, { nullable, description: '`key:ID`: who gets READ, WRITE and EXECUTE on what it delegates.' })
  readonly grantTo?: string | null;
}

@ObjectType({ description: 'Management of some objects of a device by another gateway, for a time.' })
export class Delegation {
  @Field(() => DelegationDirection)
  readonly direction!: string;
  @Field(() => DelegationState)
  readonly state!: string;
  @Field(() => String, { description: 'Name of the other gateway.' })
  readonly peer!: string;
  @Field(() => [String])
  readonly moids!: readonly string[];
  @Field(() => DateTimeScalar, { nullable, description: 'null: until it is ended.' })
  readonly until!: Date | null;
  @Field(() => String, { nullable, description: 'What went wrong.' })
  readonly problem!: string | null;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { nullable })
  readonly endedAt!: Date | null;
}

export const DelegationConnection = connectionType('Delegation', () => Delegation);

@InputType({ description: 'Management of some objects of a device, for another gateway.' })
export class DelegateManagementInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
  @Field(() => String, { description: 'Name of the other gateway.' })
  readonly peer!: string;
  @Field(() => [String], { description: 'All instances of these on the device.' })
  readonly moids!: readonly string[];
  @Field(() => DurationScalar, { nullable, description: 'Until it is ended when left out.' })
  readonly expiresIn?: number | null;
}

@Resolver(() => Peer)
export class PeerResolver {
  @FieldResolver(() => ID)
  id(@Root() peer: PeerView): string {
    return globalId('Peer', peer.id);
  }

  @Query(() => [Peer], { description: 'Other gateways. Needs MANAGE_ACCOUNTS.' })
  async peers(@Ctx() context: RequestContext): Promise<readonly PeerView[]> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return context.services.delegations.peers();
  }

  @Mutation(() => Peer, {
    description:
      'Introduces another gateway. Needs MANAGE_ACCOUNTS; with `grantTo` an administrator. Errors: BAD_USER_INPUT, ALREADY_EXISTS.',
  })
  async createPeer(
    @Arg('input', () => CreatePeerInput) input: CreatePeerInput,
    @Ctx() context: RequestContext,
  ): Promise<PeerView> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    // It gives rights to somebody, which MANAGE_ACCOUNTS does not.
    if (input.grantTo != null) authorizeGateway(context, 'DELEGATE');
    return context.services.delegations.createPeer(input, context.caller);
  }

  @Mutation(() => Peer, {
    description: 'Forgets another gateway. Errors: NOT_FOUND, IN_USE while something is delegated.',
  })
  async deletePeer(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<PeerView> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    return context.services.delegations.deletePeer(getKey('Peer', id), context.caller);
  }
}

@Resolver(() => Delegation)
export class DelegationResolver {
  @FieldResolver(() => ID)
  id(@Root() delegation: DelegationView): string {
    return globalId('Delegation', delegation.id);
  }

  @FieldResolver(() => Device)
  async device(@Root() delegation: DelegationView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceByKey(delegation.device);
  }

  @Query(() => DelegationConnection, {
    description:
      'What is delegated, in either direction, where the caller holds DELEGATE. `first` is 50 when left out, at most 500.',
  })
  async delegations(
    @Ctx() { caller, services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<DelegationView>> {
    return paginate(
      'Delegation',
      { first, after },
      (delegation) => delegation.id,
      (size, from) => services.delegations.list(caller, size, from),
    );
  }

  @Mutation(() => Delegation, {
    description:
      'Lets another gateway manage objects of a device. Needs DELEGATE on them. Errors: NOT_FOUND, FORBIDDEN, NO_SUCH_MO, NOT_SUPPORTED_BY_DEVICE, ALREADY_EXISTS, BAD_USER_INPUT, PEER_REFUSED.',
  })
  async delegateManagement(
    @Arg('input', () => DelegateManagementInput) { deviceId, peer, moids, expiresIn }: DelegateManagementInput,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<DelegationView> {
    return services.delegations.give({ deviceId, peer, moids, expiresInMs: expiresIn }, caller);
  }

  @Mutation(() => Delegation, {
    description:
      'Ends a delegation now, from either side; the giver takes the rights from the device at its next contact. Ending a FAILED one tries that again. Errors: NOT_FOUND.',
  })
  async endDelegation(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<DelegationView> {
    return services.delegations.end(getKey('Delegation', id), caller);
  }
}
