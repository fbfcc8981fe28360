import type {
  AccountKnowledge,
  Address,
  Command,
  CommandBody,
  Context,
  CredentialKnowledge,
  DdfKnowledge,
  DeviceKnowledge,
  Effect,
  Envelope,
  Inbound,
  Json,
  NodeKnowledge,
  StoredSession,
  Value,
  Wire,
} from '../../../adapters/adapter';
import { createDm2Adapter } from '../../../adapters/dm2';
import { writeMultipart } from '../../../adapters/dm2/multipart';

export const DEVICE = 'IMEI:356938035643809';
export const BASE = 'https://dm.acme.test';
export const METER = 'urn:example:mo:meter:1.0';

const adapter = createDm2Adapter();

export function credential(over: Partial<CredentialKnowledge> = {}): CredentialKnowledge {
  return { type: 'NONE', username: '', secret: '', nonce: new Uint8Array(), failures: 0, ...over };
}

/** Nodes of the meter as its DDF would describe them; other MO types are unknown. */
const METER_NODES: Readonly<Record<string, NodeKnowledge>> = {
  '': { format: 'node', access: ['Get'], permanent: true },
  Serial: { format: 'chr', access: ['Get'], permanent: true },
  Unit: { format: 'chr', access: ['Get', 'Replace'], permanent: true },
  Key: { format: 'bin', access: ['Replace'], permanent: true },
  Tariff: { format: 'node', access: ['Get'], permanent: true },
  'Ops/Reset': { format: 'null', access: ['Exec'], permanent: true },
};

export const ddf: DdfKnowledge = {
  isKnown: (moid) => moid === METER,
  places: () => [],
  node: (moid, path) => (moid === METER ? METER_NODES[path] : undefined),
};

export function inboundOf(over: Partial<Inbound> & { headers?: Record<string, string> }): Inbound {
  return {
    method: 'POST',
    path: '/dm/2',
    body: new Uint8Array(),
    peer: { secure: true, loopback: false },
    ...over,
    headers: { 'omadm-devid': DEVICE, accept: 'application/vnd.oma.dm.request+json', ...over.headers },
  };
}

export interface Given {
  readonly commands?: readonly CommandBody[];
  readonly features?: Readonly<Record<string, Json>>;
  readonly clientAuth?: CredentialKnowledge;
  readonly certSha256?: string;
  readonly mos?: DeviceKnowledge['mos'];
  /** Nobody knows the device. */
  readonly stranger?: boolean;
  readonly autoRegister?: boolean;
  /** Notifications that wait for an answer: identifier and age in minutes, oldest first. */
  readonly notified?: readonly (readonly [sessionNo: number, minutes: number])[];
  readonly ddf?: DdfKnowledge;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly cmd: readonly (readonly string[])[];
  readonly effects: readonly Effect[];
  readonly replayed: boolean;
  readonly stateless: boolean;
}

/** A device and the middle that serves it: a queue, one stored session, the repository's record. */
export class Dialogue {
  private nowMs = 1_750_000_000_000;
  private turns = 0;
  private session: StoredSession | undefined;
  private readonly fetched = new Set<string>();
  private readonly put = new Map<string, { mime: string; body: Uint8Array }>();
  private features: Record<string, Json>;
  private queue: Command[] = [];
  private sent = new Map<string, Command>();
  private made = 0;
  readonly effects: Effect[] = [];
  registered: boolean;

  constructor(private readonly given: Given) {
    this.features = { ...given.features };
    this.registered = given.stranger !== true;
    this.has(...(given.commands ?? []));
  }

  /** Queues commands; their ids are c1, c2 … and their tokens item-c1 … */
  has(...bodies: readonly (CommandBody & { atomic?: string; attempts?: number })[]): void {
    for (const body of bodies) {
      this.made += 1;
      this.queue.push({ id: `c${this.made}`, token: `item-c${this.made}`, repeatable: false, ...body });
    }
  }

  wait(ms: number): void {
    this.nowMs += ms;
  }

  fetches(...ids: readonly string[]): void {
    for (const id of ids) this.fetched.add(`item-${id}`);
  }

  /** Puts a document to the address that a command's HPUT or HPOST named. */
  puts(id: string, body: unknown, mime = 'application/dmmo+json'): void {
    const octets = typeof body === 'string' ? body : JSON.stringify(body);
    this.put.set(`item-${id}`, { mime, body: Buffer.from(octets) });
  }

  /** The session as it is stored now. */
  get stored(): StoredSession | undefined {
    return this.session;
  }

  get waiting(): readonly string[] {
    return this.queue.map((command) => command.id);
  }

  posts(body: unknown, over: Parameters<typeof inboundOf>[0] & { type?: string } = {}): Reply {
    const isPackage1 = typeof body === 'object' && body !== null && !('Status' in body) && !Buffer.isBuffer(body);
    const type = over.type ?? `application/vnd.oma.dm.${isPackage1 ? 'initiation' : 'response'}+json`;
    const { type: _, ...rest } = over;
    return this.receives(
      inboundOf({
        ...rest,
        body: Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body)),
        headers: { 'content-type': type, ...rest.headers },
      }),
    );
  }

  /** Posts to the address that the last Package#2 gave with CONT. */
  answers(body: unknown, over: Parameters<typeof inboundOf>[0] & { type?: string } = {}): Reply {
    const token = this.session?.state.token ?? '';
    return this.posts(body, { token, path: `/dm/2/${token}`, ...over });
  }

  receives(inbound: Inbound): Reply {
    const opened = adapter.open(inbound);
    if ('refusal' in opened) return this.reply(opened.refusal, [], false, true);
    const { envelope } = opened;
    if (this.session !== undefined && adapter.isRepeat(envelope, this.session, this.nowMs, this.queue.length > 0)) {
      return this.reply(this.session.lastReply, [], true, true);
    }
    return this.takesTurn(envelope);
  }

  private takesTurn(envelope: Envelope): Reply {
    this.turns += 1;
    const context = this.context();
    const received = adapter.receive(envelope, context);
    this.apply(received.effects, received.stateless === true);
    const commands = this.queue.slice(0, received.wants.commands);
    const after = this.context();
    const work = { commands, more: this.queue.length > commands.length, slices: [] };
    const responded = adapter.respond(envelope, received.state, work, {
      ...after,
      ...(context.session === undefined ? {} : { session: context.session }),
    });
    this.apply(responded.effects, received.stateless === true);
    this.queue = this.queue.filter((command) => command.kind !== 'discover' || !commands.includes(command));
    if (received.stateless !== true) {
      this.session = {
        state: JSON.parse(JSON.stringify(responded.state)) as StoredSession['state'],
        lastSha256: envelope.sha256,
        lastReply: responded.reply,
        lastAt: this.nowMs,
      };
    }
    const effects = [...received.effects, ...responded.effects];
    const replayed = received.stateless === true && responded.reply === context.session?.lastReply;
    return this.reply(responded.reply, effects, replayed, received.stateless === true);
  }

  /** Time passes until the session is given up. */
  expires(): readonly Effect[] {
    return this.session === undefined ? [] : adapter.expire(this.session.state);
  }

  private reply(wire: Wire, effects: readonly Effect[], replayed: boolean, stateless: boolean): Reply {
    const body = JSON.parse(Buffer.from(wire.body).toString('utf8')) as { CMD: string[][] };
    return { status: wire.status, headers: wire.headers, cmd: body.CMD, effects, replayed, stateless };
  }

  private apply(effects: readonly Effect[], stateless: boolean): void {
    if (stateless) return;
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'featureLearned') this.features[effect.feature] = effect.value;
      if (effect.kind === 'deviceBound') this.registered = true;
      if (effect.kind === 'commandSent') {
        const command = this.queue.find((one) => one.id === effect.command);
        if (command !== undefined) this.sent.set(command.id, command);
        this.queue = this.queue.filter((one) => one.id !== effect.command);
      }
      if (effect.kind === 'commandAnswered') this.queue = this.queue.filter((one) => one.id !== effect.command);
      if (effect.kind === 'commandNotExecuted') {
        const command = this.sent.get(effect.command);
        if (command !== undefined) this.queue = [command, ...this.queue];
      }
    }
  }

  private notified(): Pick<AccountKnowledge, 'notified' | 'notifiedBefore'> {
    const told = (this.given.notified ?? []).map(([sessionNo, minutes]) => ({
      sessionNo,
      at: this.nowMs - minutes * 60_000,
    }));
    const last = told.at(-1);
    return last === undefined ? {} : { notified: last, notifiedBefore: told.slice(0, -1) };
  }

  private context(): Context {
    const account: AccountKnowledge = {
      serverId: 'dm.acme.test',
      autoRegister: this.given.autoRegister ?? false,
      clientAuth: this.given.clientAuth ?? credential(),
      serverAuth: credential(),
      ...this.notified(),
    };
    const device: DeviceKnowledge = {
      deviceId: DEVICE,
      features: this.features,
      mos: this.given.mos ?? [],
      ...(this.given.certSha256 === undefined ? {} : { certSha256: this.given.certSha256 }),
    };
    return {
      now: this.nowMs,
      random: new Uint8Array(64),
      freshToken: `T${String(this.turns).padStart(21, '0')}`,
      strangerNonce: new Uint8Array(16),
      strangerToken: 'S'.repeat(22),
      digestKey: Buffer.alloc(32, 7),
      baseUrl: BASE,
      allowInsecureBasic: false,
      limits: {
        maxMsgSize: 65_536,
        maxObjSize: 1_048_576,
        maxFailures: 5,
        sessionExpiryMs: 300_000,
        transferExpiryMs: 1_800_000,
      },
      ddf: this.given.ddf ?? ddf,
      defaultServerId: 'moql',
      items: {
        ...Object.fromEntries([...this.fetched].map((token) => [token, { fetched: true }])),
        ...Object.fromEntries([...this.put].map(([token, uploaded]) => [token, { fetched: false, uploaded }])),
      },
      ...(this.session === undefined ? {} : { session: this.session }),
      ...(this.registered ? { device } : {}),
      ...(this.registered || this.given.autoRegister === true ? { account } : {}),
    };
  }
}

export function given(options: Given = {}): Dialogue {
  return new Dialogue(options);
}

/** Effects of one kind. */
export function only<K extends Effect['kind']>(
  effects: readonly Effect[],
  kind: K,
): readonly Extract<Effect, { kind: K }>[] {
  return effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind);
}

/** Command id → what became of it, in short: an outcome, `accepted`, `unanswered`, `queued`. */
export function outcomes(effects: readonly Effect[]): Record<string, string> {
  const table: Record<string, string> = {};
  for (const effect of effects) {
    if (effect.kind === 'commandAnswered') table[effect.command] = effect.outcome;
    if (effect.kind === 'commandAccepted') table[effect.command] = 'accepted';
    if (effect.kind === 'commandUnanswered') table[effect.command] = 'unanswered';
    if (effect.kind === 'commandNotExecuted') table[effect.command] = 'queued';
  }
  return table;
}

export const statuses = (...codes: readonly number[]): { Status: { sc: number }[] } => ({
  Status: codes.map((sc) => ({ sc })),
});

export const at = (path: string, miid = 'kitchen'): Address => ({ moid: METER, miid, path });
export const chr = (data: string): Value => ({ format: 'chr', data });
export const get = (path: string, over: { depth?: number; validator?: string } = {}): CommandBody => ({
  kind: 'get',
  at: at(path),
  ...over,
});
export const add = (path: string): CommandBody => ({ kind: 'add', at: at(path), value: chr('new') });
export const replace = (path: string): CommandBody => ({ kind: 'replace', at: at(path), value: chr('new') });
export const exec = (path: string): CommandBody => ({ kind: 'exec', at: at(path), correlator: 'x' });
export const END = [['END']];
export const names = (reply: Reply): readonly (string | undefined)[] => reply.cmd.map(([name]) => name);

/** A Package#3 with MO data at some indexes of Status. */
export function withData(
  codes: readonly number[],
  data: Readonly<Record<number, [uri: string, moData: unknown, cv?: string]>>,
): readonly [body: Buffer, over: { type: string }] {
  const parts = Object.entries(data).map(([name, [ClientURI, MOData, CV]]) => ({
    name,
    mediaType: 'application/dmmo+json',
    body: Buffer.from(JSON.stringify([{ ClientURI, CV, MOData }])),
  }));
  const first = {
    mediaType: 'application/vnd.oma.dm.response+json',
    body: Buffer.from(JSON.stringify(statuses(...codes))),
  };
  const { contentType, body } = writeMultipart([first, ...parts]);
  return [Buffer.from(body), { type: contentType }];
}
