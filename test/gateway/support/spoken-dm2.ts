/**
 * Dialogues of DM 2.0 with a real gateway: a test says each package of the device and each request to the repository, and
 * what it hears is the gateway's. On the embedded database one gateway answers, which loads the session anew for each
 * package; on PostgreSQL two processes do, and every second request goes to the other one.
 */
import { writeMultipart } from '../../../adapters/dm2/multipart';
import type { Database } from '../../../src/store/database';
import { PUBLIC_URL, openStage, type Login, type Stage } from './spoken';
import { ask, asked, METER, register, type Asked, type Reachable } from './world';

const ENDPOINT = `${PUBLIC_URL}/dm/2`;
export const TYPES = {
  first: 'application/vnd.oma.dm.initiation+json',
  request: 'application/vnd.oma.dm.request+json',
  next: 'application/vnd.oma.dm.response+json',
  moJson: 'application/dmmo+json',
} as const;

export interface SpokenDm2World {
  gateway(): Reachable;
  db(): Database;
  accountId(): string;
  device(options?: SpokenDm2Options): Promise<SpokenDm2>;
  /** Time goes on for every gateway, and what is then due is done. */
  passes(ms: number): Promise<void>;
}

export interface SpokenDm2Options {
  readonly clientAuth?: Login;
  readonly registered?: boolean;
  /** Whether its management objects are read at first contact; they are not unless asked for. */
  readonly discovery?: boolean;
}

/** A section of the protocol. `settings` are those of MOQL_CONFIG, or makes them. */
export function describeDm2(
  title: string,
  body: (world: SpokenDm2World) => void,
  settings?: object | (() => Promise<object>),
): void {
  describe(title, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(typeof settings === 'function' ? await (settings as () => Promise<object>)() : settings);
    });
    afterAll(() => stage.close());
    body({
      gateway: () => first(stage.gateways),
      db: () => stage.db,
      accountId: () => stage.accountId,
      passes: (ms) => stage.passes(ms),
      device: (options = {}) => makeDevice(stage, options),
    });
  });
}

let deviceNo = 0;

async function makeDevice(
  stage: Stage,
  { registered = true, discovery = false, clientAuth = { type: 'NONE' } }: SpokenDm2Options,
): Promise<SpokenDm2> {
  deviceNo += 1;
  const deviceId = `urn:uuid:spoken-dm2-${deviceNo}`;
  if (registered) {
    const { accountId } = stage;
    await register(first(stage.gateways), { deviceId, accountId, clientAuth, protocol: 'DM_2_0' });
    if (!discovery)
      await stage.db.sql.query('UPDATE device SET discover_requested = false WHERE device_id = $1', [deviceId]);
  }
  return new SpokenDm2(deviceId, stage.gateways);
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

interface Post {
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the address that CONT named last, or of the account's. */
  readonly to?: string;
}

/** Package#1 of a device with one meter. */
const MOS = { MOS: [{ MOID: METER, MIID: ['m1'] }] };

/** Data of a GET: MO data for an address, or a bare value of a type. */
export type Brought = { readonly uri: string; readonly data: unknown; readonly cv?: string } | Bare;
interface Bare {
  readonly type: string;
  readonly text: string;
}

export class SpokenDm2 {
  /** Commands of the gateway's last Package#2; empty where it was none. */
  cmd: readonly (readonly string[])[] = [];
  answer: HttpAnswer | undefined;
  /** Octets of bodies that the device has sent in packages and uploads. */
  sentOctets = 0;
  private address: string | undefined;
  private posted = 0;
  private sessions = 0;

  constructor(
    readonly deviceId: string,
    private readonly gateways: readonly Reachable[],
  ) {}

  /** Package#1, to the account's address: a new session. */
  begins(body: object = MOS, more: Post = {}): Promise<this['cmd']> {
    this.address = undefined;
    // Sessions that follow one another closely begin with different octets; members beyond the schema are passed over.
    this.sessions += 1;
    return this.posts(JSON.stringify({ ...body, N: this.sessions }), { type: TYPES.first, ...more });
  }

  /** Package#3 with the status of each command, to the address that CONT named. */
  answers(codes: readonly (number | object)[], more: Post & { readonly alerts?: unknown } = {}): Promise<this['cmd']> {
    return this.posts(JSON.stringify(statusOf(codes, more.alerts)), { type: TYPES.next, ...more });
  }

  /** The same with data of GETs, by the index of their status. */
  brings(
    codes: readonly (number | object)[],
    data: Readonly<Record<number, Brought>>,
    more: Post = {},
  ): Promise<this['cmd']> {
    const parts = Object.entries(data).map(([name, brought]) => ({ name, ...bodyOf(brought) }));
    const package3 = { mediaType: TYPES.next, body: Buffer.from(JSON.stringify(statusOf(codes))) };
    const { contentType, body } = writeMultipart([package3, ...parts]);
    return this.posts(body, { type: contentType, ...more });
  }

  /** Octets as they are. */
  async posts(body: string | Uint8Array, { type = TYPES.next, headers = {}, to }: Post = {}): Promise<this['cmd']> {
    const answer = await this.requests('POST', to ?? this.address ?? ENDPOINT, body, {
      'content-type': type,
      accept: TYPES.request,
      'omadm-devid': this.deviceId,
      ...headers,
    });
    this.answer = answer;
    this.cmd = answer.status === 200 ? (JSON.parse(answer.body.toString()) as { CMD: string[][] }).CMD : [];
    const cont = this.cmd.find(([name]) => name === 'CONT');
    if (cont !== undefined) this.address = cont[1];
    return this.cmd;
  }

  /** Commands but for CONT: name and last parameter. */
  get heard(): readonly string[] {
    return this.cmd
      .filter(([name]) => name !== 'CONT')
      .map((words) => (words.length === 1 ? words : [words[0], words.at(-1)]).join(' '));
  }

  /** What an HGET of the last Package#2 brings. */
  async fetches(index: number, accept?: string): Promise<HttpAnswer> {
    return this.requests('GET', this.cmd[index]?.[1] ?? '', undefined, accept === undefined ? {} : { accept });
  }

  /** Puts data where an HPUT or HPOST of the last Package#2 wants it. */
  async puts(index: number, brought: Brought): Promise<HttpAnswer> {
    const { mediaType, body } = bodyOf(brought);
    const [name, address = ''] = this.cmd[index] ?? [];
    return this.requests(name === 'HPOST' ? 'POST' : 'PUT', address, body, { 'content-type': mediaType });
  }

  async requests(
    method: string,
    address: string,
    body?: string | Uint8Array,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpAnswer> {
    const gateway = this.gateways[this.posted++ % this.gateways.length] ?? first(this.gateways);
    if (body !== undefined) this.sentOctets += Buffer.byteLength(body);
    const response = await fetch(address.replace(PUBLIC_URL, gateway.deviceUrl), {
      method,
      headers: { 'accept-encoding': 'identity', ...headers },
      ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
    });
    return { status: response.status, headers: response.headers, body: Buffer.from(await response.arrayBuffer()) };
  }

  /** A caller wants something of the device. */
  isAsked(commands: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Promise<Asked> {
    return asked(first(this.gateways), this.deviceId, commands, more);
  }

  /** What callers see of the device. */
  async shows<T = Record<string, never>>(fields: string): Promise<T> {
    const query = `query ($id: ID!) { device(deviceId: $id) { ${fields} } }`;
    return (await ask<{ device: T }>(first(this.gateways), query, { id: this.deviceId })).device;
  }

  /** Features that were learned of it. */
  async features(): Promise<Readonly<Record<string, unknown>>> {
    const { features } = await this.shows<{ features: readonly { name: string; value: unknown }[] }>(
      'features { name value }',
    );
    return Object.fromEntries(features.map(({ name, value }) => [name, value]));
  }
}

function statusOf(codes: readonly (number | object)[], alerts?: unknown): object {
  return {
    Status: codes.map((code) => (typeof code === 'number' ? { sc: code } : code)),
    ...(alerts === undefined ? {} : { Alert: alerts }),
  };
}

function bodyOf(brought: Brought): { readonly mediaType: string; readonly body: Uint8Array } {
  if ('type' in brought) return { mediaType: brought.type, body: Buffer.from(brought.text) };
  const entry = { ClientURI: brought.uri, CV: brought.cv, MOData: brought.data };
  return { mediaType: TYPES.moJson, body: Buffer.from(JSON.stringify([entry])) };
}

/** Addresses and commands as callers write them: the meter's instance `m1` unless another is named. */
const address = (path: string, miid = 'm1', moid = METER): object => ({ moid, miid, path });
export const by = {
  get: (path: string, depth?: number, miid?: string): object => ({
    get: { address: address(path, miid), ...(depth === undefined ? {} : { depth }) },
  }),
  replace: (path: string, value: object, miid?: string): object => ({
    replace: { address: address(path, miid), value },
  }),
  add: (path: string, value?: object, miid?: string): object => ({
    add: { address: address(path, miid), ...(value === undefined ? {} : { value }) },
  }),
  delete: (path: string, miid?: string): object => ({ delete: { address: address(path, miid) } }),
  exec: (path: string, miid?: string, moid?: string): object => ({ exec: { address: address(path, miid, moid) } }),
  copy: (from: string, to: string, miid?: string): object => ({
    copy: { from: address(from), to: address(to, miid) },
  }),
} as const;

export const uri = (path: string, miid = 'm1'): string => `${METER}/${miid}/${path}`;

function first<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error('there is none');
  return value;
}
