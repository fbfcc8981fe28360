/** Enums of the fixed part. The object's keys are the names in GraphQL, its values what the middle uses. */
import { registerEnumType } from 'type-graphql';

import type {
  CredentialType as Credential,
  DmFormat as Format,
  DmProtocol as Protocol,
  Outcome as Outcomes,
  RecognisedBy as Recognised,
  ShowInputType as ShownInput,
  ShowKind as Shown,
} from '../../adapters/adapter';
import type { FailureKind } from '../management/campaigns/thresholds';
import type {
  CampaignDeviceState as CampaignDeviceStates,
  CampaignState as CampaignStates,
  CampaignVerdict as CampaignVerdicts,
} from '../management/campaigns/types';
import { WEEKDAYS } from '../management/campaigns/windows';
import { PROFILE_DEVICE_STATES, type ProfileState as ProfileStates } from '../management/profiles/types';
import type { PropertyName } from '../management/node-properties';
import type { SubscriptionState as SubscriptionStates } from '../management/subscription-state';
import type {
  AccessRight,
  CommandState as CommandStates,
  NorthboundKind,
  OperationState as OperationStates,
} from '../management/types';

/** An enum whose names and values are the same. */
export function same<T extends string>(...names: readonly T[]): { readonly [K in T]: K } {
  return Object.fromEntries(names.map((name) => [name, name])) as { readonly [K in T]: K };
}

export const DmProtocol = same<Protocol>('DM_1_1_2', 'DM_1_2', 'DM_1_3', 'DM_2_0');
registerEnumType(DmProtocol, {
  name: 'DmProtocol',
  description: 'Version of OMA Device Management that a device speaks.',
});

export const CredentialType = same<Credential>('NONE', 'BASIC', 'DIGEST_MD5', 'HMAC', 'HTTP_DIGEST', 'X509', 'PSK');
registerEnumType(CredentialType, {
  name: 'CredentialType',
  description: 'How one side proves to the other who it is.',
  valuesConfig: {
    NONE: { description: 'It proves nothing.' },
    BASIC: { description: 'User name and password (DM 1.x `syncml:auth-basic`, HTTP Basic on DM 2.0).' },
    DIGEST_MD5: { description: 'MD5 over user name, password and nonce (DM 1.x `syncml:auth-md5`).' },
    HMAC: { description: 'HMAC-MD5 over each message (DM 1.x `syncml:auth-MAC`).' },
    HTTP_DIGEST: { description: 'HTTP Digest: DM 2.0, and the DM 1.x clients that speak it.' },
    X509: { description: 'TLS certificate; the secret is its SHA-256 in hexadecimal.' },
    PSK: { description: 'TLS pre-shared key.' },
  },
});

export const GrantScope = same('ALL', 'DEVICE', 'ACCOUNT', 'TAG', 'FILTER');
registerEnumType(GrantScope, {
  name: 'GrantScope',
  description: 'On which devices a grant holds.',
  valuesConfig: {
    ALL: { description: 'All of them.' },
    DEVICE: { description: 'One.' },
    ACCOUNT: { description: 'Those of an account.' },
    TAG: { description: 'Those with a tag.' },
    FILTER: { description: 'Those that fit a condition.' },
  },
});

export const ImportOutcome = same('CREATED', 'UPDATED', 'UNCHANGED', 'REFUSED');
registerEnumType(ImportOutcome, {
  name: 'ImportOutcome',
  description: 'What became of a record that was imported.',
  valuesConfig: {
    CREATED: { description: 'It was not there, and is now.' },
    UPDATED: { description: 'It was there, and says now what the record says.' },
    UNCHANGED: { description: 'It was there and said that already.' },
    REFUSED: { description: 'Nothing was done; `code` and `message` tell why.' },
  },
});

export const CredentialDirection = same('CLIENT', 'SERVER');
registerEnumType(CredentialDirection, {
  name: 'CredentialDirection',
  description: 'Whose credential it is.',
  valuesConfig: {
    CLIENT: { description: 'What devices present to the gateway.' },
    SERVER: { description: 'What the gateway presents to devices.' },
  },
});

export const ShowType = same<Shown>('DISPLAY', 'CONFIRM', 'TEXT', 'SINGLE_CHOICE', 'MULTIPLE_CHOICE');
registerEnumType(ShowType, {
  name: 'ShowType',
  description: 'What a person is shown or asked.',
  valuesConfig: {
    DISPLAY: { description: 'A text.' },
    CONFIRM: { description: 'A question to answer by yes or no.' },
    TEXT: { description: 'A line to type.' },
    SINGLE_CHOICE: { description: 'Choices of which one is taken.' },
    MULTIPLE_CHOICE: { description: 'Choices of which any are taken.' },
  },
});

export const ShowInputType = same<ShownInput>('ALPHANUMERIC', 'NUMBER', 'DATE', 'TIME', 'PHONE', 'IPV4');
registerEnumType(ShowInputType, {
  name: 'ShowInputType',
  description: 'What a person may type.',
  valuesConfig: {
    ALPHANUMERIC: { description: 'Any text.' },
    NUMBER: { description: 'Digits.' },
    DATE: { description: 'A day, here as `2026-01-31`.' },
    TIME: { description: 'A time of day, here as `12:30:00`.' },
    PHONE: { description: 'A telephone number: digits, `+`, `p`, `w` and `s`.' },
    IPV4: { description: 'An IPv4 address, such as `192.0.2.1`.' },
  },
});

export const OnFailure = same('STOP', 'CONTINUE');
registerEnumType(OnFailure, {
  name: 'OnFailure',
  description: 'What becomes of the commands after one that failed.',
  valuesConfig: {
    STOP: { description: 'They are skipped.' },
    CONTINUE: { description: 'They are sent all the same.' },
  },
});

export const OperationState = same<OperationStates>(
  'QUEUED',
  'NOTIFIED',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'EXPIRED',
  'CANCELLED',
  'SUPERSEDED',
  'IN_DOUBT',
);
registerEnumType(OperationState, {
  name: 'OperationState',
  description:
    'How far an operation is. An ended one has the first that fits: IN_DOUBT, FAILED, CANCELLED, EXPIRED, SUPERSEDED, SUCCEEDED.',
  valuesConfig: {
    QUEUED: { description: 'It waits for the device.' },
    NOTIFIED: { description: 'The device was asked to connect.' },
    RUNNING: { description: 'A session with the device has taken commands of it.' },
    SUCCEEDED: { description: 'Every command was answered well.' },
    FAILED: { description: 'A command failed.' },
    EXPIRED: { description: 'The device did not come in time.' },
    CANCELLED: { description: 'It was cancelled before the device took all of it.' },
    SUPERSEDED: { description: 'A newer operation writes the same, so this one was not sent.' },
    IN_DOUBT: { description: 'A command was sent and its answer lost; whether it was executed is not known.' },
  },
});

export const CommandState = same<CommandStates>(
  'QUEUED',
  'SENT',
  'ACCEPTED',
  'ANSWERED',
  'SKIPPED',
  'EXPIRED',
  'CANCELLED',
  'SUPERSEDED',
  'IN_DOUBT',
);
registerEnumType(CommandState, {
  name: 'CommandState',
  description: 'How far a command is.',
  valuesConfig: {
    ACCEPTED: { description: 'The device has begun (status 202); the end comes later.' },
    ANSWERED: { description: 'The device has answered; `outcome` tells how.' },
    SKIPPED: { description: 'A command before it failed.' },
  },
});

export const Outcome = same<Outcomes>(
  'OK',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'NOT_ALLOWED',
  'PERMISSION_DENIED',
  'UNSUPPORTED',
  'BAD_VALUE',
  'TOO_LARGE',
  'DEVICE_FULL',
  'ROLLED_BACK',
  'USER_REFUSED',
  'TIMED_OUT',
  'DEVICE_ERROR',
);
registerEnumType(Outcome, {
  name: 'Outcome',
  description: "What a command came to, in the same words for every protocol; `statusCode` is the protocol's own.",
});

/** Names in GraphQL of the middle's kinds. */
export const CommandKind = {
  GET: 'get',
  ADD: 'add',
  REPLACE: 'replace',
  DELETE: 'delete',
  EXEC: 'exec',
  COPY: 'copy',
  SHOW: 'show',
  GET_ACL: 'getAcl',
  SET_ACL: 'setAcl',
  GET_ACCESS: 'getAccess',
  SET_ACCESS: 'setAccess',
  DEFAULT: 'default',
  SUBSCRIBE: 'subscribe',
  UNSUBSCRIBE: 'unsubscribe',
} as const satisfies Record<string, NorthboundKind>;
registerEnumType(CommandKind, { name: 'CommandKind', description: 'What a command does.' });

export const SubscriptionState = same<SubscriptionStates>('REQUESTED', 'ACTIVE', 'ENDING', 'UNSUPPORTED', 'FAILED');
registerEnumType(SubscriptionState, {
  name: 'SubscriptionState',
  description: 'How far a subscription of a part of a management object is.',
  valuesConfig: {
    REQUESTED: { description: 'The device is to be asked, at its next contact.' },
    ACTIVE: { description: 'The device tells of changes.' },
    ENDING: { description: 'Nobody holds it; the device is asked to tell no more.' },
    UNSUPPORTED: { description: 'The device has no subscriptions.' },
    FAILED: { description: 'The device refused; the operation says why.' },
  },
});

export const DeviceRight = same<AccessRight>('READ', 'WRITE', 'EXECUTE', 'DELEGATE');
registerEnumType(DeviceRight, {
  name: 'DeviceRight',
  description: 'What a DM 2.0 device lets a management authority do with a management object.',
  valuesConfig: {
    READ: { description: 'GET, HPUT, HPOST, SUB.' },
    WRITE: { description: 'HGET and DELETE.' },
    EXECUTE: { description: 'EXEC.' },
    DELEGATE: { description: 'Changing these rights; no other right implies it.' },
  },
});

export const AclCommand = {
  ADD: 'Add',
  DELETE: 'Delete',
  EXEC: 'Exec',
  GET: 'Get',
  REPLACE: 'Replace',
} as const;
registerEnumType(AclCommand, { name: 'AclCommand', description: 'What an access control list allows.' });

export const DmFormat = {
  B64: 'b64',
  BIN: 'bin',
  BOOL: 'bool',
  CHR: 'chr',
  INT: 'int',
  NODE: 'node',
  NULL: 'null',
  XML: 'xml',
  DATE: 'date',
  TIME: 'time',
  FLOAT: 'float',
} as const satisfies Record<string, Format>;
registerEnumType(DmFormat, { name: 'DmFormat', description: "Format of a node's value (OMA-TS-DM_TND)." });

export const RecognisedBy = same<Recognised>('MOID', 'TYPE', 'PLACE', 'SHAPE', 'ADMINISTRATOR');
registerEnumType(RecognisedBy, {
  name: 'RecognisedBy',
  description: 'How it is known which management object this is.',
  valuesConfig: {
    MOID: { description: 'The device says so.' },
    TYPE: { description: 'The Type property of its root says so.' },
    PLACE: { description: 'It stands where a DDF puts it.' },
    SHAPE: { description: 'The device tells nothing, and the nodes below it fit exactly one DDF well.' },
    ADMINISTRATOR: { description: 'Somebody said so by recogniseManagementObject.' },
  },
});

export const NodeProperty = {
  FORMAT: 'Format',
  NAME: 'Name',
  SIZE: 'Size',
  TITLE: 'Title',
  TSTAMP: 'TStamp',
  TYPE: 'Type',
  VERNO: 'VerNo',
} as const satisfies Record<string, PropertyName>;
registerEnumType(NodeProperty, {
  name: 'NodeProperty',
  description: 'Property of a node (OMA-TS-DM_TND). ACLs are read by getAcl.',
});

export const Freshness = same('FRESH', 'STALE', 'NEVER_READ');
registerEnumType(Freshness, {
  name: 'Freshness',
  description: 'How a stored value stands to the age that was asked for.',
  valuesConfig: {
    FRESH: { description: 'Not older than `maxAge`, or no `maxAge` was given.' },
    STALE: { description: 'Older than `maxAge`, and it could not be read again in time.' },
    NEVER_READ: { description: 'The device has the object, its values were not read yet.' },
  },
});

export const DdfOrigin = same('CATALOGUE', 'DIRECTORY', 'API');
registerEnumType(DdfOrigin, {
  name: 'DdfOrigin',
  description: 'Where a DDF came from.',
  valuesConfig: {
    CATALOGUE: { description: 'It comes with the gateway.' },
    DIRECTORY: { description: 'It lay in MOQL_DDF_DIR.' },
    API: { description: 'It was added by addDdf.' },
  },
});

export const ChangeSeverity = same('BREAKING', 'DANGEROUS', 'SAFE');
registerEnumType(ChangeSeverity, {
  name: 'ChangeSeverity',
  description: 'What a change of the schema does to those who use it.',
  valuesConfig: {
    BREAKING: { description: 'Queries that were right fail.' },
    DANGEROUS: { description: 'Queries stay right, but what they give or take may be other than callers expect.' },
    SAFE: { description: 'Nobody notices who does not look for it.' },
  },
});

export const DelegationDirection = same('GIVEN', 'TAKEN');
registerEnumType(DelegationDirection, { name: 'DelegationDirection', description: 'Who delegates to whom.' });

export const DelegationState = same('PREPARING', 'ACTIVE', 'ENDING', 'ENDED', 'FAILED');
registerEnumType(DelegationState, {
  name: 'DelegationState',
  description: 'How far a delegation is.',
  valuesConfig: {
    PREPARING: { description: 'The device is still to get the account and the rights.' },
    ENDING: { description: 'The device is still to lose them.' },
    FAILED: { description: '`problem` tells what went wrong.' },
  },
});

export const DeviceOrderField = same('CREATED_AT', 'DEVICE_ID', 'LAST_CONTACT_AT', 'ACCOUNT', 'PROTOCOL');
registerEnumType(DeviceOrderField, {
  name: 'DeviceOrderField',
  description: 'By what devices are ordered.',
  valuesConfig: {
    LAST_CONTACT_AT: { description: 'No index gives this order: all devices that fit are sorted for each page.' },
    ACCOUNT: { description: 'Those of one account together, in the order in which accounts were made.' },
  },
});

export const DeviceGroupField = same('PROTOCOL', 'ACCOUNT', 'TAG', 'CONTACT_AGE');
registerEnumType(DeviceGroupField, {
  name: 'DeviceGroupField',
  description: 'By what devices are put together.',
  valuesConfig: {
    CONTACT_AGE: {
      description:
        'How long ago the last contact was, up to: HOUR, DAY, WEEK, MONTH (30 days), YEAR (365 days), else OLDER; null where there was none.',
    },
  },
});

export const IndexedNodeState = same('BUILDING', 'READY', 'FAILED');
registerEnumType(IndexedNodeState, { name: 'IndexedNodeState', description: 'How far the index of a node is.' });

export const OrderDirection = same('ASC', 'DESC');
registerEnumType(OrderDirection, { name: 'OrderDirection', description: 'Which comes first.' });

export const WebhookState = same('ACTIVE', 'FAILING');
registerEnumType(WebhookState, {
  name: 'WebhookState',
  description: 'How deliveries go.',
  valuesConfig: { FAILING: { description: 'Something waits that could not be delivered so far.' } },
});

export const CampaignState = same<CampaignStates>(
  'SCHEDULED',
  'IN_PROGRESS',
  'PAUSED',
  'CANCELLED',
  'ABORTED',
  'COMPLETED',
);
registerEnumType(CampaignState, {
  name: 'CampaignState',
  description: 'How far a campaign is.',
  valuesConfig: {
    SCHEDULED: { description: 'Its `startAt` lies ahead.' },
    IN_PROGRESS: { description: 'It starts devices at its pace and waits for those that it started.' },
    PAUSED: { description: 'It starts no device; those that it started go on.' },
    CANCELLED: { description: 'Somebody ended it. `endedAt` is set when the last device that has commands answered.' },
    ABORTED: { description: 'Too many devices failed. `endedAt` as of a cancelled one.' },
    COMPLETED: { description: 'Every device came to its end; `verdict` tells whether enough succeeded.' },
  },
});

export const CampaignVerdict = same<CampaignVerdicts>('SUCCEEDED', 'FAILED');
registerEnumType(CampaignVerdict, {
  name: 'CampaignVerdict',
  description: 'Whether as many devices succeeded as were to.',
});

export const CampaignDeviceState = same<CampaignDeviceStates>(
  'QUEUED',
  'IN_PROGRESS',
  'SUCCEEDED',
  'FAILED',
  'TIMED_OUT',
  'REJECTED',
  'CANCELLED',
);
registerEnumType(CampaignDeviceState, {
  name: 'CampaignDeviceState',
  description: 'How far a device of a campaign is.',
  valuesConfig: {
    QUEUED: { description: 'Its turn has not come.' },
    IN_PROGRESS: { description: 'It has an operation that has not ended.' },
    FAILED: { description: 'A command failed, or its answer was lost.' },
    TIMED_OUT: { description: 'It did not take its operation in time.' },
    REJECTED: {
      description:
        "It was not asked: its management objects, or the maker's rights on it, do not allow the commands. `outcome` is the error's code.",
    },
    CANCELLED: { description: 'Its operation was taken back, or it never had one.' },
  },
});

export const CampaignFailureKind = same<FailureKind>('FAILED', 'TIMED_OUT', 'REJECTED', 'ALL');
registerEnumType(CampaignFailureKind, {
  name: 'CampaignFailureKind',
  description: 'Which devices count as failed.',
});

export const Weekday = same(...WEEKDAYS);
registerEnumType(Weekday, { name: 'Weekday', description: 'A day of the week.' });

export const ProfileState = same<ProfileStates>('ACTIVE', 'PAUSED', 'REMOVED');
registerEnumType(ProfileState, {
  name: 'ProfileState',
  description: 'Whether devices are brought to what a profile desires.',
  valuesConfig: {
    ACTIVE: { description: 'At each contact of a device that fits.' },
    PAUSED: { description: 'Nothing is compared and nothing is sent.' },
    REMOVED: { description: 'What its first writes found is written back; it is gone when that is done.' },
  },
});

export const ProfileDeviceState = same(...PROFILE_DEVICE_STATES);
registerEnumType(ProfileDeviceState, {
  name: 'ProfileDeviceState',
  description: 'How a device compares to a profile.',
  valuesConfig: {
    IN_SYNC: { description: 'All values are as desired.' },
    DRIFTED: { description: 'Values differ, and the device has been sent what is desired.' },
    PENDING: { description: 'The device has been asked for its values.' },
    FAILED: { description: 'Values differ, or are not known, and `reason` tells why. It is tried again later.' },
    OVERRIDDEN: { description: 'All values are as desired but those of which another profile wins.' },
  },
});
