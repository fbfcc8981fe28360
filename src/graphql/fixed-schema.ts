/** The part of the schema that no DDF changes, made by type-graphql from its classes. */
import 'reflect-metadata';

import type { GraphQLSchema } from 'graphql';
import { isInputObjectType } from 'graphql';
import { buildSchemaSync } from 'type-graphql';

import { ApiKeyResolver, CredentialResolver, GrantResolver } from './fixed/access';
import { AccountResolver } from './fixed/account';
import { AuditResolver } from './fixed/audit';
import { AccountBootstrapResolver } from './fixed/account-bootstrap';
import { BootstrapResolver } from './fixed/bootstrap';
import {
  CampaignDeviceResolver,
  CampaignFailureResolver,
  CampaignResolver,
  CampaignSampleResolver,
} from './fixed/campaign';
import { CommandResolver } from './fixed/command';
import { DdfResolver } from './fixed/ddf';
import { DelegationResolver, PeerResolver } from './fixed/delegation';
import { DeviceResolver } from './fixed/device';
import { DeviceActivityResolver } from './fixed/device-activity';
import { DeviceListResolver } from './fixed/device-list';
import { CommandExchangeResolver } from './fixed/exchange';
import { AccessExplanationResolver } from './fixed/explain-access';
import {
  ContactExplanationResolver,
  DeviceExplainResolver,
  OperationExplainResolver,
  OperationExplanationResolver,
  ReadExplanationResolver,
} from './fixed/explain';
import { HistoryResolver, ValueChangeResolver } from './fixed/history';
import { ImportResolver } from './fixed/import';
import { IndexedNodeResolver } from './fixed/indexed-node';
import { SubscriptionResolver } from './fixed/live';
import { ManagementObjectResolver, MoInfo, MoInfoResolver, TreeNodeResolver } from './fixed/management-object';
import { NodeResolver } from './fixed/node';
import { NotificationResolver } from './fixed/notification';
import { OperationResolver } from './fixed/operation';
import { AlertResolver, EventResolver } from './fixed/report';
import { ProfileDeviceResolver, ProfileDriftResolver, ProfileResolver } from './fixed/profile';
import { DeviceProfilesResolver } from './fixed/profile-of-device';
import { RepositoryItemResolver } from './fixed/repository';
import { RuleResolver } from './fixed/rule';
import { ManagementObjectSubscriptionResolver, SubscribedObjectResolver } from './fixed/subscription';
import { DeviceWakeUpResolver, WakeUpResolver } from './fixed/wake-up';
import { DeadLetterResolver, WebhookResolver } from './fixed/webhook';

/** Asked for by type-graphql; each subscription here names its own source. */
const NO_TOPICS = {
  publish: () => undefined,
  subscribe: (): never => {
    throw new Error('there are no topics');
  },
};

/** A new schema at each call: its types may be added to until it is used. */
export function buildFixedSchema(): GraphQLSchema {
  putParametersInOrder();
  const schema = buildSchemaSync({
    resolvers: [
      NodeResolver,
      AccessExplanationResolver,
      AccountResolver,
      DeviceResolver,
      DeviceListResolver,
      DeviceActivityResolver,
      IndexedNodeResolver,
      ManagementObjectResolver,
      TreeNodeResolver,
      SubscribedObjectResolver,
      ManagementObjectSubscriptionResolver,
      MoInfoResolver,
      OperationResolver,
      CommandResolver,
      DdfResolver,
      AlertResolver,
      EventResolver,
      ApiKeyResolver,
      GrantResolver,
      ImportResolver,
      AuditResolver,
      CredentialResolver,
      NotificationResolver,
      AccountBootstrapResolver,
      BootstrapResolver,
      PeerResolver,
      DelegationResolver,
      RepositoryItemResolver,
      ValueChangeResolver,
      HistoryResolver,
      WebhookResolver,
      DeadLetterResolver,
      SubscriptionResolver,
      WakeUpResolver,
      DeviceWakeUpResolver,
      CampaignResolver,
      CampaignDeviceResolver,
      CampaignFailureResolver,
      CampaignSampleResolver,
      CommandExchangeResolver,
      OperationExplainResolver,
      OperationExplanationResolver,
      DeviceExplainResolver,
      ContactExplanationResolver,
      ReadExplanationResolver,
      ProfileResolver,
      ProfileDeviceResolver,
      ProfileDriftResolver,
      DeviceProfilesResolver,
      RuleResolver,
    ],
    pubSub: NO_TOPICS,
    orphanedTypes: [MoInfo],
    validate: false,
    skipCheck: true,
  });
  // type-graphql has no word for @oneOf.
  for (const name of ['CommandInput', 'DeviceGroup']) {
    const type = schema.getType(name);
    if (isInputObjectType(type)) type.isOneOf = true;
  }
  return schema;
}

/** Decorators of parameters run from the last to the first, and type-graphql shows arguments as it finds them. */
function putParametersInOrder(): void {
  const { TypeGraphQLMetadataStorage: known } = globalThis as {
    readonly TypeGraphQLMetadataStorage?: { readonly params: { readonly index: number }[] };
  };
  if (known === undefined) throw new Error('type-graphql keeps what decorators say elsewhere');
  known.params.sort((one, other) => one.index - other.index);
}
