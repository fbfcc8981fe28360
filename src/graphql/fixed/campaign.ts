/** Campaigns: one change to many devices. */
import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, FieldResolver, ID, Info, Int, Mutation, Query, Resolver, Root } from 'type-graphql';

import { cursorOf } from '../../management/campaigns/campaigns';
import type {
  CampaignDeviceView,
  CampaignFailure as CampaignFailureView,
  CampaignSample as CampaignSampleView,
  CampaignView,
  Progress,
} from '../../management/campaigns/types';
import type { DeviceView, OperationView } from '../../management/types';
import { findDeviceByKey, visibleOperation } from '../authorize';
import type { Connection } from '../connection';
import { paginate } from '../connection';
import type { RequestContext } from '../context';
import { CampaignDeviceState } from '../enums';
import { getKey, globalId, isNumber, findKey } from '../global-id';
import { CreateCampaignInput, campaignRequest, type RawCampaignInput } from './campaign-input';
import {
  Campaign,
  CampaignConnection,
  CampaignDevice,
  CampaignDeviceConnection,
  CampaignFailure,
  CampaignProgress,
  CampaignSample,
} from './campaign-type';
import { RawArg } from './device-filter';
import { Device } from './device-type';
import { Operation } from './operation';

const nullable = true;

/** Figures of all campaigns that a request asks for, by one statement. */
const progressLoaders = new WeakMap<RequestContext, DataLoader<string, Progress>>();

function progressOf(id: string, context: RequestContext): Promise<Progress> {
  const known = progressLoaders.get(context);
  const loader =
    known ??
    new DataLoader((ids: readonly string[]) => context.services.campaigns.progress(ids), {
      maxBatchSize: 500,
      cache: false,
    });
  if (known === undefined) progressLoaders.set(context, loader);
  return loader.load(id);
}

@Resolver(() => Campaign)
export class CampaignResolver {
  @FieldResolver(() => ID)
  id(@Root() campaign: CampaignView): string {
    return globalId('Campaign', campaign.id);
  }

  @FieldResolver(() => CampaignProgress, { description: 'Of a dry run all zero.' })
  async progress(@Root() campaign: CampaignView, @Ctx() context: RequestContext): Promise<CampaignProgress> {
    const figures = await progressOf(campaign.id || '0', context);
    return {
      queued: figures.QUEUED,
      inProgress: figures.IN_PROGRESS,
      succeeded: figures.SUCCEEDED,
      failed: figures.FAILED,
      timedOut: figures.TIMED_OUT,
      rejected: figures.REJECTED,
      cancelled: figures.CANCELLED,
    };
  }

  @FieldResolver(() => [CampaignFailure], {
    description: 'Devices that did not succeed, grouped; the most frequent first, at most 100 groups.',
  })
  async failures(
    @Root() campaign: CampaignView,
    @Ctx() { services }: RequestContext,
  ): Promise<readonly CampaignFailureView[]> {
    return campaign.id === '' ? [] : services.campaigns.failures(campaign.id);
  }

  @FieldResolver(() => [CampaignSample], { description: 'Of a dry run: some of the devices, at most 20.' })
  samples(@Root() campaign: CampaignView): readonly CampaignSampleView[] {
    return campaign.samples;
  }

  @FieldResolver(() => CampaignDeviceConnection, {
    description: 'Its devices, all or those in a state. `first` is 50 when left out, at most 500.',
  })
  async devices(
    @Root() campaign: CampaignView,
    @Ctx() { services }: RequestContext,
    @Arg('state', () => CampaignDeviceState, { nullable }) state?: keyof typeof CampaignDeviceState | null,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<CampaignDeviceView>> {
    return paginate('CampaignDevice', { first, after }, cursorOf, (size, from) =>
      services.campaigns.devices(campaign.id || '0', state ?? undefined, size, from),
    );
  }

  @Query(() => Campaign, { nullable, description: 'A campaign by its `id`; null when there is none.' })
  async campaign(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<CampaignView | null> {
    const key = findKey('Campaign', id);
    return key !== undefined && isNumber(key) ? services.campaigns.get(key, caller) : null;
  }

  @Query(() => CampaignConnection, {
    description:
      "Campaigns of the caller, an administrator's those of all; the latest first. `first` is 50 when left out, at most 500.",
  })
  async campaigns(
    @Ctx() { caller, services }: RequestContext,
    @Arg('first', () => Int, { nullable }) first?: number | null,
    @Arg('after', () => String, { nullable }) after?: string | null,
  ): Promise<Connection<CampaignView>> {
    return paginate(
      'Campaign',
      { first, after },
      ({ id }) => id,
      (size, from) => services.campaigns.list(caller, size, from),
    );
  }

  @Mutation(() => Campaign, {
    description:
      'Makes a campaign over the devices that are chosen now. The commands are judged for each device when its turn comes, by the rights that the caller has then. ' +
      'Errors: BAD_USER_INPUT, NOT_FOUND (deviceIds, repositoryItem), LIMIT_FILTER, LIMIT_PAGE_SIZE, and those of submitOperation that hold for any device.',
  })
  async createCampaign(
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('input') raw: RawCampaignInput,
    @Arg('input', () => CreateCampaignInput) _input: CreateCampaignInput,
  ): Promise<CampaignView> {
    const { caller, rights, services } = context;
    const grants = rights.grantsOf('READ');
    const sight = grants === undefined ? {} : { grants, reach: rights.seen };
    return services.campaigns.create(campaignRequest(raw, info.schema), sight, caller, rights);
  }

  @Mutation(() => Campaign, {
    description:
      'Starts no more devices until it is resumed; those that were started go on. Errors: NOT_FOUND, BAD_USER_INPUT when it is over.',
  })
  async pauseCampaign(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<CampaignView> {
    return services.campaigns.pause(getKey('Campaign', id), caller);
  }

  @Mutation(() => Campaign, { description: 'Goes on. Errors: NOT_FOUND, BAD_USER_INPUT when it is over.' })
  async resumeCampaign(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<CampaignView> {
    return services.campaigns.resume(getKey('Campaign', id), caller);
  }

  @Mutation(() => Campaign, {
    description:
      'Starts no more devices and takes back what devices have not got yet; what they have ends by itself. Errors: NOT_FOUND, BAD_USER_INPUT when it is over.',
  })
  async cancelCampaign(
    @Arg('id', () => ID) id: string,
    @Ctx() { caller, services }: RequestContext,
  ): Promise<CampaignView> {
    return services.campaigns.cancel(getKey('Campaign', id), caller);
  }
}

const HIDDEN = 'null when the caller may not know of it any more.';

@Resolver(() => CampaignDevice)
export class CampaignDeviceResolver {
  @FieldResolver(() => Device, { nullable, description: HIDDEN })
  async device(@Root() { device }: CampaignDeviceView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return findDeviceByKey(context, device);
  }

  @FieldResolver(() => Operation, { nullable, description: `null until its turn came. ${HIDDEN}` })
  async operation(
    @Root() { device: key, operation }: CampaignDeviceView,
    @Ctx() context: RequestContext,
  ): Promise<OperationView | null> {
    const device = operation === null ? null : await findDeviceByKey(context, key);
    if (operation === null || device === null) return null;
    const found = await context.services.operations.get(key, operation);
    if (found === null) return null;
    // Who sees the campaign made it, or is an administrator.
    const seen = visibleOperation(context, { ...found, caller: context.caller.principal }, device);
    return seen && { ...seen, caller: found.caller };
  }
}

@Resolver(() => CampaignFailure)
export class CampaignFailureResolver {
  @FieldResolver(() => [Device], { description: 'Some of them, at most 10.' })
  async sampleDevices(
    @Root() { devices }: CampaignFailureView,
    @Ctx() context: RequestContext,
  ): Promise<readonly DeviceView[]> {
    const found = await Promise.all(devices.map((key) => findDeviceByKey(context, key)));
    return found.filter((device) => device !== null);
  }
}

@Resolver(() => CampaignSample)
export class CampaignSampleResolver {
  @FieldResolver(() => Device, { nullable })
  async device(@Root() { device }: CampaignSampleView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return findDeviceByKey(context, device);
  }

  @FieldResolver(() => String, { nullable, description: 'Code of the error; null: they can be sent.' })
  code(@Root() { refusal }: CampaignSampleView): string | null {
    return refusal?.code ?? null;
  }

  @FieldResolver(() => String, { nullable })
  message(@Root() { refusal }: CampaignSampleView): string | null {
    return refusal?.message ?? null;
  }
}
