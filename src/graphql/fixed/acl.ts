/** Access control lists of nodes on DM 1.x devices, typed. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';

import { AclCommand } from '../enums';
import { DateTimeScalar } from '../scalars';

const nullable = true;

@ObjectType({ description: 'A command, and the servers that may use it on a node.' })
export class AclEntry {
  @Field(() => AclCommand)
  readonly command!: string;
  @Field(() => [String], { description: 'Server identifiers; `*`: every server.' })
  readonly servers!: readonly string[];
}

@ObjectType({ description: 'Access control list of a node, as the device gave it.' })
export class Acl {
  @Field(() => String, { description: 'Its text, such as `Add=dm.example&Get=*`.' })
  readonly text!: string;
  @Field(() => Boolean, { description: "Whether the node has none of its own, so that the nearest ancestor's counts." })
  readonly inherited!: boolean;
  @Field(() => [AclEntry], { nullable, description: 'By command; null where the text cannot be read.' })
  readonly entries!: readonly AclEntry[] | null;
}

@ObjectType({ description: 'Access control list of a node as it was seen last.' })
export class ObservedAcl extends Acl {
  @Field(() => String, { description: "Below the MO's root." })
  readonly path!: string;
  @Field(() => DateTimeScalar)
  readonly observedAt!: Date;
}

@InputType({ description: 'What a server may do with a node.' })
export class AclEntryInput {
  @Field(() => ID, { description: 'Server identifier; `*`: every server.' })
  readonly server!: string;
  @Field(() => [AclCommand])
  readonly commands!: readonly string[];
}
