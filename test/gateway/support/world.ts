import { loadDemoCatalogue } from '../../../schema/catalogue/load';
import { Dm1Device, Dm2Device, httpTransport } from '../../../src/simulator';
import type {
  Dm1DeviceOptions,
  Dm2DeviceOptions,
  SessionReport,
  SimulatedDevice,
  Stepper,
  Transport,
} from '../../../src/simulator';
import { startTestGateway } from '../../support/gateway';
import type { GraphqlAnswer, TestGateway, TestGatewayOptions } from '../../support/gateway';

export const METER = 'urn:oma:mo:ext-acme-meter:1.0';
export const FUMO = 'urn:oma:mo:oma-fumo:1.0';
export const SERVER_ID = 'dm.example';
export const SERVER_SECRET = 'secret of the server';

/** A command as the caller sees it. */
export const COMMAND = `kind state outcome statusCode result resultMeta emulated carrier
  address { moid miid path uri } error { code message }`;
export const OPERATION = `id state createdAt endedAt commands { ${COMMAND} }`;

export interface CommandAnswer {
  readonly kind: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly statusCode: number | null;
  readonly result: unknown;
  readonly resultMeta: unknown;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly emulated: boolean;
  /** The protocol's command that carried it. */
  readonly carrier: string | null;
}
export interface OperationAnswer {
  readonly id: string;
  readonly state: string;
  readonly endedAt: string | null;
  readonly commands: readonly CommandAnswer[];
}

/** What of a gateway its callers and devices need: one in this process, or one elsewhere. */
export type Reachable = Pick<TestGateway, 'graphql' | 'deviceUrl'>;

/** Gives `data`; an answer with errors fails the test. */
export async function ask<T = Record<string, never>>(
  gateway: Pick<Reachable, 'graphql'>,
  query: string,
  variables: Record<string, unknown> = {},
): Promise<T> {
  const answer = await gateway.graphql(query, variables);
  if (answer.errors !== undefined) throw new Error(JSON.stringify(answer.errors, null, 1));
  return answer.data as T;
}

/** `extensions.code` of every error. */
export function codesOf(answer: GraphqlAnswer): readonly unknown[] {
  return (answer.errors ?? []).map(({ extensions }) => extensions['code']);
}

export async function createAccount(
  gateway: Reachable,
  input: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { createAccount: made } = await ask<{ createAccount: { id: string } }>(
    gateway,
    'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { id } }',
    {
      input: {
        serverId: SERVER_ID,
        serverAuth: { type: 'DIGEST_MD5', username: SERVER_ID, secret: SERVER_SECRET },
        ...input,
      },
    },
  );
  return made.id;
}

export async function register(
  gateway: Reachable,
  input: { readonly deviceId: string; readonly accountId: string } & Readonly<Record<string, unknown>>,
): Promise<void> {
  await ask(gateway, 'mutation ($input: RegisterDeviceInput!) { registerDevice(input: $input) { id } }', { input });
}

/** Makes a key with these rights on one device, unless they say otherwise. */
export async function createKey(
  gateway: Pick<Reachable, 'graphql'>,
  deviceId: string,
  ...grants: readonly Readonly<Record<string, unknown>>[]
): Promise<string> {
  const { createApiKey: made } = await ask<{ createApiKey: { key: string; apiKey: { principal: string } } }>(
    gateway,
    'mutation { createApiKey(input: { name: "k" }) { key apiKey { principal } } }',
  );
  const { principal } = made.apiKey;
  for (const grant of grants)
    await ask(gateway, 'mutation ($input: CreateGrantInput!) { createGrant(input: $input) { id } }', {
      input: { principal, deviceId, ...grant },
    });
  return made.key;
}

/** Makes the demonstration meter's DDF known. */
export async function addMeter(gateway: Reachable): Promise<void> {
  for (const { text } of loadDemoCatalogue()) await addDdf(gateway, text);
}

export async function addDdf(gateway: Reachable, source: string): Promise<readonly string[]> {
  const { addDdf: added } = await ask<{ addDdf: { moids: readonly string[] } }>(
    gateway,
    'mutation ($input: AddDdfInput!) { addDdf(input: $input) { moids } }',
    { input: { source } },
  );
  return added.moids;
}

export async function submit(
  gateway: Reachable,
  deviceId: string,
  commands: readonly unknown[],
  more: Readonly<Record<string, unknown>> = {},
): Promise<OperationAnswer> {
  const { submitOperation } = await ask<{ submitOperation: OperationAnswer }>(
    gateway,
    `mutation ($input: SubmitOperationInput!) { submitOperation(input: $input) { ${OPERATION} } }`,
    { input: { deviceId, commands, ...more } },
  );
  return submitOperation;
}

export async function findOperation(gateway: Pick<Reachable, 'graphql'>, id: string): Promise<OperationAnswer> {
  const { operation } = await ask<{ operation: OperationAnswer | null }>(
    gateway,
    `query ($id: ID!) { operation(id: $id) { ${OPERATION} } }`,
    { id },
  );
  if (operation === null) throw new Error(`operation ${id} is lost`);
  return operation;
}

/** What a caller wants of a device, and what became of it. */
export interface Asked {
  readonly id: string;
  now(): Promise<OperationAnswer>;
}

/** A caller wants something of a device. */
export async function asked(...[gateway, ...what]: Parameters<typeof submit>): Promise<Asked> {
  const { id } = await submit(gateway, ...what);
  return { id, now: () => findOperation(gateway, id) };
}

export type Protocol = 'dm1' | 'dm2';
export const PROTOCOLS: readonly Protocol[] = ['dm1', 'dm2'];

type Features = Dm1DeviceOptions['features'] & Dm2DeviceOptions['features'];
/** Options of both protocols; each device takes its own. */
type Options = Partial<Omit<Dm1DeviceOptions & Dm2DeviceOptions, 'auth' | 'features'>> & {
  readonly auth?: 'none' | 'basic' | 'digest' | 'md5';
  readonly features?: Features;
};

/** A simulated device with a login of its own: MD5 over WBXML, or HTTP Digest; it asks no proof of its server. */
export function simulated(
  protocol: Protocol,
  deviceUrl: string,
  deviceId: string,
  options: Options = {},
  transport: Transport = shared,
): Dm1Device | Dm2Device {
  const login = { deviceId, user: `user of ${deviceId.replace(/:/g, '-')}`, secret: `secret of ${deviceId}` };
  if (protocol === 'dm2') {
    const { auth = 'digest', ...more } = options;
    return new Dm2Device(
      { url: `${deviceUrl}/dm/2`, serverId: SERVER_ID, ...login, ...more, auth: auth as 'digest' },
      transport,
    );
  }
  const { auth = 'md5', ...more } = options;
  return new Dm1Device(
    { url: `${deviceUrl}/dm/1`, serverUser: SERVER_ID, wbxml: true, ...login, ...more, auth: auth as 'md5' },
    transport,
  );
}

/** A credential as `registerDevice` takes it, which fits a device of `simulated`. */
export function credentialOf({ options }: Dm1Device | Dm2Device, type = 'DIGEST_MD5'): object {
  const { user: username, secret } = options;
  return { type, username, secret };
}

export const shared = httpTransport();

/** Gives back the connections of simulated devices. */
export function hangUp(): void {
  shared.close();
}

/** Runs a session that must be without fault: the device objected to nothing, was let in, and the server ended it. */
export async function contact(device: SimulatedDevice): Promise<SessionReport> {
  return faultless(await device.connect());
}

export async function finish(stepper: Stepper): Promise<SessionReport> {
  while (await stepper.step());
  return faultless(stepper.report());
}

export function faultless(report: SessionReport): SessionReport {
  expect({
    violations: report.violations,
    authenticated: report.authenticated,
    ended: report.ended,
    log: report.log,
  }).toEqual({
    violations: [],
    authenticated: true,
    ended: 'server',
    log: expect.anything() as unknown,
  });
  return report;
}

/** A gateway that knows the meter and has an account; most test files share one. */
export interface World {
  readonly gateway: TestGateway;
  readonly accountId: string;
  /** A registered device that was not in contact yet. */
  device(
    protocol: Protocol,
    deviceId: string,
    options?: Options,
    transport?: Transport,
  ): Promise<Dm1Device | Dm2Device>;
  close(): Promise<void>;
}

export async function startWorld(options: TestGatewayOptions = {}): Promise<World> {
  const gateway = await startTestGateway(options);
  return populate(gateway, gateway.deviceUrl, shared, async () => {
    hangUp();
    await gateway.close();
  });
}

/** Makes the meter known and an account. Devices find the gateway at `deviceUrl`, by `usual` unless they are given another transport. */
export async function populate(
  gateway: TestGateway,
  deviceUrl: string,
  usual: Transport,
  close: () => Promise<void>,
): Promise<World> {
  const accountId = await prepare(gateway).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    gateway,
    accountId,
    device: async (protocol, deviceId, deviceOptions = {}, transport = usual) => {
      const device = simulated(protocol, deviceUrl, deviceId, deviceOptions, transport);
      const type = deviceOptions.auth === 'basic' ? 'BASIC' : deviceOptions.auth === 'none' ? 'NONE' : 'DIGEST_MD5';
      const clientAuth = type === 'NONE' ? { type } : credentialOf(device, type);
      await register(gateway, {
        deviceId,
        accountId,
        protocol: protocol === 'dm1' ? 'DM_1_2' : 'DM_2_0',
        clientAuth,
      });
      return device;
    },
    close,
  };
}

async function prepare(gateway: Reachable): Promise<string> {
  await addMeter(gateway);
  return createAccount(gateway);
}
