/** Credentials as callers give and see them: a secret goes in, and comes out once, when it was made here. */
import { Field, ID, InputType, ObjectType } from 'type-graphql';

import { CredentialDirection, CredentialType } from '../enums';

@InputType({ description: 'How one side proves who it is.' })
export class CredentialInput {
  @Field(() => CredentialType)
  readonly type!: keyof typeof CredentialType;
  @Field(() => String, {
    nullable: true,
    description: "User name; for the gateway's own credential the account's `serverId` when left out.",
  })
  readonly username?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'Password or shared secret in clear text, stored encrypted and never given out; X509: SHA-256 of the certificate in hexadecimal.',
  })
  readonly secret?: string | null;
}

@ObjectType({ description: 'How one side proves who it is; the secret is never given out.' })
export class Credential {
  @Field(() => CredentialType)
  readonly type!: keyof typeof CredentialType;
  @Field(() => String, { nullable: true })
  readonly username!: string | null;
}

@InputType({ description: 'Whose secret is to be replaced: exactly one of `accountId` and `deviceId`.' })
export class RotateCredentialInput {
  @Field(() => ID, { nullable: true, description: 'An account: the credential that all its devices share.' })
  readonly accountId?: string | null;
  @Field(() => ID, { nullable: true, description: 'A device, by its DevId: the credential of this device alone.' })
  readonly deviceId?: string | null;
  @Field(() => CredentialDirection)
  readonly direction!: keyof typeof CredentialDirection;
  @Field(() => String, { nullable: true, description: 'The new secret; made at random when left out.' })
  readonly secret?: string | null;
}
