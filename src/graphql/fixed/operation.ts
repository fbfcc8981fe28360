/** Operations: work asked of one device. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Int,
  Mutation,
  ObjectType,
  Query,
  Resolver,
  Root,
} from 'type-graphql';

import type {
  CommandInput as CommandRequest,
  DeviceView,
  OperationView,
  SubmitOperation,
} from '../../management/types';
import { ManagementError } from '../../management/types';
import { authorizeDevice, visibleOperation } from '../authorize';
import type { RequestContext } from '../context';
import { OnFailure, OperationState } from '../enums';
import { findOperationKey, globalId } from '../global-id';
import { findOperation } from '../operations';
import { DateTimeScalar, DurationScalar } from '../scalars';
import { Command, CommandInput, commandRequest } from './command';
import { Device } from './device-type';
import { Node } from './node';

const nullable = true;
const THIRTY_DAYS_MS = 30 * 24 * 3600 * 1000;
/** Longer waits hold connections that proxies cut anyway. */
const LONGEST_WAIT_MS = 10 * 60 * 1000;

@ObjectType({
  implements: Node,
  description: 'Work asked of one device: ordered commands, queued until the device takes them.',
})
export class Operation extends Node {
  @Field(() => OperationState)
  readonly state!: keyof typeof OperationState;
  @Field(() => [Command], { description: 'In the order in which they are sent.' })
  readonly commands!: readonly unknown[];
  @Field(() => Int, { description: 'Operations of a higher one come first; 0 is the usual one.' })
  readonly priority!: number;
  @Field(() => DateTimeScalar)
  readonly createdAt!: Date;
  @Field(() => DateTimeScalar, { description: 'What is not sent by then is given up.' })
  readonly expiresAt!: Date;
  @Field(() => DateTimeScalar, { nullable })
  readonly endedAt!: Date | null;
  @Field(() => DateTimeScalar, {
    nullable,
    description: 'When it was asked to stop; commands that the device has are waited for.',
  })
  readonly cancelRequestedAt!: Date | null;
}

@InputType({ description: 'Work for one device.' })
export class SubmitOperationInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
  @Field(() => [CommandInput], { description: 'In the order in which they are to be executed.' })
  readonly commands!: readonly CommandInput[];
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: "All or none. Refused where the device's protocol cannot keep it whole.",
  })
  readonly atomic?: boolean | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description:
      'The device executes the commands strictly in order, as one Sequence in one message (DM 1.x). A failure stops nothing in it.',
  })
  readonly sequence?: boolean | null;
  @Field(() => OnFailure, { nullable, defaultValue: OnFailure.STOP })
  readonly onFailure?: keyof typeof OnFailure | null;
  @Field(() => Int, {
    nullable,
    defaultValue: 0,
    description:
      'From -10 to 10. The device gets operations of a higher one first, and those of the same one in the order of their acceptance.',
  })
  readonly priority?: number | null;
  @Field(() => DurationScalar, {
    nullable,
    defaultValue: THIRTY_DAYS_MS,
    description: 'How long the device has to take it.',
  })
  readonly expiresIn?: number | null;
  @Field(() => DurationScalar, {
    nullable,
    description: 'Answer when the operation ends, or after this long (at most PT10M); at once when left out.',
  })
  readonly wait?: number | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Judge every command, refuse none and queue nothing; see `Command.verdict`.',
  })
  readonly dryRun?: boolean | null;
  @Field(() => String, { nullable, description: 'The same key from the same caller gives the same operation.' })
  readonly idempotencyKey?: string | null;
}

/** What submitOperation and the mutations of families have in common. */
export type OperationControls = Omit<SubmitOperationInput, 'commands'>;

/** The one way from any mutation to an operation: bounds, and submission, where each command is held against the caller's rights. */
export async function submit(
  controls: OperationControls,
  commands: readonly CommandRequest[],
  context: RequestContext,
): Promise<OperationView> {
  const { deviceId, atomic, sequence, onFailure, priority, expiresIn, wait, dryRun, idempotencyKey } = controls;
  if (commands.length === 0) throw new ManagementError('BAD_USER_INPUT', 'The operation has no command.');
  if (wait != null && wait > LONGEST_WAIT_MS) throw new ManagementError('BAD_USER_INPUT', 'wait is longer than PT10M.');
  const input: SubmitOperation = {
    deviceId,
    commands,
    ...(atomic == null ? {} : { atomic }),
    ...(sequence === true ? { sequence } : {}),
    ...(onFailure == null ? {} : { onFailure }),
    // The usual one is left out, so that a repeat by a caller who knows of none is the same request.
    ...(priority == null || priority === 0 ? {} : { priority }),
    expiresInMs: expiresIn ?? THIRTY_DAYS_MS,
    ...(wait == null ? {} : { waitMs: wait }),
    ...(dryRun == null ? {} : { dryRun }),
    ...(idempotencyKey == null ? {} : { idempotencyKey }),
  };
  const operation = await context.services.operations.submit(input, context.caller);
  context.reload();
  return operation;
}

@Resolver(() => Operation)
export class OperationResolver {
  @FieldResolver(() => ID)
  id(@Root() operation: OperationView): string {
    return globalId('Operation', operation.device, operation.id);
  }

  @FieldResolver(() => Device)
  async device(@Root() operation: OperationView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceByKey(operation.device);
  }

  @FieldResolver(() => ID, {
    nullable,
    description: 'In `operationChanged`: id of the last event of it, for `after`. null elsewhere.',
  })
  event(@Root() { event }: OperationView & { readonly event?: string }): string | null {
    return event === undefined ? null : globalId('Event', event);
  }

  @Query(() => Operation, { nullable, description: 'An operation by its `id`; null when there is none.' })
  async operation(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<OperationView | null> {
    return findOperation(id, context);
  }

  @Mutation(() => Operation, {
    description:
      'Queues work for a device. Errors: NOT_FOUND (device), FORBIDDEN, NO_SUCH_MO, MO_AMBIGUOUS, NO_PLACE, NOT_IN_DDF, ACCESS_TYPE, BAD_FORMAT, OUT_OF_RANGE, ' +
      'NOT_SUPPORTED_BY_DEVICE, ATOMIC_TOO_LARGE, IDEMPOTENCY_CONFLICT, LIMIT_COMMANDS, LIMIT_VALUE_SIZE; nothing is queued then.',
  })
  async submitOperation(
    @Arg('input', () => SubmitOperationInput) input: SubmitOperationInput,
    @Ctx() context: RequestContext,
  ): Promise<OperationView> {
    return submit(input, input.commands.map(commandRequest), context);
  }

  @Mutation(() => Operation, {
    description: 'Takes back what the device has not got yet. An ended operation stays as it is. Errors: NOT_FOUND.',
  })
  async cancelOperation(@Arg('id', () => ID) id: string, @Ctx() context: RequestContext): Promise<OperationView> {
    const key = findOperationKey(id);
    const found = await findOperation(id, context);
    const device = found && (await context.deviceByKey(found.device));
    if (!key || !found || !device)
      throw new ManagementError('NOT_FOUND', `There is no Operation "${id.slice(0, 80)}".`);
    // One's own needs no more than having submitted it.
    if (found.caller !== context.caller.principal) await authorizeDevice(context, 'WRITE', device.deviceId);
    const cancelled = await context.services.operations.cancel(key.device, key.id, context.caller);
    return visibleOperation(context, cancelled, device) ?? cancelled;
  }
}
