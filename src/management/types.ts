/**
 * What the middle offers to its callers (GraphQL, pages, CLI): plain values and the services over them.
 * Ids are decimal text: `device` keys are the database's, `deviceId` is the DevId that the world knows.
 */
import type {
  CredentialType,
  DmProtocol,
  Json,
  Outcome,
  RecognisedBy,
  ShowInputType,
  ShowKind,
  Value,
  Tree,
  DmFormat,
} from '../../adapters/adapter';
import type { DdfLibrary } from '../../schema/ddf/library';
import type { Right, Rights } from '../access/rights';
import type { BearerChanges, BearerView, RecipientChanges, RecipientView } from './bearer-input';
import type { AccessEntry, NorthboundKind } from './command-kinds';
import type { Profiles } from './profiles/types';
import type { Rules } from './rules/types';
import type { Campaigns } from './campaigns/types';
import type { DefaultRequest } from './default-document';
import type { Delegations } from './delegation/types';
import type { DeviceActivity } from './device-activity';
import type { DeviceCondition } from './device-filter/condition';
import type { Counted } from './device-lists/count';
import type { DeviceGrouping, DeviceGroups } from './device-lists/groups';
import type { DeviceOrderKey, Position } from './device-lists/order';
import type { DeviceSelection } from './device-list';
import type { Exchanges, ExchangeSource } from './exchanges';
import type { Explanations, Verdict } from './explain/types';
import type { EventFeed } from './events/feed';
import type { Histories } from './events/history';
import type { NodeIndexes } from './node-indexes';
import type { NodeProperties, PropertyName } from './node-properties';
import type { Audit, Grants, Keys } from './access-types';
import type { Bootstraps, Notifications } from './outreach-types';
import type { DeviceCredentialView, ImportAccount, ImportDevice, ImportResult } from './import-types';
import type { RepositoryFiles } from './repository-types';
import type { Reports } from './report-types';
import type { Subscriptions } from './subscriptions';
import type { Webhooks } from './webhooks/webhooks';
import type { WakeUps } from './wake-up-types';

/** Codes of errors that callers see; `extensions.code` of GraphQL. Documented in docs/errors.md. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'NO_SUCH_MO'
  | 'MO_AMBIGUOUS'
  | 'NO_PLACE'
  | 'NOT_IN_DDF'
  | 'ACCESS_TYPE'
  | 'BAD_FORMAT'
  | 'OUT_OF_RANGE'
  | 'NOT_SUPPORTED_BY_DEVICE'
  | 'ATOMIC_TOO_LARGE'
  | 'DEVICE_UNREACHABLE'
  | 'PEER_REFUSED'
  | 'IDEMPOTENCY_CONFLICT'
  | 'EVENTS_GONE'
  | 'LIMIT_BUFFER'
  | 'LIMIT_COMMANDS'
  | 'LIMIT_FILTER'
  | 'LIMIT_INDEXES'
  | 'LIMIT_TIME'
  | 'NOT_INDEXED'
  | 'LIMIT_VALUE_SIZE'
  | 'LIMIT_PAGE_SIZE'
  | 'SCHEMA_CHANGED'
  | 'BREAKING_CHANGE'
  | 'DDF_REFUSED'
  | 'ALREADY_EXISTS'
  | 'IN_USE'
  | 'ISSUER_AWAY'
  | 'INTERNAL';

/** An error that is told to the caller: what is wrong, where, what to do. `details` goes to `extensions`. */
export class ManagementError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly details: Readonly<Record<string, Json>> = {},
  ) {
    super(message);
    this.name = 'ManagementError';
  }
}

/** Who calls. `principal` is `key:ID` or `user:NAME`; `admin` has every right. */
export interface Caller {
  readonly principal: string;
  readonly name: string;
  readonly admin: boolean;
  /** Principals `group:NAME` whose grants count besides. */
  readonly groups?: readonly string[];
  /** What a scoped key or token is for: other rights are not held, whoever's it is. Absent: no such limit. */
  readonly only?: readonly Right[];
}

/** Whether somebody has every right: an administrator whose key or token is limited to some rights is none. */
export function isAdministrator({ admin, only }: Caller): boolean {
  return admin && only === undefined;
}

// Accounts and devices ---------------------------------------------------------------------------------------------

export interface CredentialInput {
  readonly type: CredentialType;
  readonly username?: string | null;
  /** Clear text; X509: the certificate's SHA-256, hex. */
  readonly secret?: string | null;
}
export interface AccountView extends BearerView {
  readonly id: string;
  readonly serverId: string;
  readonly name: string | null;
  readonly autoRegister: boolean;
  readonly clientAuthType: CredentialType;
  readonly clientUsername: string | null;
  readonly serverAuthType: CredentialType;
  readonly serverUsername: string | null;
  readonly createdAt: Date;
}
export interface AccountChanges extends BearerChanges {
  readonly serverId?: string;
  readonly name?: string | null;
  readonly autoRegister?: boolean;
  readonly clientAuth?: CredentialInput;
  readonly serverAuth?: CredentialInput;
}
export interface DeviceView extends RecipientView {
  /** Database key. */
  readonly key: string;
  readonly deviceId: string;
  readonly accountId: string;
  readonly protocol: DmProtocol | null;
  readonly tags: readonly string[];
  /** IANA name; null: not known. */
  readonly timeZone: string | null;
  readonly features: Readonly<Record<string, { readonly value: Json; readonly evidence: string; readonly at: string }>>;
  readonly supportedMos: Readonly<Record<string, { readonly ddf?: string }>>;
  readonly lastContactAt: Date | null;
  readonly discoveredAt: Date | null;
  readonly createdAt: Date;
  /** Keys of those filters of the caller's grants that it fulfils; absent: it was not asked. */
  readonly fits?: readonly string[];
}
export interface RegisterDevice extends RecipientChanges {
  readonly deviceId: string;
  readonly accountId: string;
  readonly protocol?: DmProtocol | null;
  readonly tags?: readonly string[];
  readonly timeZone?: string | null;
  readonly clientAuth?: CredentialInput | null;
  readonly serverAuth?: CredentialInput | null;
}
export interface DeviceChanges extends RecipientChanges {
  readonly accountId?: string;
  readonly tags?: readonly string[];
  /** Null: not known. */
  readonly timeZone?: string | null;
  readonly clientAuth?: CredentialInput;
  readonly serverAuth?: CredentialInput;
  /** Look for its management objects again at the next contact. */
  readonly rediscover?: boolean;
}
/** A device of a list, and where it stands in it. */
export interface ListedDevice extends DeviceView {
  /** Absent: by its key alone. */
  readonly position?: Position;
}
/** A page by key: `after` is the id of the last item seen. `items` holds one more than asked where there are more. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly hasNext: boolean;
}

// Management objects -----------------------------------------------------------------------------------------------

export interface MoView {
  readonly device: string;
  readonly family: string;
  readonly moid: string;
  readonly miid: string;
  readonly version: string;
  readonly place: string | null;
  readonly recognisedBy: RecognisedBy;
  /** Keyed by raw node names; leaves are scalars (bin and b64 as Base64 text, integers beyond 2^53−1 as decimal text). */
  readonly values: Json;
  /** Properties of nodes that the device told, by path. */
  readonly properties: Readonly<Record<string, NodeProperties>>;
  /** Format and MIME type of leaves by path, where they differ from the DDF's. */
  readonly meta: Readonly<Record<string, readonly [DmFormat, string | null]>>;
  readonly observedAt: Date | null;
  readonly completeAt: Date | null;
}

// Operations -------------------------------------------------------------------------------------------------------

export type OperationState =
  'QUEUED' | 'NOTIFIED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'EXPIRED' | 'CANCELLED' | 'SUPERSEDED' | 'IN_DOUBT';
export type CommandState =
  'QUEUED' | 'SENT' | 'ACCEPTED' | 'ANSWERED' | 'SKIPPED' | 'EXPIRED' | 'CANCELLED' | 'SUPERSEDED' | 'IN_DOUBT';

export interface AddressInput {
  readonly moid?: string | null;
  readonly miid?: string | null;
  readonly path?: string | null;
  readonly uri?: string | null;
}
/** As GraphQL's ValueInput: exactly one of the value members, or none for null. */
export interface ValueInput {
  readonly text?: string | null;
  readonly int?: bigint | number | string | null;
  readonly float?: number | null;
  readonly bool?: boolean | null;
  /** Base64 text. */
  readonly base64?: string | null;
  readonly json?: Json;
  readonly repositoryItem?: string | null;
  readonly format?: DmFormat | null;
  readonly type?: string | null;
}
/** What to show to the person at a device; which fields belong to which type: docs/api.md. Times in milliseconds. */
export interface ShowRequest {
  readonly type: ShowKind;
  readonly text: string;
  readonly choices?: readonly string[] | null;
  readonly maxLength?: number | null;
  readonly inputType?: ShowInputType | null;
  readonly password?: boolean | null;
  readonly defaultAccept?: boolean | null;
  readonly defaultText?: string | null;
  /** From 0. */
  readonly defaultSelected?: readonly number[] | null;
  readonly minDisplay?: number | null;
  readonly timeout?: number | null;
}
export type CommandInput =
  | {
      readonly kind: 'get';
      readonly address: AddressInput;
      readonly depth?: number | null;
      /** Properties of the nodes, beside their values. */
      readonly properties?: readonly PropertyName[] | null;
    }
  | {
      readonly kind: 'add' | 'replace';
      readonly address: AddressInput;
      readonly value?: ValueInput | null;
      /** Of a replace with a tree: what is below the node and not in the tree goes. */
      readonly whole?: boolean | null;
      readonly repeatable?: boolean;
    }
  | { readonly kind: 'delete'; readonly address: AddressInput }
  | {
      readonly kind: 'exec';
      readonly address: AddressInput;
      readonly value?: ValueInput | null;
      readonly repeatable?: boolean;
    }
  | { readonly kind: 'copy'; readonly from: AddressInput; readonly to: AddressInput }
  | ({ readonly kind: 'show'; readonly repeatable?: boolean } & ShowRequest)
  | { readonly kind: 'getAcl'; readonly address: AddressInput }
  /** Exactly one of `acl` (its text) and `entries`. */
  | {
      readonly kind: 'setAcl';
      readonly address: AddressInput;
      readonly acl?: string | null;
      readonly entries?: readonly AclEntryInput[] | null;
    }
  | { readonly kind: 'getAccess'; readonly address: AddressInput }
  /** Replaces all entries of the instance. */
  | { readonly kind: 'setAccess'; readonly address: AddressInput; readonly entries: readonly AccessEntry[] }
  | ({ readonly kind: 'default' } & DefaultRequest);

/** What a server may do; `*`: every server. */
export interface AclEntryInput {
  readonly server: string;
  readonly commands: readonly string[];
}
/** An access control list as a device gave it. */
export interface AclView {
  readonly text: string;
  /** The node has none of its own: the nearest ancestor's counts. */
  readonly inherited: boolean;
  /** By command; null where the text cannot be read. */
  readonly entries: readonly { readonly command: string; readonly servers: readonly string[] }[] | null;
}
/** The list of a node that was seen last. */
export interface ObservedAcl extends AclView {
  readonly device: string;
  readonly family: string;
  readonly miid: string;
  readonly path: string;
  readonly observedAt: Date;
}

export interface SubmitOperation {
  readonly deviceId: string;
  readonly commands: readonly CommandInput[];
  readonly atomic?: boolean;
  readonly sequence?: boolean;
  readonly onFailure?: 'STOP' | 'CONTINUE';
  /** Before those of a lower one, whole operations among each other; -10 to 10, 0 when left out. */
  readonly priority?: number;
  readonly expiresInMs?: number;
  readonly waitMs?: number;
  readonly dryRun?: boolean;
  readonly idempotencyKey?: string;
}
export interface CommandView {
  readonly position: number;
  readonly kind: NorthboundKind;
  readonly moid: string | null;
  readonly miid: string | null;
  readonly path: string;
  readonly uri: string | null;
  readonly state: CommandState;
  readonly outcome: Outcome | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly result: Json;
  readonly resultMeta: Json;
  readonly emulated: boolean;
  readonly carrier: string | null;
  /** Of a dry run: what speaks against it as far as is known. */
  readonly warning?: string;
  /** Of a dry run. */
  readonly verdict?: Verdict;
  /** Where messages that carried it are looked for; absent of a dry run. */
  readonly source?: ExchangeSource;
}
export interface OperationView {
  /** Decimal id within its device; '' for a dry run. */
  readonly id: string;
  readonly device: string;
  readonly state: OperationState;
  /** Principal of whoever submitted it. */
  readonly caller: string;
  readonly priority: number;
  readonly commands: readonly CommandView[];
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  /** Principal of whoever asked that it stops. */
  readonly cancelledBy?: string | null;
}

export interface DdfView {
  readonly id: string;
  readonly sha256: string;
  readonly name: string | null;
  readonly origin: 'CATALOGUE' | 'DIRECTORY' | 'API';
  readonly moids: readonly string[];
  readonly source: string;
  readonly addedAt: Date;
  readonly warnings: readonly {
    readonly code: string;
    readonly message: string;
    readonly line: number;
    readonly column: number;
  }[];
  /** Of a change, or of one that was tried: what it does to the schema, the most severe first. */
  readonly changes?: readonly SchemaChange[];
}

/** A difference between two schemas, as those would feel it who ask the older one. */
export interface SchemaChange {
  readonly severity: 'BREAKING' | 'DANGEROUS' | 'SAFE';
  /** Such as FIELD_REMOVED. */
  readonly kind: string;
  /** `Type`, `Type.field`, `Type.field(argument:)`, `Type.VALUE` or `@directive`. */
  readonly path: string;
  readonly message: string;
}

export interface DdfChangeOptions {
  /** Judge only. */
  readonly dryRun?: boolean;
  /** Without it what takes away from the schema is refused. */
  readonly allowBreaking?: boolean;
}

export interface DdfInput extends DdfChangeOptions {
  readonly source: string;
  readonly name?: string | null;
}

/**
 * Makes ready for a library beside the one that is live, and tells what it changes in the schema, the most severe first.
 * Throws ManagementError for a library that cannot go live (two families that meet, say).
 */
export type DdfGuard = (
  library: DdfLibrary,
  names: Readonly<Record<string, string>>,
) => Promise<readonly SchemaChange[]>;
// Services: every method throws ManagementError for what the caller did wrong ---------------------------------------

/** src/management/accounts.ts. Who asked (`caller`) stands in the event of a change. */
export interface Accounts {
  create(input: AccountChanges & { readonly serverId: string }, caller?: Caller): Promise<AccountView>;
  update(id: string, changes: AccountChanges, caller?: Caller): Promise<AccountView>;
  /** IN_USE while devices refer to it. */
  delete(id: string, caller?: Caller): Promise<AccountView>;
  /** New secret for one direction; made at random where none is given. The answer shows it once. */
  rotateCredential(
    id: string,
    direction: 'CLIENT' | 'SERVER',
    secret?: string,
    caller?: Caller,
  ): Promise<{ account: AccountView; secret: string }>;
  get(id: string): Promise<AccountView | null>;
  getMany(ids: readonly string[]): Promise<readonly (AccountView | null)[]>;
  list(first: number, after?: string): Promise<Page<AccountView>>;
  /** Makes and changes accounts, which are told apart by serverId and name; one outcome for each record, in their order. */
  importMany(records: readonly ImportAccount[], caller: Caller): Promise<readonly ImportResult[]>;
  count(): Promise<number>;
}
/** src/management/devices.ts */
export interface Devices {
  register(input: RegisterDevice, caller?: Caller): Promise<DeviceView>;
  update(deviceId: string, changes: DeviceChanges, caller?: Caller): Promise<DeviceView>;
  delete(deviceId: string, caller?: Caller): Promise<DeviceView>;
  /** Says which MO a node is the root of; null takes back what was said. */
  recognise(
    what: { readonly deviceId: string; readonly location: string; readonly moid: string | null },
    caller: Caller,
  ): Promise<void>;
  rotateCredential(
    deviceId: string,
    direction: 'CLIENT' | 'SERVER',
    secret?: string,
    caller?: Caller,
  ): Promise<{ device: DeviceView; secret: string }>;
  find(deviceId: string): Promise<DeviceView | null>;
  getMany(keys: readonly string[]): Promise<readonly (DeviceView | null)[]>;
  findMany(deviceIds: readonly string[]): Promise<readonly (DeviceView | null)[]>;
  /** In order of registration where no other is asked for. Errors: LIMIT_TIME. */
  list(
    selection: DeviceSelection,
    first: number,
    after?: Position,
    order?: readonly DeviceOrderKey[],
  ): Promise<Page<ListedDevice>>;
  /** Exact up to a bound. Errors: LIMIT_TIME. */
  count(selection: DeviceSelection): Promise<Counted>;
  /** Errors: LIMIT_TIME. */
  groups(selection: DeviceSelection, grouping: DeviceGrouping, first: number): Promise<DeviceGroups>;
  /** Registers and changes devices, as far as the rights reach; one outcome for each record, in their order. */
  importMany(records: readonly ImportDevice[], caller: Caller, rights: Rights): Promise<readonly ImportResult[]>;
  /** Credentials of the devices' own, without secrets, by one statement. */
  credentials(keys: readonly string[]): Promise<readonly DeviceCredentialView[]>;
}
/** src/management/objects.ts: documents of many devices by one statement. */
export interface Objects {
  load(devices: readonly string[], families?: readonly string[]): Promise<readonly MoView[]>;
  /** ACLs that were seen, of many devices by one statement. */
  acls(devices: readonly string[]): Promise<readonly ObservedAcl[]>;
}
/** Of an operation. */
export interface OperationKey {
  readonly device: string;
  readonly id: string;
  /** Whose it must be; absent: anybody's. */
  readonly ofCaller?: string | undefined;
}
/** src/management/operations.ts */
export interface Operations {
  submit(input: SubmitOperation, caller: Caller): Promise<OperationView>;
  cancel(device: string, id: string, caller: Caller): Promise<OperationView>;
  /** @param ofCaller whose it must be; absent: anybody's */
  get(device: string, id: string, ofCaller?: string): Promise<OperationView | null>;
  /** In the order of the keys, by a number of statements that does not depend on theirs. */
  getMany(keys: readonly OperationKey[]): Promise<readonly (OperationView | null)[]>;
  /** Resolves when the operation ended, or after `ms`, with what it is then. */
  wait(device: string, id: string, ms: number): Promise<OperationView>;
}
/** src/management/ddfs.ts: the store's DDFs and the library made of them. */
export interface Ddfs {
  /** Of this moment; replaced as a whole when DDFs change. */
  library(): DdfLibrary;
  /** Names asked for by family. */
  names(): Readonly<Record<string, string>>;
  add(input: DdfInput, caller: Caller): Promise<DdfView>;
  replace(id: string, input: DdfInput, caller: Caller): Promise<DdfView>;
  remove(id: string, caller: Caller, options?: DdfChangeOptions): Promise<DdfView>;
  get(id: string): Promise<DdfView | null>;
  list(first: number, after?: string): Promise<Page<DdfView>>;
  count(): Promise<number>;
  /** Called after the library changed, here or by another process. */
  onChange(listener: () => void): () => void;
  /** Asked before a library is stored, and before one that another process stored goes live. */
  setGuard(guard: DdfGuard): void;
}
export interface Services {
  readonly audit: Audit;
  readonly accounts: Accounts;
  readonly devices: Devices;
  readonly objects: Objects;
  readonly nodeIndexes: NodeIndexes;
  readonly activity: DeviceActivity;
  readonly operations: Operations;
  readonly ddfs: Ddfs;
  readonly reports: Reports;
  readonly feed: EventFeed;
  readonly history: Histories;
  readonly webhooks: Pick<Webhooks, 'list' | 'deadLetters' | 'retry' | 'discard'>;
  readonly keys: Keys;
  readonly grants: Grants;
  readonly notifications: Notifications;
  readonly bootstraps: Bootstraps;
  readonly delegations: Delegations;
  readonly repository: RepositoryFiles;
  readonly wakeUps: Pick<WakeUps, 'wake' | 'wakeDevice' | 'list' | 'listMany' | 'idle'>;
  readonly subscriptions: Pick<Subscriptions, 'hold' | 'release' | 'list'>;
  readonly campaigns: Campaigns;
  readonly explanations: Explanations;
  readonly exchanges: Exchanges;
  readonly profiles: Profiles;
  readonly rules: Rules;
}
export type { DeviceCondition, Json, Tree, Value };
export type { ApiKeyView, Audit, AuditCondition, AuditEntry, AuditView, Grants, GrantView, Keys } from './access-types';
export type { AccessEntry, AccessRight, NorthboundKind } from './command-kinds';
export type {
  AccountReference,
  DeviceCredentialView,
  ImportAccount,
  ImportDevice,
  ImportGrant,
  ImportResult,
} from './import-types';
export type { Delegations, DelegationState, DelegationView, PeerInput, PeerView } from './delegation/types';
export type { AlertView, EventView, Reports } from './report-types';
