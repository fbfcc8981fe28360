/** Explanations: why an operation is where it is, and what a read would take. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  InputType,
  Int,
  ObjectType,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import { explainRead } from '../../management/explain/reads';
import type {
  Explanations,
  ContactBasis as Bases,
  ContactView,
  DeviceExplanationView,
  OperationExplanationView,
  OperationReason as Reasons,
  ReadSource as Sources,
  WakeUpSummary,
} from '../../management/explain/types';
import { scopedDevice } from '../../management/readable';
import { ManagementError, type DeviceView, type OperationView } from '../../management/types';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { globalId } from '../global-id';
import { DateTimeScalar, DurationScalar } from '../scalars';
import { gathered } from '../loaders';
import { findOperation } from '../operations';
import { Device } from './device-type';
import { Operation } from './operation';

const nullable = true;
const MOST_READS = 100;

export const ContactBasis = same<Bases>('SESSION', 'WAKE_UP', 'POLLING', 'NEVER_SEEN', 'UNKNOWN');
registerEnumType(ContactBasis, {
  name: 'ContactBasis',
  description: 'By what a device is expected to come.',
  valuesConfig: {
    SESSION: { description: 'It is in a session.' },
    WAKE_UP: { description: 'It is woken, and answered wake-ups before.' },
    POLLING: { description: 'It comes by itself, in intervals that were measured.' },
    NEVER_SEEN: { description: 'It never came.' },
    UNKNOWN: { description: 'It came too seldom to tell.' },
  },
});

export const OperationReason = same<Reasons>(
  'ENDED',
  'WAITS_FOR_ANSWER',
  'WAITS_FOR_END',
  'WAITS_BEHIND',
  'WAITS_FOR_DISCOVERY',
  'WAITS_FOR_SESSION',
  'TRAVELS_NEXT',
);
registerEnumType(OperationReason, {
  name: 'OperationReason',
  description: 'Why an operation is where it is.',
  valuesConfig: {
    ENDED: { description: 'It ended.' },
    WAITS_FOR_ANSWER: { description: 'The device has commands of it and did not answer yet.' },
    WAITS_FOR_END: { description: 'The device accepted a command, and tells its end later.' },
    WAITS_BEHIND: { description: 'The device is in a session, and other operations come before this one.' },
    WAITS_FOR_DISCOVERY: { description: "The device's management objects are being looked for." },
    WAITS_FOR_SESSION: { description: 'The device has to come.' },
    TRAVELS_NEXT: { description: 'The device is in a session, and gets it with the next message.' },
  },
});

export const ReadSource = same<Sources>('STORED', 'SESSION', 'NOT_THERE', 'FORBIDDEN');
registerEnumType(ReadSource, {
  name: 'ReadSource',
  description: 'What would answer a read.',
  valuesConfig: {
    STORED: { description: 'What is stored.' },
    SESSION: { description: 'The device, in a session.' },
    NOT_THERE: { description: 'Nothing: there is no such node or object, or no value is stored and none asked for.' },
    FORBIDDEN: { description: 'Nothing: the caller may not read it.' },
  },
});

@ObjectType({ description: "A device's last wake-up." })
export class LastWakeUp {
  @Field(() => String, { description: 'DUE, SENT, ANSWERED, FAILED or CANCELLED.' })
  readonly state!: string;
  @Field(() => String, { nullable, description: 'Name of the bearer; null without MANAGE_DEVICES on the device.' })
  readonly bearer!: string | null;
  @Field(() => DateTimeScalar, { description: 'When it was made.' })
  readonly at!: Date;
  @Field(() => DateTimeScalar, { nullable })
  readonly endedAt!: Date | null;
}

@ObjectType({ description: 'When a device is expected, from what was measured of it.' })
export class ContactExplanation {
  @Field(() => ContactBasis)
  readonly basis!: Bases;
  @Field(() => DateTimeScalar, { nullable })
  readonly lastContactAt!: Date | null;
  @Field(() => String, {
    nullable,
    description: 'Bearer by which it is woken; null: by none, and without MANAGE_DEVICES on it.',
  })
  readonly bearer!: string | null;
  @Field(() => LastWakeUp, { nullable })
  readonly lastWakeUp!: LastWakeUp | null;
  @Field(() => String, { description: 'For people.' })
  readonly text!: string;
}

@ObjectType({ description: 'Why an operation is where it is.' })
export class OperationExplanation {
  @Field(() => OperationReason)
  readonly reason!: Reasons;
  @Field(() => String, { description: 'For people.' })
  readonly text!: string;
  @Field(() => Int, { description: 'Operations that the device gets before this one.' })
  readonly ahead!: number;
  @Field(() => Boolean, { description: 'Whether its next command travels alone, after all before it were answered.' })
  readonly isBarrier!: boolean;
  @Field(() => String, { nullable, description: 'Principal of whoever asked that it stops.' })
  readonly cancelledBy!: string | null;
  @Field(() => ContactExplanation)
  readonly contact!: unknown;
}

@InputType({ description: 'A read to be explained.' })
export class ExplainReadInput {
  @Field(() => String, { description: "Any version's MOID or the family's." })
  readonly moid!: string;
  @Field(() => String, { nullable, description: 'All instances when left out.' })
  readonly miid?: string | null;
  @Field(() => String, { nullable, defaultValue: '' })
  readonly path?: string | null;
  @Field(() => DurationScalar, { nullable, description: 'Left out: what is stored would do, whatever its age.' })
  readonly maxAge?: number | null;
}

@ObjectType({ description: 'What would answer a read.' })
export class ReadExplanation {
  @Field(() => String)
  readonly moid!: string;
  @Field(() => String, { nullable })
  readonly miid!: string | null;
  @Field(() => String)
  readonly path!: string;
  @Field(() => ReadSource)
  readonly source!: Sources;
  @Field(() => DateTimeScalar, { nullable, description: 'When what is stored was last seen as a whole.' })
  readonly observedAt!: Date | null;
  @Field(() => String, { description: 'For people.' })
  readonly text!: string;
}

@ObjectType({ description: 'What reads of a device would take.' })
export class DeviceExplanation {
  @Field(() => [ReadExplanation], { description: 'In the order in which they were asked, instance by instance.' })
  readonly reads!: readonly unknown[];
  @Field(() => Boolean, { description: 'Whether the device has to come for one of them.' })
  readonly needsSession!: boolean;
  @Field(() => Int, { description: 'Operations that wait for the device, and are taken before a new one.' })
  readonly ahead!: number;
  @Field(() => ContactExplanation)
  readonly contact!: unknown;
  @Field(() => String, { description: 'For people.' })
  readonly text!: string;
}

/** A contact, and whose it is. */
type ContactSource = ContactView & { readonly device: DeviceView };

@Resolver(() => ContactExplanation)
export class ContactExplanationResolver {
  @FieldResolver(() => DurationScalar, {
    nullable,
    description: 'Median between the beginnings of its last sessions; null where there are too few.',
  })
  usualInterval(@Root() { usualIntervalMs }: ContactSource): number | null {
    return usualIntervalMs;
  }

  @FieldResolver(() => DurationScalar, {
    nullable,
    description: 'Median of how long it took to come after a bearer took its wake-up.',
  })
  wakeUpLatency(@Root() { wakeUpLatencyMs }: ContactSource): number | null {
    return wakeUpLatencyMs;
  }

  @FieldResolver(() => DurationScalar, {
    nullable,
    description: 'From now; null where nothing tells, or it is overdue.',
  })
  expectedWait(@Root() { expectedWaitMs }: ContactSource): number | null {
    return expectedWaitMs;
  }
}

@Resolver(() => ReadExplanation)
export class ReadExplanationResolver {
  @FieldResolver(() => DurationScalar, { nullable, description: 'Of what is stored.' })
  age(@Root() { ageMs }: { readonly ageMs: number | null }): number | null {
    return ageMs;
  }
}

/** An explanation, and of which device. */
type OperationSource = OperationExplanationView & { readonly device: DeviceView };

@Resolver(() => OperationExplanation)
export class OperationExplanationResolver {
  @FieldResolver(() => Operation, {
    nullable,
    description: 'The next one before it; null where there is none, and for one that the caller may not see.',
  })
  async behind(@Root() source: OperationSource, @Ctx() context: RequestContext): Promise<OperationView | null> {
    return source.behind === null
      ? null
      : findOperation(globalId('Operation', source.device.key, source.behind), context);
  }
}

@Resolver(() => Operation)
export class OperationExplainResolver {
  @FieldResolver(() => OperationExplanation, {
    nullable,
    description: 'Why it is where it is; null for a dry run.',
  })
  async explain(
    @Root() { device: key, id }: OperationView,
    @Ctx() context: RequestContext,
  ): Promise<OperationSource | null> {
    if (id === '') return null;
    const device = await context.deviceByKey(key);
    const found = device === null ? null : await gathered(context, explained).load({ device: key, id });
    if (device === null || found === null) return null;
    return { ...found, device, contact: shown(found.contact, device, context) } as OperationSource;
  }
}

@Resolver(() => Device)
export class DeviceExplainResolver {
  @FieldResolver(() => DeviceExplanation, {
    description: `What reads would take: what is stored and how old, or a session, and when one is expected. At most ${MOST_READS} reads.`,
  })
  async explain(
    @Root() device: DeviceView,
    @Arg('query', () => [ExplainReadInput]) query: readonly ExplainReadInput[],
    @Ctx() context: RequestContext,
  ): Promise<DeviceExplanationView> {
    if (query.length > MOST_READS)
      throw new ManagementError('BAD_USER_INPUT', `query: at most ${MOST_READS} reads`, { limit: MOST_READS });
    const scoped = scopedDevice(device);
    const facts = {
      mos: await context.objects(device),
      isDiscovered: device.discoveredAt !== null,
      library: context.services.ddfs.library(),
      mayRead: (family: string, path: string): boolean => context.rights.at('READ', scoped, { family, path }),
    };
    const reads = query.flatMap(({ moid, miid, path, maxAge }) =>
      explainRead({ moid, miid: miid ?? null, path: path ?? '', maxAgeMs: maxAge ?? null }, facts, context.startedAt),
    );
    const needsSession = reads.some(({ source }) => source === 'SESSION');
    const { contact, ahead } = await gathered(context, contacts).load(device.key);
    const told = shown(contact, device, context);
    const text = needsSession ? `The device has to be asked. ${told.text}` : 'Nothing has to be asked of the device.';
    return { reads, needsSession, ahead, contact: told, text };
  }
}

const explained: Explained = (keys, { services }) => services.explanations.operations(keys);
type Explained = (
  keys: readonly { readonly device: string; readonly id: string }[],
  context: RequestContext,
) => ReturnType<Explanations['operations']>;
const contacts = (keys: readonly string[], { services }: RequestContext): ReturnType<Explanations['contacts']> =>
  services.explanations.contacts(keys);

/** Names of bearers are for those who manage the device. */
function shown(contact: ContactView, device: DeviceView, { rights }: RequestContext): ContactView {
  if (rights.onDevice('MANAGE_DEVICES', scopedDevice(device)) || contact.bearer === null) return contact;
  const lastWakeUp = contact.lastWakeUp as WakeUpSummary & { bearer: string };
  return {
    ...contact,
    bearer: null,
    text: contact.text.replace(` by ${contact.bearer}`, ''),
    lastWakeUp: lastWakeUp === null ? null : { ...lastWakeUp, bearer: null as never },
  };
}
