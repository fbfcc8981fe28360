/**
 * A device and the gateway in lock step: the device sends a message, the adapter's turn is taken as the middle takes it,
 * and the reply and the effects stand there to be looked at. The session goes through JSON between any two messages.
 */
import { createDm1Adapter } from '../../../../adapters/dm1';
import {
  type AccountKnowledge,
  type Adapter,
  CHUNK_REF,
  type Command,
  type Context,
  type CredentialKnowledge,
  type DeviceKnowledge,
  type Effect,
  type Envelope,
  type Inbound,
  type Json,
  type SessionState,
  type StoredSession,
  type Wants,
  type Wire,
  type Work,
} from '../../../../adapters/adapter';
import { decodeMessage, encodeMessage } from '../../../../adapters/dm1/codec';
import type { BodyCommand, Encoding, Item, Message, Status, SyncHdr } from '../../../../adapters/dm1/message';

export const DEVICE = 'IMEI:490154203237518';
export const BASE_URL = 'https://dm.example.net';
export const TOKEN = 'H94F6-hepdl-GFDxcUJx_N';

/** Octets `first`, `first + 1` … sixteen of them, as the nonces of the vectors are. */
export function octets(first: number, length = 16): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) % 256);
}

export function credential(
  type: CredentialKnowledge['type'],
  more: Partial<CredentialKnowledge> = {},
): CredentialKnowledge {
  return { type, username: 'dev-0001', secret: 's3cret-Client', nonce: new Uint8Array(0), failures: 0, ...more };
}

export const serverCredential = (nonce: Uint8Array = new Uint8Array(0)): CredentialKnowledge => ({
  type: 'DIGEST_MD5',
  username: 'mgmt.example.net',
  secret: 's3cret-Server',
  nonce,
  failures: 0,
});

export interface Given {
  readonly form?: Encoding['form'];
  readonly clientAuth?: CredentialKnowledge;
  readonly serverAuth?: CredentialKnowledge;
  /** False: nobody knows the device. */
  readonly known?: boolean;
  /** False: the account registers devices on first contact, and this one is not yet. */
  readonly registered?: boolean;
  readonly features?: DeviceKnowledge['features'];
  readonly device?: Partial<DeviceKnowledge>;
  /** What the DDFs know, beside the places. */
  readonly ddf?: Partial<Context['ddf']>;
  readonly places?: readonly { readonly place: string; readonly moid: string }[];
  readonly token?: string;
  readonly nonces?: readonly Uint8Array[];
  readonly limits?: Partial<Context['limits']>;
  readonly secure?: boolean;
  readonly baseUrl?: string;
}

/** Commands that callers asked for; the dialogue hands out as many as are wanted. */
export class Dialogue {
  readonly adapter: Adapter = createDm1Adapter();
  readonly effects: Effect[] = [];
  /** Effects of the last message alone. */
  turn: Effect[] = [];
  wants: Wants = { commands: 0, octets: 0, discovery: false, slices: [] };
  session: StoredSession | undefined;
  reply: Message = { header: emptyHeader(), body: [], final: false };
  wire: Wire | undefined;
  queue: Command[] = [];
  discover: { messages: number; nodes: number } | undefined;
  /** Octets that the middle keeps for the session, by ref. */
  readonly kept = new Map<string, Uint8Array[]>();
  /** Values in the store, by key. */
  readonly blobs = new Map<string, Uint8Array>();
  /** Octets of the values that were loaded for the last message. */
  loaded = 0;
  features: Record<string, Json>;
  now = 1_700_000_000_000;
  private clientAuth: CredentialKnowledge;
  private serverAuth: CredentialKnowledge;
  private nonceNo = 0;
  /** What is kept of refused messages, which store no session. */
  private refusals: Context['refusals'];

  constructor(private readonly given: Given = {}) {
    this.clientAuth = given.clientAuth ?? credential('NONE');
    this.serverAuth = given.serverAuth ?? credential('NONE');
    this.features = { ...given.features };
  }

  get encoding(): Encoding {
    return { form: this.given.form ?? 'xml' };
  }

  /** The device sends a message to the address of the session, or to the account's. */
  sends(
    message: Message,
    options: { readonly token?: string; readonly headers?: Record<string, string> } = {},
  ): Message {
    return this.posts(encodeMessage(message, this.encoding), options);
  }

  posts(
    body: Uint8Array,
    options: { readonly token?: string; readonly headers?: Record<string, string> } = {},
  ): Message {
    return this.show(this.answer(inbound(body, this.given, options)));
  }

  /** A turn of the gateway, from the request to the answer. */
  answer(request: Inbound): Wire {
    this.turn = [];
    const opened = this.adapter.open(request);
    if ('refusal' in opened) throw new Error(`refused: ${opened.reason}`);
    const { envelope } = opened;
    const receiving = envelope.mayEndObject === true ? this.session?.state.receiving : undefined;
    const parts = receiving === undefined ? undefined : this.kept.get(receiving);
    const context = { ...this.context(), ...(parts === undefined ? {} : { objectSoFar: Buffer.concat(parts) }) };
    if (this.session && this.adapter.isRepeat(envelope, this.session, this.now, this.queue.length > 0)) {
      return this.session.lastReply;
    }
    const received = this.adapter.receive(envelope, context);
    this.apply(received.effects);
    this.wants = received.wants;
    const work = this.take(received.wants);
    const responded = this.adapter.respond(envelope, throughJson(received.state), work, this.context());
    this.apply(responded.effects);
    this.giveBack(work, responded.effects);
    if (received.refusals !== undefined) this.refusals = throughJson(received.refusals);
    else if (!received.stateless) {
      this.refusals = undefined;
      this.store(envelope, responded.state, responded.reply);
    }
    return responded.reply;
  }

  /** Effects of the last message, but for that it was believed. */
  get news(): Effect[] {
    return this.turn.filter((effect) => effect.kind !== 'authenticated');
  }

  /** Effects of one kind so far. */
  all<K extends Effect['kind']>(kind: K): (Effect & { readonly kind: K })[] {
    return this.effects.filter((effect): effect is Effect & { readonly kind: K } => effect.kind === kind);
  }

  /** Commands of the last reply: everything but Status and the session's alerts. */
  get commands(): BodyCommand[] {
    return this.reply.body.filter((command) => command.kind !== 'Status' && command.kind !== 'Alert');
  }

  get statuses(): Status[] {
    return this.reply.body.filter((command): command is Status => command.kind === 'Status');
  }

  context(): Context {
    const { given } = this;
    const account: AccountKnowledge = {
      serverId: 'mgmt.example.net',
      autoRegister: given.registered === false,
      clientAuth: this.clientAuth,
      serverAuth: this.serverAuth,
    };
    const device: DeviceKnowledge = { deviceId: DEVICE, features: this.features, mos: [], ...given.device };
    const places = given.places ?? [{ place: './DevInfo', moid: 'urn:oma:mo:oma-dm-devinfo:1.0' }];
    const nonce = given.nonces?.[this.nonceNo] ?? octets(this.nonceNo * 16 + 16);
    return {
      now: this.now,
      random: Uint8Array.from([...nonce, ...octets(0, 48)]),
      freshToken: given.token ?? TOKEN,
      strangerNonce: octets(0xa0),
      strangerToken: 'stranger-stranger-0000',
      digestKey: octets(1),
      baseUrl: given.baseUrl ?? BASE_URL,
      allowInsecureBasic: false,
      limits: {
        maxMsgSize: 65_536,
        maxObjSize: 4_194_304,
        maxFailures: 5,
        sessionExpiryMs: 300_000,
        transferExpiryMs: 1_800_000,
        ...given.limits,
      },
      ddf: {
        isKnown: (moid) => moid.startsWith('urn:oma:'),
        node: () => undefined,
        places: () => places,
        ...given.ddf,
      },
      ...(this.session ? { session: this.session } : {}),
      ...(this.refusals === undefined ? {} : { refusals: this.refusals }),
      ...(given.known === false ? {} : { account }),
      ...(given.known === false || given.registered === false ? {} : { device }),
      defaultServerId: 'mgmt.example.net',
      items: {},
    };
  }

  private take(wants: Wants): Work {
    const commands = this.queue.splice(0, wants.commands).map((one) => this.withHead(one, wants.octets));
    const slices = wants.slices.map(({ of, offset, length }) => {
      const ref = of.blob.startsWith(CHUNK_REF) ? of.blob.slice(CHUNK_REF.length) : undefined;
      const octets = ref === undefined ? this.blobs.get(of.blob) : this.kept.get(ref)?.[0];
      return (octets ?? new Uint8Array(0)).subarray(offset, offset + length);
    });
    this.loaded = slices.reduce((sum, slice) => sum + slice.length, 0);
    const discover: Command[] =
      wants.discovery && this.discover
        ? [{ id: 'discovery', repeatable: true, token: 't', kind: 'discover', budget: this.discover }]
        : [];
    if (discover.length > 0) this.discover = undefined;
    return { commands: [...commands, ...discover], more: this.queue.length > 0, slices };
  }

  /** A stored value comes as far as a message could carry it; all of it is a value like any other. */
  private withHead(one: Command, octets: number): Command {
    const value = 'value' in one ? one.value : 'argument' in one ? one.argument : undefined;
    const data = value?.data;
    if (value === undefined || data === null || typeof data !== 'object' || data instanceof Uint8Array) return one;
    const head = (this.blobs.get(data.blob) ?? new Uint8Array(0)).subarray(0, octets);
    const whole = data.isText === true ? Buffer.from(head).toString() : head;
    const loaded = { ...value, data: head.length === data.length ? whole : { ...data, head } };
    return ('value' in one ? { ...one, value: loaded } : { ...one, argument: loaded }) as Command;
  }

  private giveBack(work: Work, effects: readonly Effect[]): void {
    const gone = new Set(
      effects.flatMap((effect) =>
        'command' in effect && effect.kind !== 'commandNotExecuted' ? [effect.command] : [],
      ),
    );
    this.queue.unshift(...work.commands.filter((command) => command.kind !== 'discover' && !gone.has(command.id)));
  }

  private apply(effects: readonly Effect[]): void {
    this.effects.push(...effects);
    this.turn.push(...effects);
    for (const effect of effects) {
      if (effect.kind === 'chunkKept') this.kept.set(effect.ref, [...(this.kept.get(effect.ref) ?? []), effect.octets]);
      if (effect.kind === 'chunksDropped') this.kept.delete(effect.ref);
      if (effect.kind === 'featureLearned') this.features[effect.feature] = effect.value;
      if (effect.kind !== 'nonceChanged') continue;
      if (effect.direction === 'SERVER') this.serverAuth = { ...this.serverAuth, nonce: effect.nonce };
      else {
        this.clientAuth = { ...this.clientAuth, nonce: effect.nonce, previousNonce: this.clientAuth.nonce };
        this.nonceNo += 1;
      }
    }
  }

  private store(envelope: Envelope, state: SessionState, reply: Wire): void {
    this.session = { state: throughJson(state), lastSha256: envelope.sha256, lastReply: reply, lastAt: this.now };
  }

  private show(wire: Wire): Message {
    this.wire = wire;
    const decoded = decodeMessage(wire.body, wire.headers['content-type'] ?? '');
    if (!decoded.ok) throw new Error(`${decoded.code}: ${decoded.message}`);
    this.reply = decoded.value.message;
    return this.reply;
  }
}

export function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

export function inbound(
  body: Uint8Array,
  given: Given = {},
  options: { readonly token?: string; readonly headers?: Record<string, string> } = {},
): Inbound {
  const type = `application/vnd.syncml.dm+${given.form ?? 'xml'}`;
  return {
    method: 'POST',
    path: options.token ? `/dm/1/${options.token}` : '/dm/1',
    ...(options.token ? { token: options.token } : {}),
    headers: { 'content-type': type, ...options.headers },
    body,
    peer: { secure: given.secure ?? true, loopback: false },
  };
}

function emptyHeader(): SyncHdr {
  return { verDtd: '', verProto: '', sessionId: '', msgId: '', target: { locUri: '' }, source: { locUri: '' } };
}

/** A message of the device. */
export function message(
  msgId: number,
  body: readonly BodyCommand[],
  more: Partial<SyncHdr> & { final?: boolean } = {},
): Message {
  const { final, ...header } = more;
  return {
    namespace: 'SYNCML:SYNCML1.2',
    header: {
      verDtd: '1.2',
      verProto: 'DM/1.2',
      sessionId: 'A1',
      msgId: String(msgId),
      target: { locUri: `${BASE_URL}/dm/1` },
      source: { locUri: DEVICE, locName: 'dev-0001' },
      ...header,
    },
    body,
    final: final ?? true,
  };
}

/** Package 1: Alert 1201 and DevInfo. */
export function package1(
  msgId = 1,
  more: Partial<SyncHdr> & { final?: boolean } = {},
  first: readonly BodyCommand[] = [],
): Message {
  const item = (name: string, text: string): Item => ({
    source: { locUri: `./DevInfo/${name}` },
    meta: { format: 'chr', type: 'text/plain' },
    data: { kind: 'text', text },
  });
  return message(
    msgId,
    [
      ...first,
      { kind: 'Alert', cmdId: '91', data: '1201', items: [] },
      {
        kind: 'Replace',
        cmdId: '92',
        items: [
          item('DevId', DEVICE),
          item('Man', 'Acme'),
          item('Mod', 'Widget 9'),
          item('DmV', '1.2'),
          item('Lang', 'en-GB'),
        ],
      },
    ],
    more,
  );
}

let cmdNo = 0;

export function status(msgRef: number, cmdRef: string, cmd: string, code: number, more: Partial<Status> = {}): Status {
  cmdNo += 1;
  return {
    kind: 'Status',
    cmdId: String(cmdNo),
    msgRef: String(msgRef),
    cmdRef,
    cmd,
    targetRefs: [],
    sourceRefs: [],
    data: String(code),
    items: [],
    ...more,
  };
}

export function results(
  msgRef: number,
  cmdRef: string,
  uri: string,
  text: string,
  format = 'chr',
  more: Partial<Item> = {},
): BodyCommand {
  cmdNo += 1;
  return {
    kind: 'Results',
    cmdId: String(cmdNo),
    msgRef: String(msgRef),
    cmdRef,
    items: [{ source: { locUri: uri }, meta: { format, type: 'text/plain' }, data: { kind: 'text', text }, ...more }],
  };
}

/** LocURI of a command's only Item. */
export function targetOf(command: BodyCommand | undefined): string {
  return command !== undefined && 'items' in command ? (command.items[0]?.target?.locUri ?? '') : '';
}

/** A device tree that answers Gets: interior nodes as arrays of names, leaves as text; `types`: Type of interior nodes. */
export interface SmallTree {
  readonly nodes: Readonly<Record<string, readonly string[] | string>>;
  readonly types?: Readonly<Record<string, string>>;
  /** Code for `?prop=Type` where `types` is absent. */
  readonly typeCode?: number;
  /** Code for `?list=…`: a plain client has no lists. */
  readonly listCode?: number;
  /** Nodes that are there and take no Get. */
  readonly barred?: readonly string[];
}

/** What a plain client answers to the commands of a reply: Status for all, Results for Gets that find their node. */
export function answers(reply: Message, tree: SmallTree): BodyCommand[] {
  const msgRef = Number(reply.header.msgId);
  const body: BodyCommand[] = [status(msgRef, '0', 'SyncHdr', 212)];
  for (const command of reply.body) {
    if (command.kind === 'Status' || command.kind === 'Alert') continue;
    const uri = targetOf(command);
    if (command.kind !== 'Get') {
      const isChunk = 'items' in command && command.items.some((item) => item.moreData);
      body.push(status(msgRef, command.cmdId, command.kind, isChunk ? 213 : 200));
      continue;
    }
    const [path, query] = uri.split('?') as [string, string | undefined];
    const node = tree.nodes[path];
    if (query?.startsWith('list=')) body.push(status(msgRef, command.cmdId, 'Get', tree.listCode ?? 406));
    else if (tree.barred?.includes(path) === true) body.push(status(msgRef, command.cmdId, 'Get', 405));
    else if (node === undefined) body.push(status(msgRef, command.cmdId, 'Get', 404));
    else if (query === 'prop=Type') {
      const type = tree.types?.[path];
      if (tree.types === undefined) body.push(status(msgRef, command.cmdId, 'Get', tree.typeCode ?? 406));
      else body.push(status(msgRef, command.cmdId, 'Get', 200), results(msgRef, command.cmdId, uri, type ?? ''));
    } else {
      const isLeaf = typeof node === 'string';
      body.push(
        status(msgRef, command.cmdId, 'Get', 200),
        results(msgRef, command.cmdId, uri, isLeaf ? node : node.join('/'), isLeaf ? 'chr' : 'node'),
      );
    }
  }
  return body;
}

let commandNo = 0;

/** A caller's command; its id is told by its kind and a number unless given. */
export function command(
  body: Omit<Command, 'id' | 'repeatable' | 'token'> & { readonly id?: string; readonly atomic?: string },
): Command {
  commandNo += 1;
  return { id: `${body.kind}-${commandNo}`, repeatable: false, token: `token-${commandNo}`, ...body } as Command;
}
