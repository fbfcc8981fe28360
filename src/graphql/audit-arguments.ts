/** Arguments as the audit log keeps them: what is not known to be no secret is not kept. */
import type { GraphQLInputType } from 'graphql';
import { getNullableType, isEnumType, isInputObjectType, isListType } from 'graphql';

import type { Json } from '../management/types';

/**
 * Members that are kept, by input and argument; of everything else there stands that it was given. Values of nodes,
 * credentials, files and texts for people are never here. Identifiers are kept wherever they stand.
 */
export const KEPT: Readonly<Record<string, readonly string[]>> = {
  Mutation: ['dryRun', 'allowBreaking', 'restore', 'overlap', 'allowKeys'],
  CreateAccountInput: ['serverId', 'name', 'autoRegister', 'bearers'],
  UpdateAccountInput: ['serverId', 'name', 'autoRegister', 'bearers'],
  CredentialInput: ['type'],
  CreateApiKeyInput: ['name', 'admin', 'expiresAt', 'expiresIn', 'only'],
  CreateGrantInput: ['principal', 'right', 'tag', 'moid', 'path', 'expiresAt'],
  AccountReferenceInput: ['serverId', 'name'],
  ImportAccountInput: ['serverId', 'name', 'autoRegister', 'bearers'],
  ImportDeviceInput: ['protocol', 'tags', 'timeZone', 'bearers'],
  ImportGrantInput: ['principal', 'right', 'tag', 'moid', 'path', 'expiresAt'],
  RotateCredentialInput: ['direction'],
  BootstrapDeviceInput: ['profile', 'form', 'protocol', 'moids', 'init', 'renew', 'expiresIn'],
  BootstrapSecurityInput: ['method'],
  BootstrapAccountInput: ['moids'],
  SubmitOperationInput: ['atomic', 'sequence', 'onFailure', 'priority', 'expiresIn', 'wait', 'dryRun'],
  GetInput: ['depth', 'properties'],
  AddressInput: ['moid', 'miid', 'path', 'uri'],
  WriteInput: ['whole', 'repeatable'],
  ExecInput: ['repeatable'],
  AclEntryInput: ['commands'],
  AccessEntryInput: ['path'],
  AccessAuthorityInput: ['authority', 'rights'],
  DefaultInput: ['moid', 'miid'],
  CreateCampaignInput: [
    'name',
    'atomic',
    'sequence',
    'onFailure',
    'expiresIn',
    'timeZone',
    'successPercentage',
    'startAt',
    'endAt',
    'dryRun',
  ],
  CampaignPaceInput: ['maximumPerMinute', 'maximumConcurrent'],
  AddDdfInput: ['name', 'dryRun', 'allowBreaking'],
  CreatePeerInput: ['name', 'serverId', 'ownServerId', 'grantTo'],
  DelegateManagementInput: ['peer', 'moids', 'expiresIn'],
  RecogniseManagementObjectInput: ['location', 'moid'],
  RegisterDeviceInput: ['protocol', 'tags', 'timeZone', 'bearers'],
  UpdateDeviceInput: ['tags', 'timeZone', 'rediscover', 'bearers'],
  CreateProfileInput: ['name', 'priority', 'maxAge', 'watch', 'state'],
  UpdateProfileInput: ['name', 'priority', 'maxAge', 'watch', 'state'],
  CreateRepositoryItemInput: ['name', 'contentType', 'access', 'length', 'sha256', 'expiresIn'],
  CreateRuleInput: ['name', 'enabled', 'debounce'],
  UpdateRuleInput: ['name', 'enabled', 'debounce'],
  RuleTriggerInput: ['events', 'alertType', 'moid'],
  RuleActionInput: ['expiresIn', 'addTags', 'removeTags'],
};

/** Stands for what was given and is not kept. */
export const LEFT_OUT = '…';
const LONGEST_TEXT = 200;
const MOST_ITEMS = 20;
/** Members and items of all arguments of a mutation. */
const MOST_PARTS = 200;

interface Typed {
  readonly name: string;
  readonly type: GraphQLInputType;
}

/** @param given arguments of a field of `Mutation`, as its resolver gets them */
export function auditArguments(args: readonly Typed[], given: Readonly<Record<string, unknown>>): Json {
  return new Keeper().members('Mutation', args, given);
}

class Keeper {
  #parts = 0;

  members(holder: string, fields: readonly Typed[], given: Readonly<Record<string, unknown>>): Json {
    const kept: Record<string, Json> = {};
    for (const { name, type } of fields) {
      const value = given[name];
      if (value === undefined) continue;
      if (++this.#parts > MOST_PARTS) break;
      kept[name] = this.value(type, value, KEPT[holder]?.includes(name) === true);
    }
    return kept;
  }

  private value(declared: GraphQLInputType, value: unknown, isKept: boolean): Json {
    if (value === null) return null;
    const type = getNullableType(declared);
    if (isListType(type)) {
      if (!Array.isArray(value)) return LEFT_OUT;
      const items: Json[] = [];
      for (const item of value.slice(0, MOST_ITEMS)) {
        if (++this.#parts > MOST_PARTS) break;
        items.push(this.value(type.ofType, item, isKept));
      }
      return items.length < value.length ? [...items, `${value.length - items.length} more`] : items;
    }
    if (isInputObjectType(type)) {
      if (typeof value !== 'object') return LEFT_OUT;
      return this.members(type.name, Object.values(type.getFields()), value as Readonly<Record<string, unknown>>);
    }
    if (!isKept && type.name !== 'ID') return LEFT_OUT;
    return leaf(isEnumType(type) ? String(value) : value);
  }
}

/** What the database's JSON and text cannot hold stands for itself no more. */
export function storable(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\uFFFD');
}

function leaf(value: unknown): Json {
  if (typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? LEFT_OUT : value.toISOString();
  if (typeof value !== 'string') return LEFT_OUT;
  const text = storable(value);
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}${LEFT_OUT}` : text;
}
