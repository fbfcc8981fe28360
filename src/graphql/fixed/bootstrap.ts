/** Bootstrap documents for devices. */
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

import type { BootstrapMethod, BootstrapRequest } from '../../../adapters/adapter';
import type { BootstrapView } from '../../management/outreach-types';
import type { DeviceView } from '../../management/types';
import { authorizeDevice } from '../authorize';
import type { RequestContext } from '../context';
import { DmProtocol, same } from '../enums';
import { Base64Scalar, DateTimeScalar, DurationScalar } from '../scalars';
import { Device } from './device-type';
import { PushDocument, pushDocument } from './push-document';

const nullable = true;

export const BootstrapProfile = same<BootstrapRequest['profile']>('CP', 'DM', 'MO');
registerEnumType(BootstrapProfile, {
  name: 'BootstrapProfile',
  description: 'In which way a device is given its account.',
  valuesConfig: {
    CP: { description: 'OMA Client Provisioning: a WAP provisioning document with a w7 application.' },
    DM: { description: 'A DM message in WBXML that adds a DMAcc.' },
    MO: { description: 'DM 2.0: a DM Account management object as JSON (`application/dmmo+json`).' },
  },
});

export const BootstrapForm = same('XML', 'WBXML');
registerEnumType(BootstrapForm, {
  name: 'BootstrapForm',
  description: 'How a document is written.',
  valuesConfig: {
    XML: { description: 'CP profile without security alone.' },
    WBXML: { description: 'What devices take over the air.' },
  },
});

export const BootstrapSecurityMethod = same<BootstrapMethod>(
  'NETWPIN',
  'USERPIN',
  'USERNETWPIN',
  'USERPINMAC',
  'NETWORKID',
  'USERPIN_NETWORKID',
);
registerEnumType(BootstrapSecurityMethod, {
  name: 'BootstrapSecurityMethod',
  description: 'By what the device knows that a document is meant for it.',
  valuesConfig: {
    NETWPIN: { description: 'CP: a secret of the network.' },
    USERPIN: { description: 'CP and DM: a PIN that the user types.' },
    USERNETWPIN: { description: 'CP: secret of the network and PIN.' },
    USERPINMAC: { description: 'CP: the user types the PIN and check digits (`typed`); no MAC is sent.' },
    NETWORKID: { description: 'DM: a secret of the network.' },
    USERPIN_NETWORKID: { description: 'DM: PIN and secret of the network.' },
  },
});

@InputType({ description: 'What protects a bootstrap document: a MAC under what device and network, or user, share.' })
export class BootstrapSecurityInput {
  @Field(() => BootstrapSecurityMethod)
  readonly method!: keyof typeof BootstrapSecurityMethod;
  @Field(() => String, { nullable, description: '1 to 20 digits.' })
  readonly pin?: string | null;
  @Field(() => String, { nullable, description: 'Secret of the network: the IMSI, 6 to 15 digits.' })
  readonly imsi?: string | null;
  @Field(() => String, { nullable, description: 'In its place the ESN of a CDMA device, 8 hexadecimal digits.' })
  readonly esn?: string | null;
  @Field(() => Base64Scalar, {
    nullable,
    description: 'In their place the secret of the network as it enters the MAC, 1 to 256 octets.',
  })
  readonly secret?: string | null;
}

@InputType({ description: 'How the device reaches the network.' })
export class BootstrapConnectivityInput {
  @Field(() => String, { nullable, description: 'An access point that the device has (TO-NAPID; DM: PrefConRef).' })
  readonly toNapId?: string | null;
  @Field(() => String, { nullable, description: 'A proxy that the device has (TO-PROXY; DM: PrefConRef).' })
  readonly toProxy?: string | null;
  @Field(() => String, { nullable, description: 'CP: an access point of this name comes along.' })
  readonly apn?: string | null;
}

@InputType({ description: 'A parameter of a vendor.' })
export class BootstrapExtraInput {
  @Field(() => String, { description: 'Such as `CONNRETRYFREQ`.' })
  readonly name!: string;
  @Field(() => String, { nullable, description: 'Left out: the parameter is only there.' })
  readonly value?: string | null;
}

@InputType({
  description: "DM 2.0: what of the transport's credentials stands in a document in place of the device's credential.",
})
export class BootstrapTransportInput {
  @Field(() => Base64Scalar, { description: '`Auth/Trsp/Data`, such as a client certificate in DER.' })
  readonly data!: string;
  @Field(() => Base64Scalar, { description: '`Auth/Trsp/Secret`, such as its private key.' })
  readonly secret!: string;
}

export const BootstrapServerMode = same<'PSK' | 'X509'>('PSK', 'X509');
registerEnumType(BootstrapServerMode, {
  name: 'BootstrapServerMode',
  description: 'How device and bootstrap server prove themselves to each other.',
});

@InputType({ description: 'DM 2.0: by what the device trusts a bootstrap server from then on (`Auth/Bootstrap`).' })
export class BootstrapServerInput {
  @Field(() => String, { description: 'Its address, https.' })
  readonly url!: string;
  @Field(() => BootstrapServerMode)
  readonly mode!: keyof typeof BootstrapServerMode;
  @Field(() => Base64Scalar, { description: "The device's certificate in DER, or its PSK identity." })
  readonly clientPublicKey!: string;
  @Field(() => Base64Scalar, { description: "The server's certificate in DER, or its PSK identity." })
  readonly serverPublicKey!: string;
  @Field(() => Base64Scalar, { description: "The device's private key, or the pre-shared key." })
  readonly clientSecretKey!: string;
}

@InputType({ description: 'A document that gives a registered device its account.' })
export class BootstrapDeviceInput {
  @Field(() => ID, { description: 'DevId.' })
  readonly deviceId!: string;
  @Field(() => BootstrapProfile)
  readonly profile!: keyof typeof BootstrapProfile;
  @Field(() => BootstrapForm, { nullable, defaultValue: BootstrapForm.WBXML })
  readonly form?: keyof typeof BootstrapForm | null;
  @Field(() => DmProtocol, {
    nullable,
    description:
      "Layout of the account; the device's protocol when left out, where that is not known DM 1.2, or DM 2.0 for the profile MO.",
  })
  readonly protocol?: keyof typeof DmProtocol | null;
  @Field(() => BootstrapSecurityInput, {
    nullable,
    description: 'Left out: the way of the document is safe by itself.',
  })
  readonly security?: BootstrapSecurityInput | null;
  @Field(() => String, { nullable, description: "Name of the account, for the device's user." })
  readonly name?: string | null;
  @Field(() => BootstrapConnectivityInput, { nullable })
  readonly connectivity?: BootstrapConnectivityInput | null;
  @Field(() => Boolean, { nullable, description: 'CP: the device is to connect at once (INIT).' })
  readonly init?: boolean | null;
  @Field(() => [BootstrapExtraInput], { nullable, description: 'CP: parameters of vendors, at most 32.' })
  readonly extras?: readonly BootstrapExtraInput[] | null;
  @Field(() => [String], {
    nullable,
    description:
      'MO: the MOIDs that the account asks to manage (`Perm`), at most 1024, or `*` alone for all; those of all DDFs when left out.',
  })
  readonly moids?: readonly string[] | null;
  @Field(() => BootstrapTransportInput, { nullable, description: 'MO.' })
  readonly transport?: BootstrapTransportInput | null;
  @Field(() => BootstrapServerInput, { nullable, description: 'MO.' })
  readonly bootstrapServer?: BootstrapServerInput | null;
  @Field(() => Boolean, {
    nullable,
    defaultValue: false,
    description: 'Make secrets anew also where the device, or for its own credential its account, has one.',
  })
  readonly renew?: boolean | null;
  @Field(() => DurationScalar, {
    nullable,
    description: 'How long the document may be fetched: a day when left out, at most 30 days.',
  })
  readonly expiresIn?: number | null;
}

@ObjectType({ description: 'A bootstrap document. It holds the secrets of the account and is shown once.' })
export class Bootstrap {
  @Field(() => String, {
    description:
      'Where the device may fetch the document until `expiresAt`, at most ten times; whoever has the address has the secrets.',
  })
  readonly url!: string;
  @Field(() => DateTimeScalar)
  readonly expiresAt!: Date;
  @Field(() => String, { nullable, description: 'USERPINMAC: what the user types, PIN and check digits.' })
  readonly typed!: string | null;
}

@Resolver(() => Bootstrap)
export class BootstrapResolver {
  @FieldResolver(() => Device)
  async device(@Root() { deviceId }: BootstrapView, @Ctx() context: RequestContext): Promise<DeviceView | null> {
    return context.deviceById(deviceId);
  }

  @FieldResolver(() => PushDocument)
  document(@Root() view: BootstrapView): PushDocument {
    return pushDocument(view);
  }

  @Mutation(() => Bootstrap, {
    description:
      'Makes a document that gives a device its account. From then on the gateway expects the credentials in it: fresh nonces, and secrets of its own where there were none. Errors: NOT_FOUND, BAD_USER_INPUT, NOT_SUPPORTED_BY_DEVICE.',
  })
  async bootstrapDevice(
    @Arg('input', () => BootstrapDeviceInput) input: BootstrapDeviceInput,
    @Ctx() context: RequestContext,
  ): Promise<BootstrapView> {
    const { deviceId, profile, form, protocol, renew, expiresIn } = input;
    await authorizeDevice(context, 'MANAGE_DEVICES', deviceId);
    const made = await context.services.bootstraps.make(
      {
        deviceId,
        profile,
        form: form ?? 'WBXML',
        renew: renew ?? false,
        ...(protocol == null ? {} : { protocol }),
        ...(expiresIn == null ? {} : { expiresInMs: expiresIn }),
        ...requestOf(input),
        ...moRequestOf(input),
      },
      context.caller,
    );
    context.reload();
    return made;
  }
}

function requestOf(
  input: BootstrapDeviceInput,
): Pick<BootstrapRequest, 'name' | 'connectivity' | 'init' | 'extras' | 'security'> {
  const { name, connectivity, init, extras, security } = input;
  return {
    ...(name == null ? {} : { name }),
    ...(connectivity == null ? {} : { connectivity: given(connectivity) }),
    ...(init == null ? {} : { init }),
    ...(extras == null
      ? {}
      : { extras: extras.map((extra) => ({ name: extra.name, ...given({ value: extra.value }) })) }),
    ...(security == null ? {} : { security: securityOf(security) }),
  };
}

/** Members of the profile MO that are given. */
export function moRequestOf({
  moids,
  transport,
  bootstrapServer,
}: Pick<BootstrapDeviceInput, 'moids' | 'transport' | 'bootstrapServer'>): Pick<
  BootstrapRequest,
  'moids' | 'transport' | 'bootstrapServer'
> {
  const octets = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
  return {
    ...(moids == null ? {} : { moids }),
    ...(transport == null ? {} : { transport: { data: octets(transport.data), secret: octets(transport.secret) } }),
    ...(bootstrapServer == null
      ? {}
      : {
          bootstrapServer: {
            url: bootstrapServer.url,
            mode: bootstrapServer.mode,
            clientPublic: octets(bootstrapServer.clientPublicKey),
            serverPublic: octets(bootstrapServer.serverPublicKey),
            clientSecret: octets(bootstrapServer.clientSecretKey),
          },
        }),
  };
}

function securityOf({
  method,
  pin,
  imsi,
  esn,
  secret,
}: BootstrapSecurityInput): NonNullable<BootstrapRequest['security']> {
  return {
    method,
    ...given({ pin, imsi, esn }),
    ...(secret == null ? {} : { secret: Buffer.from(secret, 'base64') }),
  };
}

/** Members that are given. */
function given<K extends string>(members: { readonly [M in K]?: string | null }): { readonly [M in K]?: string } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value != null)) as { [M in K]?: string };
}
