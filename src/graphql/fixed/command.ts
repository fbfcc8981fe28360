/** Commands of an operation: what callers ask for, and what became of it. */
import { Field, FieldResolver, ID, InputType, Int, Float, ObjectType, Resolver, Root } from 'type-graphql';

import { aclOfCommand } from '../../management/acl';
import { entriesOfInstance } from '../../management/dac';
import type {
  AccessEntry as AccessEntryView,
  AclView,
  CommandInput as CommandRequest,
  CommandView,
  NorthboundKind,
} from '../../management/types';
import { ManagementError } from '../../management/types';
import { CommandKind, CommandState, DmFormat, NodeProperty, Outcome, ShowInputType, ShowType } from '../enums';
import { getKey } from '../global-id';
import { Acl, AclEntryInput } from './acl';
import { AddressInput } from './address-input';
import { AccessEntry, SetAccessInput } from './dac';
import { CommandVerdict } from './command-verdict';
import { Base64Scalar, BigIntScalar, DurationScalar, JsonScalar } from '../scalars';

const nullable = true;

@InputType({ description: 'A value: exactly one of the first six, or none for null.' })
export class ValueInput {
  @Field(() => String, { nullable })
  readonly text?: string | null;
  @Field(() => BigIntScalar, { nullable })
  readonly int?: bigint | number | null;
  @Field(() => Float, { nullable })
  readonly float?: number | null;
  @Field(() => Boolean, { nullable })
  readonly bool?: boolean | null;
  @Field(() => Base64Scalar, { nullable })
  readonly base64?: string | null;
  @Field(() => JsonScalar, { nullable, description: 'A tree: an object keyed by raw node names.' })
  readonly json?: unknown;
  @Field(() => ID, {
    nullable,
    description:
      'A file of the repository: its content where the node is bin or xml (DM 2.0), its address where the node is chr.',
  })
  readonly repositoryItem?: string | null;
  @Field(() => DmFormat, { nullable, description: "The DDF's format when left out." })
  readonly format?: (typeof DmFormat)[keyof typeof DmFormat] | null;
  @Field(() => String, { nullable, description: 'MIME type.' })
  readonly type?: string | null;
}

@InputType({ description: 'Reads a node and what is below it.' })
export class GetInput {
  @Field(() => AddressInput)
  readonly address!: AddressInput;
  @Field(() => Int, {
    nullable,
    description: 'Levels below the node; all when left out; 0: the names of its children.',
  })
  readonly depth?: number | null;
  @Field(() => [NodeProperty], {
    nullable,
    description:
      'Properties of the nodes beside their values, in `resultMeta` and in `ManagementObject.nodes` (DM 1.x). What the device does not tell is absent.',
  })
  readonly properties?: readonly (typeof NodeProperty)[keyof typeof NodeProperty][] | null;
}

@InputType({ description: 'A node.' })
export class TargetInput {
  @Field(() => AddressInput)
  readonly address!: AddressInput;
}

@InputType({ description: 'A node and its value.' })
export class WriteInput {
  @Field(() => AddressInput)
  readonly address!: AddressInput;
  @Field(() => ValueInput, { nullable, description: 'Left out: an interior node.' })
  readonly value?: ValueInput | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description:
      'Of a replace by `json`: the node becomes the tree, and what is below it without being in the tree is deleted. All or nothing; `UNSUPPORTED` where the device cannot.',
  })
  readonly whole?: boolean | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Whether it may be sent again although its first answer was lost.',
  })
  readonly repeatable?: boolean | null;
}

@InputType({ description: 'Executes a node.' })
export class ExecInput {
  @Field(() => AddressInput)
  readonly address!: AddressInput;
  @Field(() => ValueInput, { nullable, description: 'Argument.' })
  readonly value?: ValueInput | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Whether it may be sent again although its first answer was lost.',
  })
  readonly repeatable?: boolean | null;
}

@InputType({ description: 'Copies a node; on DM 2.0 by a read and a write, marked `emulated`.' })
export class CopyInput {
  @Field(() => AddressInput)
  readonly from!: AddressInput;
  @Field(() => AddressInput)
  readonly to!: AddressInput;
}

@InputType({
  description:
    'Shows something to the person who holds the device, and waits for an answer: `{ answer: ACCEPTED | REFUSED | TIMED_OUT, text, selected }`.',
})
export class ShowInput {
  @Field(() => ShowType)
  readonly type!: keyof typeof ShowType;
  @Field(() => String, { description: 'The text, the question, or the title of the choices; at most 4096 characters.' })
  readonly text!: string;
  @Field(() => [String], { nullable, description: '1 to 64 choices of at most 256 characters, in their order.' })
  readonly choices?: readonly string[] | null;
  @Field(() => Int, { nullable, description: 'TEXT: most characters, 1 to 1024.' })
  readonly maxLength?: number | null;
  @Field(() => ShowInputType, { nullable, description: 'TEXT: what may be typed; ALPHANUMERIC when left out.' })
  readonly inputType?: keyof typeof ShowInputType | null;
  @Field(() => Boolean, {
    nullable,
    description:
      'TEXT: hidden while it is typed, and kept as a secret: sealed at rest, and taken out of the result an hour after it came.',
  })
  readonly password?: boolean | null;
  @Field(() => Boolean, { nullable, description: 'CONFIRM: the answer that is offered, and counts at the time-out.' })
  readonly defaultAccept?: boolean | null;
  @Field(() => String, { nullable, description: 'TEXT: what stands there, and counts at the time-out.' })
  readonly defaultText?: string | null;
  @Field(() => [Int], { nullable, description: 'Choices that are offered, and count at the time-out; from 0.' })
  readonly defaultSelected?: readonly number[] | null;
  @Field(() => DurationScalar, { nullable, description: 'Least time on display, whole seconds up to PT24H.' })
  readonly minDisplay?: number | null;
  @Field(() => DurationScalar, {
    nullable,
    description: 'How long the person has, whole seconds up to PT24H; as long as the device gives when left out.',
  })
  readonly timeout?: number | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Whether it may be shown again although its first answer was lost.',
  })
  readonly repeatable?: boolean | null;
}

@InputType({ description: 'Replaces the access control list of a node (DM 1.x): exactly one of `acl` and `entries`.' })
export class SetAclInput {
  @Field(() => AddressInput)
  readonly address!: AddressInput;
  @Field(() => String, {
    nullable,
    description: 'As OMA-TS-DM_TND writes it, such as `Get=*&Replace=com.example.dm`; empty: the node inherits.',
  })
  readonly acl?: string | null;
  @Field(() => [AclEntryInput], { nullable, description: 'The same by server; empty: the node inherits.' })
  readonly entries?: readonly AclEntryInput[] | null;
}

@InputType({
  description:
    'Where the device is to look for values of a management object that its tree has not (DM 2.0): they stand ready in the Data Repository, each time anew, until the next DEFAULT of the same MOID takes their place.',
})
export class DefaultInput {
  @Field(() => String, { description: 'Type of the object; the device need not have one.' })
  readonly moid!: string;
  @Field(() => String, {
    nullable,
    description: 'Name that is wished for the instance; the device names it in the end.',
  })
  readonly miid?: string | null;
  @Field(() => JsonScalar, { description: 'An object keyed by raw node names.' })
  readonly values!: unknown;
}

/** `@oneOf` is set when the schema is made. */
@InputType({ description: 'One command.' })
export class CommandInput {
  @Field(() => GetInput, { nullable })
  readonly get?: GetInput;
  @Field(() => WriteInput, { nullable, description: 'Makes a node.' })
  readonly add?: WriteInput;
  @Field(() => WriteInput, { nullable, description: 'Writes a node that exists.' })
  readonly replace?: WriteInput;
  @Field(() => TargetInput, { nullable, description: 'Deletes a node and what is below it.' })
  readonly delete?: TargetInput;
  @Field(() => ExecInput, { nullable })
  readonly exec?: ExecInput;
  @Field(() => CopyInput, { nullable })
  readonly copy?: CopyInput;
  @Field(() => ShowInput, { nullable })
  readonly show?: ShowInput;
  @Field(() => TargetInput, { nullable, description: 'Reads an access control list (DM 1.x).' })
  readonly getAcl?: TargetInput;
  @Field(() => SetAclInput, { nullable })
  readonly setAcl?: SetAclInput;
  @Field(() => TargetInput, {
    nullable,
    description: 'Reads who may do what with a management object (DM 2.0); an instance, without path.',
  })
  readonly getAccess?: TargetInput;
  @Field(() => SetAccessInput, { nullable })
  readonly setAccess?: SetAccessInput;
  @Field(() => DefaultInput, { nullable, description: 'Names values for an object that the device has not (DM 2.0).' })
  readonly default?: DefaultInput;
}

/** With the key of a repository item in place of its identifier. Errors: NOT_FOUND. */
function withKeys<T extends CommandInput[keyof CommandInput]>(body: T): T {
  const value = body !== undefined && 'value' in body ? body.value : undefined;
  const id = value?.repositoryItem;
  return id == null ? body : ({ ...body, value: { ...value, repositoryItem: getKey('RepositoryItem', id) } } as T);
}

/** A command in the middle's words. Errors: BAD_USER_INPUT when it is not exactly one. */
export function commandRequest(input: CommandInput): CommandRequest {
  const given = (Object.keys(input) as (keyof CommandInput)[]).filter((name) => input[name] != null);
  const [kind] = given;
  if (kind === undefined || given.length > 1)
    throw new ManagementError(
      'BAD_USER_INPUT',
      'A command is exactly one of get, add, replace, delete, exec, copy, show, getAcl, setAcl, getAccess, setAccess and default.',
    );
  return { ...withKeys(input[kind]), kind } as CommandRequest;
}

@ObjectType({ description: 'Where a node is.' })
export class Address {
  @Field(() => String, { nullable })
  readonly moid!: string | null;
  @Field(() => String, { nullable, description: 'null until it is known which instance is meant.' })
  readonly miid!: string | null;
  @Field(() => String, { nullable, description: "Raw node names below the MO's root." })
  readonly path!: string | null;
  @Field(() => String, { nullable, description: 'LocURI, where the command was given one.' })
  readonly uri!: string | null;
}

@ObjectType({ description: 'Why a command did not do what was asked.' })
export class CommandError {
  @Field(() => String, {
    description: 'The outcome, or the state of a command without one; of a dry run the code of its error.',
  })
  readonly code!: string;
  @Field(() => String)
  readonly message!: string;
}

@ObjectType({ description: 'A command of an operation.' })
export class Command {
  @Field(() => CommandKind)
  readonly kind!: NorthboundKind;
  @Field(() => CommandState)
  readonly state!: keyof typeof CommandState;
  @Field(() => Outcome, { nullable, description: 'null until the device answered.' })
  readonly outcome!: keyof typeof Outcome | null;
  @Field(() => Int, { nullable, description: "Status of the device's protocol, as it came." })
  readonly statusCode!: number | null;
  @Field(() => JsonScalar, {
    nullable,
    description:
      "get: a leaf's scalar, or an object keyed by raw node names (`depth: 0`: the children's names). exec: its final data. show: `{ answer, text, selected }`. Others: null.",
  })
  readonly result!: unknown;
  @Field(() => JsonScalar, {
    nullable,
    description: 'By path: format, MIME type, and the `properties` that were asked for.',
  })
  readonly resultMeta!: unknown;
  @Field(() => Boolean, { description: 'Whether it was made of other commands because the protocol lacks it.' })
  readonly emulated!: boolean;
  @Field(() => String, { nullable, description: 'Command of the protocol that carried it, such as Replace or HGET.' })
  readonly carrier!: string | null;
  @Field(() => String, {
    nullable,
    description:
      'Of a dry run: what speaks against it as far as is known, such as an ACL. The device decides, so it is sent all the same.',
  })
  readonly warning!: string | null;
  @Field(() => CommandVerdict, { nullable, description: 'Of a dry run: what would become of it; else null.' })
  readonly verdict!: unknown;
}

@Resolver(() => Command)
export class CommandResolver {
  @FieldResolver(() => Address)
  address(@Root() { moid, miid, path, uri }: CommandView): Address {
    return { moid, miid, path: moid === null && uri !== null ? null : path, uri };
  }

  @FieldResolver(() => Acl, { nullable, description: 'What a getAcl read, typed; `result` is its text.' })
  acl(@Root() command: CommandView): AclView | null {
    return aclOfCommand(command);
  }

  @FieldResolver(() => [AccessEntry], { nullable, description: 'What a getAccess read, typed.' })
  access(@Root() { kind, outcome, result }: CommandView): readonly AccessEntryView[] | null {
    return kind === 'getAccess' && outcome === 'OK' ? entriesOfInstance(result) : null;
  }

  @FieldResolver(() => CommandError, { nullable, description: 'null while nothing went wrong.' })
  error(@Root() { error, outcome, state, verdict }: CommandView): CommandError | null {
    if (verdict != null) return verdict.code === null ? null : { code: verdict.code, message: verdict.message };
    const failed = outcome !== null && outcome !== 'OK';
    if (error === null && !failed) return null;
    const code = outcome === null || outcome === 'OK' ? state : outcome;
    return { code, message: error ?? `The device answered ${code}.` };
  }
}
