/** What a dry run says of a command. */
import { Field, ObjectType, registerEnumType } from 'type-graphql';

import type { Judgement as Judgements, Objector as Objectors } from '../../management/explain/types';
import { same } from '../enums';
import { DateTimeScalar } from '../scalars';

const nullable = true;

export const CommandJudgement = same<Judgements>(
  'WILL_BE_SENT',
  'ALREADY_EQUAL',
  'FORBIDDEN',
  'NOT_IN_DDF',
  'LACKS_FEATURE',
  'NO_SUCH_OBJECT',
  'BAD_VALUE',
);
registerEnumType(CommandJudgement, {
  name: 'CommandJudgement',
  description: 'What would become of a command.',
  valuesConfig: {
    WILL_BE_SENT: { description: 'Nothing that is known speaks against it.' },
    ALREADY_EQUAL: { description: 'The device has the value already, as far as is stored; it is sent all the same.' },
    FORBIDDEN: { description: '`by` says by whom.' },
    NOT_IN_DDF: { description: 'The DDF has no such node.' },
    LACKS_FEATURE: { description: 'The protocol has no such thing, or the device was learned to lack it.' },
    NO_SUCH_OBJECT: { description: 'The device has no such management object, or several, or no place for it.' },
    BAD_VALUE: { description: 'The command or its value is none that can be sent.' },
  },
});

export const Objector = same<Objectors>('GRANTS', 'DELEGATION', 'DDF', 'ACL', 'ACCESS_CONTROL', 'PROTOCOL', 'FEATURE');
registerEnumType(Objector, {
  name: 'Objector',
  description: 'Who or what speaks against a command.',
  valuesConfig: {
    GRANTS: { description: "The caller's grants." },
    DELEGATION: { description: 'The device is no longer delegated to this gateway.' },
    DDF: { description: 'Access types of the DDF.' },
    ACL: { description: 'An access control list as it was seen last (DM 1.x). The device decides, so it is sent.' },
    ACCESS_CONTROL: { description: "The device's access-control object as it was seen last (DM 2.0)." },
    PROTOCOL: { description: 'The protocol of the device has no such command.' },
    FEATURE: { description: 'It was learned of this device; see `Device.features`.' },
  },
});

@ObjectType({ description: 'A command of a dry run, judged.' })
export class CommandVerdict {
  @Field(() => CommandJudgement)
  readonly judgement!: Judgements;
  @Field(() => Objector, { nullable, description: 'Who or what speaks against it.' })
  readonly by!: Objectors | null;
  @Field(() => String, {
    nullable,
    description: 'Of the error by which the operation would be refused; null: it would be queued.',
  })
  readonly code!: string | null;
  @Field(() => String, { description: 'For people.' })
  readonly message!: string;
  @Field(() => DateTimeScalar, {
    nullable,
    description: 'When that was seen which it rests on: a list, access rights, stored values, a feature.',
  })
  readonly seenAt!: Date | null;
}
