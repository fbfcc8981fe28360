/** Notifications for devices, as octets. */
import {
  Arg,
  Ctx,
  Field,
  FieldResolver,
  ID,
  InputType,
  Mutation,
  ObjectType,
  registerEnumType,
  Resolver,
  Root,
} from 'type-graphql';

import type { PreferredConnection as Connection, WakeUpRequest } from '../../../adapters/adapter';
import type { NotificationView } from '../../management/outreach-types';
import type { DeviceView } from '../../management/types';
import { authorizeDevice } from '../authorize';
import type { RequestContext } from '../context';
import { same } from '../enums';
import { Base64Scalar } from '../scalars';
import { Device } from './device-type';
import { PushDocument, pushDocument } from './push-document';

const nullable = true;

export const NotificationUiMode = same<WakeUpRequest['uiMode']>(
  'UNSPECIFIED',
  'BACKGROUND',
  'INFORMATIVE',
  'INTERACTIVE',
);
registerEnumType(NotificationUiMode, {
  name: 'NotificationUiMode',
  description: "What the device's user is to notice of a session that a notification begins.",
  valuesConfig: {
    UNSPECIFIED: { description: 'As the device does it.' },
    BACKGROUND: { description: 'Nothing.' },
    INFORMATIVE: { description: 'That there is one.' },
    INTERACTIVE: { description: 'The user is asked first.' },
  },
});

export const NotificationInitiator = same<WakeUpRequest['initiatedBy']>('USER', 'SERVER');
registerEnumType(NotificationInitiator, {
  name: 'NotificationInitiator',
  description: 'Who wanted the session.',
  valuesConfig: {
    USER: { description: "The device's user, such as by a call to a hotline." },
    SERVER: { description: 'The gateway or its callers.' },
  },
});

export const NotificationResync = same<NonNullable<WakeUpRequest['resync']>>('OCTETS', 'CHARACTERS');
registerEnumType(NotificationResync, {
  name: 'NotificationResync',
  description: 'What a client takes the nonce for resynchronisation, 0x00000000, for.',
  valuesConfig: {
    OCTETS: { description: 'Four zero octets; most clients.' },
    CHARACTERS: { description: 'The ten characters; Intel libdmclient.' },
  },
});

export const PreferredConnection = same<Connection>('ANY_AVAILABLE', 'CELLULAR', 'WLAN', 'WIRELINE');
registerEnumType(PreferredConnection, {
  name: 'PreferredConnection',
  description: 'How a DM 2.0 device is to reach the gateway.',
});

@InputType({ description: 'A notification that asks a device to connect.' })
export class PrepareNotificationInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
  @Field(() => NotificationUiMode, {
    nullable,
    defaultValue: NotificationUiMode.BACKGROUND,
    description: 'DM 1.x; Package#0 of DM 2.0 does not tell it.',
  })
  readonly uiMode?: keyof typeof NotificationUiMode | null;
  @Field(() => NotificationInitiator, {
    nullable,
    defaultValue: NotificationInitiator.SERVER,
    description: 'DM 1.x; Package#0 of DM 2.0 does not tell it.',
  })
  readonly initiator?: keyof typeof NotificationInitiator | null;
  @Field(() => String, {
    nullable,
    description:
      'SessionID (DM 1.x) or NOTIFICATION-ID (DM 2.0) of a notification that is sent once more, in hexadecimal: the device begins one session for both. The next one when left out.',
  })
  readonly sessionId?: string | null;
  @Field(() => NotificationResync, {
    nullable,
    description:
      'DM 1.x: made with the nonce for resynchronisation, for a device that lost its own; its next session may use that nonce for a while.',
  })
  readonly resync?: keyof typeof NotificationResync | null;
  @Field(() => Base64Scalar, {
    nullable,
    description: "DM 1.x: vendor's data behind the notification, at most 64 octets.",
  })
  readonly vendor?: string | null;
  @Field(() => [PreferredConnection], {
    nullable,
    description: 'DM 2.0: connections that the device is to take, best first, `ANY_AVAILABLE` the last.',
  })
  readonly connections?: readonly (keyof typeof PreferredConnection)[] | null;
  @Field(() => Boolean, {
    nullable,
    description: 'DM 2.0: whether the device is to list its management objects; it is when left out.',
  })
  readonly requestMos?: boolean | null;
}

@ObjectType({ description: 'A notification (Package 0) for whoever can carry it to the device.' })
export class Notification {
  @Field(() => String, {
    description:
      'SessionID that the session will have (DM 1.x), or NOTIFICATION-ID that its first package will name (DM 2.0), in hexadecimal.',
  })
  readonly sessionId!: string;
}

@Resolver(() => Notification)
export class NotificationResolver {
  @FieldResolver(() => Device)
  async device(@Root() { deviceId }: NotificationView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceById(deviceId);
  }

  @FieldResolver(() => PushDocument)
  document(@Root() view: NotificationView): PushDocument {
    return pushDocument(view);
  }

  @Mutation(() => Notification, {
    description:
      'Makes a notification that asks a device to connect; sending it is up to the caller. Errors: NOT_FOUND, BAD_USER_INPUT, NOT_SUPPORTED_BY_DEVICE.',
  })
  async prepareNotification(
    @Arg('input', () => PrepareNotificationInput) input: PrepareNotificationInput,
    @Ctx() context: RequestContext,
  ): Promise<NotificationView> {
    const { deviceId, uiMode, initiator, sessionId, resync, vendor, connections, requestMos } = input;
    await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    const { caller, services } = context;
    return services.notifications.prepare(
      {
        deviceId,
        uiMode: uiMode ?? 'BACKGROUND',
        initiatedBy: initiator ?? 'SERVER',
        ...(resync == null ? {} : { resync }),
        ...(sessionId == null ? {} : { sessionId }),
        ...(vendor == null ? {} : { vendor: Buffer.from(vendor, 'base64') }),
        ...(connections == null ? {} : { connections }),
        ...(requestMos == null ? {} : { requestsMos: requestMos }),
      },
      caller,
    );
  }
}
