/** Accounts, devices and grants in great number: lists of records, of which each is judged by itself. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Ctx, Field, ID, Info, InputType, Int, Mutation, ObjectType, Resolver } from 'type-graphql';

import type { Right } from '../../access/rights';
import { MOST_RECORDS } from '../../management/import-types';
import { ManagementError, type ImportResult as Result } from '../../management/types';
import { authorizeGateway, lacking } from '../authorize';
import type { RequestContext } from '../context';
import { DmProtocol, ImportOutcome } from '../enums';
import { DateTimeScalar } from '../scalars';
import { CredentialInput } from './credential';
import { BEARERS, MSISDN, recipientOf, UDP_ADDRESS } from './device';
import { DeviceFilter, deviceCondition, RawArg, type RawDeviceFilter } from './device-filter';

const nullable = true;
const STAYS = 'What is left out stays as it is, secrets of credentials too.';

@ObjectType({ description: 'What became of a record that was imported.' })
export class ImportResult {
  @Field(() => Int, { description: 'Which record, from 0.' })
  readonly index!: number;
  @Field(() => ImportOutcome)
  readonly outcome!: keyof typeof ImportOutcome;
  @Field(() => String, { nullable, description: 'Why it was refused: a code as in `extensions.code` of errors.' })
  readonly code?: string | null;
  @Field(() => String, { nullable, description: 'The same in words.' })
  readonly message?: string | null;
}

@InputType({ description: 'An account by what it is called: its `id` is of one gateway alone.' })
export class AccountReferenceInput {
  @Field(() => String)
  readonly serverId!: string;
  @Field(() => String, { nullable, description: 'Left out: the one without a name.' })
  readonly name?: string | null;
}

@InputType({ description: `An account. It is told apart by \`serverId\` and \`name\`. ${STAYS}` })
export class ImportAccountInput {
  @Field(() => String)
  readonly serverId!: string;
  @Field(() => String, { nullable })
  readonly name?: string | null;
  @Field(() => CredentialInput, { nullable, description: 'What devices present to us, when they share it.' })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, { nullable, description: 'What we present to devices.' })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => Boolean, { nullable })
  readonly autoRegister?: boolean | null;
  @Field(() => [String], { nullable })
  readonly bearers?: readonly string[] | null;
}

@InputType({ description: `A device. It is told apart by \`deviceId\`. ${STAYS}` })
export class ImportDeviceInput {
  @Field(() => ID)
  readonly deviceId!: string;
  @Field(() => AccountReferenceInput)
  readonly account!: AccountReferenceInput;
  @Field(() => DmProtocol, { nullable, description: 'Counts where it is not known yet.' })
  readonly protocol?: keyof typeof DmProtocol | null;
  @Field(() => [String], { nullable, description: 'All its tags.' })
  readonly tags?: readonly string[] | null;
  @Field(() => String, { nullable, description: 'IANA name; null: not known.' })
  readonly timeZone?: string | null;
  @Field(() => CredentialInput, { nullable })
  readonly clientAuth?: CredentialInput | null;
  @Field(() => CredentialInput, { nullable })
  readonly serverAuth?: CredentialInput | null;
  @Field(() => [String], { nullable, description: BEARERS })
  readonly bearers?: readonly string[] | null;
  @Field(() => String, { nullable, description: MSISDN })
  readonly msisdn?: string | null;
  @Field(() => String, { nullable, description: UDP_ADDRESS })
  readonly udpAddress?: string | null;
}

@InputType({ description: 'A grant. It is told apart by all that it says.' })
export class ImportGrantInput {
  @Field(() => String)
  readonly principal!: string;
  @Field(() => String)
  readonly right!: string;
  @Field(() => ID, { nullable, description: 'DevId.' })
  readonly deviceId?: string | null;
  @Field(() => AccountReferenceInput, { nullable })
  readonly account?: AccountReferenceInput | null;
  @Field(() => String, { nullable })
  readonly tag?: string | null;
  @Field(() => DeviceFilter, { nullable })
  readonly where?: DeviceFilter | null;
  @Field(() => String, { nullable })
  readonly moid?: string | null;
  @Field(() => String, { nullable })
  readonly path?: string | null;
  @Field(() => DateTimeScalar, { nullable })
  readonly expiresAt?: Date | null;
}

type RawGrant = Omit<ImportGrantInput, 'where'> & { readonly where?: RawDeviceFilter | null };

@Resolver()
export class ImportResolver {
  @Mutation(() => [ImportResult], {
    description:
      'Makes accounts and changes those that are there, at most 500 a call; a record that is refused stops no other. Errors: FORBIDDEN, LIMIT_PAGE_SIZE.',
  })
  async importAccounts(
    @Arg('input', () => [ImportAccountInput]) input: readonly ImportAccountInput[],
    @Ctx() context: RequestContext,
  ): Promise<readonly Result[]> {
    authorizeGateway(context, 'MANAGE_ACCOUNTS');
    checkCount(input);
    const records = input.map(({ serverId, name, clientAuth, serverAuth, autoRegister, bearers }) => ({
      serverId,
      name: name ?? null,
      ...(clientAuth ? { clientAuth } : {}),
      ...(serverAuth ? { serverAuth } : {}),
      ...(autoRegister == null ? {} : { autoRegister }),
      ...(bearers === undefined ? {} : { bearers }),
    }));
    const results = await context.services.accounts.importMany(records, context.caller);
    context.reload();
    return results;
  }

  @Mutation(() => [ImportResult], {
    description:
      'Registers devices and changes those that are there, at most 500 a call; a record that is refused stops no other. Errors: FORBIDDEN, LIMIT_PAGE_SIZE.',
  })
  async importDevices(
    @Arg('input', () => [ImportDeviceInput]) input: readonly ImportDeviceInput[],
    @Ctx() context: RequestContext,
  ): Promise<readonly Result[]> {
    authorizeSomewhere(context, 'MANAGE_DEVICES');
    checkCount(input);
    const records = input.map((record) => ({
      deviceId: record.deviceId,
      account: record.account,
      ...(record.protocol ? { protocol: record.protocol } : {}),
      ...(record.tags ? { tags: record.tags } : {}),
      ...(record.timeZone === undefined ? {} : { timeZone: record.timeZone }),
      ...(record.clientAuth ? { clientAuth: record.clientAuth } : {}),
      ...(record.serverAuth ? { serverAuth: record.serverAuth } : {}),
      ...recipientOf(record),
    }));
    const results = await context.services.devices.importMany(records, context.caller, context.rights);
    context.reload();
    return results;
  }

  @Mutation(() => [ImportResult], {
    description:
      'Gives rights that are not given yet, under the rules of `createGrant`, at most 500 a call; a record that is refused stops no other. Errors: FORBIDDEN, LIMIT_PAGE_SIZE.',
  })
  async importGrants(
    @Ctx() context: RequestContext,
    @Info() info: GraphQLResolveInfo,
    @RawArg('input') raw: readonly RawGrant[],
    @Arg('input', () => [ImportGrantInput]) input: readonly ImportGrantInput[],
    @Arg('allowKeys', () => Boolean, {
      nullable,
      defaultValue: false,
      description: 'Whether grants to `key:ID` are taken: numbers of keys differ between gateways.',
    })
    allowKeys?: boolean | null,
  ): Promise<readonly Result[]> {
    authorizeSomewhere(context, 'DELEGATE');
    checkCount(input);
    const records = raw.map(({ where, ...record }) => ({
      ...record,
      filter: where == null ? null : () => deviceCondition(where, info.schema),
    }));
    return context.services.grants.importMany(records, allowKeys ?? false, context.caller, context.rights);
  }
}

function checkCount(records: readonly unknown[]): void {
  if (records.length > MOST_RECORDS)
    throw new ManagementError('LIMIT_PAGE_SIZE', `${records.length} records; at most ${MOST_RECORDS} are taken.`, {
      limit: MOST_RECORDS,
    });
}

/** Whoever holds the right nowhere is told so once. */
function authorizeSomewhere({ rights, caller }: RequestContext, right: Right): void {
  if (!rights.anywhere(right)) throw lacking(caller.name, right);
}
