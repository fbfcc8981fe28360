/** Addresses of nodes, as callers give them. */
import { Field, InputType } from 'type-graphql';

const nullable = true;

@InputType({ description: 'Where a node is: exactly one of `moid` and `uri`.' })
export class AddressInput {
  @Field(() => String, {
    nullable,
    description: "Any version's MOID or the family's; the canonical root path of an MO whose DDF names no MOID.",
  })
  readonly moid?: string | null;
  @Field(() => String, { nullable, description: 'Instance; may be left out where the device has exactly one.' })
  readonly miid?: string | null;
  @Field(() => String, {
    nullable,
    defaultValue: '',
    description:
      'Raw node names below the MO\'s root joined by `/` (`/` and `%` in a name percent-encoded); "" is the root.',
  })
  readonly path?: string | null;
  @Field(() => String, { nullable, description: 'Whole LocURI, DM 1.x only.' })
  readonly uri?: string | null;
}
