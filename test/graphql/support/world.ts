import type { Inbound, Wire } from '../../../adapters/adapter';
import { readDdf } from '../../../schema/ddf/read';
import { DdfLibrary, familyOf, versionOf } from '../../../schema/ddf/library';
import { Rights, type GrantRule } from '../../../src/access/rights';
import { scopedDevice } from '../../../src/management/readable';
import { buildApp } from '../../../src/http/app';
import type { AppDeps } from '../../../src/http/app';
import type {
  Caller,
  DdfGuard,
  DeviceView,
  MoView,
  ObservedAcl,
  OperationView,
  Services,
  SubmitOperation,
} from '../../../src/management/types';
import { ManagementError } from '../../../src/management/types';

export const ADMIN_KEY = 'admin-key';
export const PLAIN_KEY = 'plain-key';

/** A DDF of two MOs, small enough to be read at a glance. */
export function lampDdf(extra = ''): string {
  const leaf = (name: string, format: string, access: string): string =>
    `<Node><NodeName>${name}</NodeName><DFProperties><AccessType>${access}</AccessType><DFFormat><${format}/></DFFormat><Occurrence><One/></Occurrence><DFType><MIME>text/plain</MIME></DFType></DFProperties></Node>`;
  return `<?xml version="1.0" encoding="UTF-8"?>
<MgmtTree><VerDTD>1.2</VerDTD>
<Node><NodeName>Lamp</NodeName><Path>./Vendor/Acme</Path><DFProperties><AccessType><Get/></AccessType><DFFormat><node/></DFFormat><Occurrence><One/></Occurrence><DFType><DDFName>urn:oma:mo:ext-acme-lamp:1.0</DDFName></DFType></DFProperties>
${leaf('Colour', 'chr', '<Get/><Replace/>')}${leaf('Level', 'int', '<Get/><Replace/>')}${leaf('Blink', 'null', '<Exec/>')}${extra}
</Node></MgmtTree>`;
}

export const LAMP = 'urn:oma:mo:ext-acme-lamp:1.0';

export function libraryOf(...sources: readonly string[]): DdfLibrary {
  return new DdfLibrary(
    sources.flatMap((source) => {
      const read = readDdf(source);
      if (!read.ok) throw new Error(read.refusal.message);
      return read.document.mos;
    }),
  );
}

export function device(key: string, more: Partial<DeviceView> = {}): DeviceView {
  return {
    key,
    deviceId: `IMEI:${key}`,
    accountId: '1',
    protocol: 'DM_1_2',
    tags: [],
    timeZone: null,
    features: {},
    supportedMos: {},
    lastContactAt: null,
    discoveredAt: new Date('2026-01-01T00:00:00Z'),
    bearers: null,
    msisdn: null,
    udpAddress: null,
    createdAt: new Date('2026-01-01T00:00:00Z'),
    ...more,
  };
}

export function mo(of: string, miid: string, values: MoView['values'], more: Partial<MoView> = {}): MoView {
  return {
    device: of,
    family: familyOf(LAMP),
    moid: LAMP,
    miid,
    version: versionOf(LAMP),
    place: `./Vendor/Acme/${miid}`,
    recognisedBy: 'PLACE',
    values,
    properties: {},
    meta: {},
    observedAt: new Date('2026-01-02T00:00:00Z'),
    completeAt: new Date('2026-01-02T00:00:00Z'),
    ...more,
  };
}

export function operation(more: Partial<OperationView> = {}): OperationView {
  return {
    id: '7',
    device: '1',
    state: 'SUCCEEDED',
    caller: 'key:1',
    priority: 0,
    commands: [],
    createdAt: new Date('2026-01-03T00:00:00Z'),
    expiresAt: new Date('2026-02-02T00:00:00Z'),
    endedAt: null,
    cancelRequestedAt: null,
    ...more,
  };
}

/** What stands behind the schema in tests of the schema alone: plain lists instead of a database. */
export interface World {
  devices: DeviceView[];
  objects: MoView[];
  library: DdfLibrary;
  /** Grants by principal; an administrator needs none. */
  grants: Record<string, readonly Partial<GrantRule>[]>;
  acls: ObservedAcl[];
  readonly submitted: SubmitOperation[];
  /** Arguments of each call of `objects.load`. */
  readonly loads: { readonly devices: readonly string[]; readonly families?: readonly string[] }[];
  /** What the device does when it is asked. */
  onSubmit: (input: SubmitOperation) => Promise<OperationView>;
  guard?: DdfGuard;
  /** Puts another library in the place of the one that is there, as `addDdf` does. */
  swap(library: DdfLibrary): Promise<void>;
  readonly services: Services;
}

export function givenWorld(initial: Partial<Pick<World, 'devices' | 'objects' | 'library'>> = {}): World {
  const listeners = new Set<() => void>();
  const world: World = {
    devices: [device('1')],
    objects: [],
    library: libraryOf(lampDdf()),
    ...initial,
    grants: {},
    acls: [],
    submitted: [],
    loads: [],
    onSubmit: () => Promise.resolve(operation()),
    async swap(library) {
      await world.guard?.(library, {});
      world.library = library;
      for (const listener of listeners) listener();
    },
    services: undefined as never,
  };
  const unused = new Proxy(
    {},
    { get: (_target, name) => () => Promise.reject(new Error(`the test asks for ${String(name)}`)) },
  );
  const services: Services = {
    subscriptions: unused as Services['subscriptions'],
    wakeUps: unused as Services['wakeUps'],
    nodeIndexes: unused as Services['nodeIndexes'],
    activity: unused as Services['activity'],
    campaigns: unused as Services['campaigns'],
    explanations: unused as Services['explanations'],
    exchanges: unused as Services['exchanges'],
    profiles: unused as Services['profiles'],
    rules: unused as Services['rules'],
    audit: { ...(unused as Services['audit']), record: () => Promise.resolve() },
    accounts: {
      ...(unused as Services['accounts']),
      getMany: (ids) => Promise.resolve(ids.map((id) => account(id))),
      list: () => Promise.resolve({ items: [], hasNext: false }),
    },
    devices: {
      ...(unused as Services['devices']),
      getMany: (keys) => Promise.resolve(keys.map((key) => world.devices.find((one) => one.key === key) ?? null)),
      findMany: (ids) => Promise.resolve(ids.map((id) => world.devices.find((one) => one.deviceId === id) ?? null)),
      list: ({ reach }, first, after) => {
        const rest = world.devices
          .filter((one) => after === undefined || Number(one.key) > Number(after.key))
          .filter((one) => reach === undefined || reach.all || reach.devices.includes(one.key));
        return Promise.resolve({ items: rest.slice(0, first), hasNext: rest.length > first });
      },
      register: () => Promise.reject(new Error('the disk of db.internal is full')),
    },
    objects: {
      acls: (devices) => Promise.resolve(world.acls.filter((one) => devices.includes(one.device))),
      load: (devices, families) => {
        world.loads.push({ devices, families });
        return Promise.resolve(
          world.objects.filter((one) => devices.includes(one.device) && (!families || families.includes(one.family))),
        );
      },
    },
    operations: {
      ...(unused as Services['operations']),
      submit: async (input, caller) => {
        const rights = await services.grants.rightsOf(caller);
        const target = world.devices.find((one) => one.deviceId === input.deviceId);
        if (target === undefined || !rights.sees(scopedDevice(target)))
          throw new ManagementError('NOT_FOUND', `There is no device "${input.deviceId}".`);
        world.submitted.push(input);
        return world.onSubmit(input);
      },
    },
    ddfs: {
      ...(unused as Services['ddfs']),
      library: () => world.library,
      names: () => ({}),
      onChange: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
      setGuard: (guard) => {
        world.guard = guard;
      },
    },
    reports: unused as Services['reports'],
    feed: unused as Services['feed'],
    history: unused as Services['history'],
    webhooks: unused as Services['webhooks'],
    delegations: unused as Services['delegations'],
    keys: {
      ...(unused as Services['keys']),
      onChange: () => () => undefined,
      authenticate: (bearer) => Promise.resolve(CALLERS.get(bearer) ?? null),
    },
    grants: {
      ...(unused as Services['grants']),
      rightsOf: ({ admin, principal }) =>
        Promise.resolve(new Rights(admin, (world.grants[principal] ?? []).map(rule), Date.now())),
    },
    notifications: unused as Services['notifications'],
    bootstraps: unused as Services['bootstraps'],
    repository: unused as Services['repository'],
  };
  return Object.assign(world, { services });
}

/** A rule that says only what matters: everywhere, for ever. */
function rule(given: Partial<GrantRule>): GrantRule {
  const everywhere = { device: null, account: null, tag: null, family: null, path: null, expiresAt: null };
  return { right: 'READ', ...everywhere, ...given };
}

const CALLERS = new Map<string, Caller>([
  [ADMIN_KEY, { principal: 'key:1', name: 'operator', admin: true }],
  [PLAIN_KEY, { principal: 'key:2', name: 'dashboard', admin: false }],
]);

function account(id: string): NonNullable<Awaited<ReturnType<Services['accounts']['get']>>> {
  return {
    id,
    serverId: 'dm.example',
    name: null,
    autoRegister: false,
    clientAuthType: 'BASIC',
    clientUsername: 'device',
    serverAuthType: 'NONE',
    serverUsername: null,
    bearers: null,
    createdAt: new Date('2026-01-01T00:00:00Z'),
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly data?: Record<string, unknown> | null;
  readonly errors?: readonly {
    readonly message: string;
    readonly path?: readonly unknown[];
    readonly extensions: Readonly<Record<string, unknown>>;
  }[];
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface Gateway {
  readonly url: string;
  /** Asks over HTTP, with the administrator's key unless another is given. */
  ask(query: string, variables?: Readonly<Record<string, unknown>>, key?: string): Promise<Answer>;
  close(): Promise<void>;
}

/** A gateway that listens on a free port of this machine. */
export async function serve(world: World, more: Partial<AppDeps> = {}): Promise<Gateway> {
  const refuse = (inbound: Inbound): Promise<Wire> =>
    Promise.resolve({ status: 400, headers: { 'x-path': inbound.path }, body: new Uint8Array(0) });
  const app = buildApp({
    services: world.services,
    device: (_protocol, inbound) => refuse(inbound),
    repository: () => Promise.reject(new Error('the test asks the repository')),
    bootstrap: refuse,
    ...more,
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    async ask(query, variables, key = ADMIN_KEY) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query, variables }),
      });
      return { ...((await response.json()) as object), status: response.status, headers: response.headers } as Answer;
    },
    async close() {
      // A browser holds connections on which it never asked anything.
      const late = setTimeout(() => app.server.closeAllConnections(), 1_000);
      await app.close();
      clearTimeout(late);
    },
  };
}
