/**
 * Dialogues of DM 1.x with a real gateway: a test says each message of the device, and what it hears is the gateway's.
 *
 * On the embedded database each dialogue runs over XML and over WBXML, and one gateway answers, which loads the session anew
 * for each message. On PostgreSQL two processes answer, and every second message goes to the other one; what is stored does
 * not depend on how it came, so that each section runs there in one of the two forms.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import type { BodyCommand, Encoding, Item, Message, Status, SyncHdr } from '../../../adapters/dm1/message';
import { openDatabase } from '../../../src/store/database';
import type { Database } from '../../../src/store/database';
import { answers, status } from '../../adapters/dm1/session/dialogue';
import type { SmallTree } from '../../adapters/dm1/session/dialogue';
import { onPostgres } from '../../support/database';
import { startTestGateway } from '../../support/gateway';
import { makeHome, startGatewayProcess } from './gateway-process';
import { addMeter, asked, createAccount, register } from './world';
import type { Asked, Reachable } from './world';

/** The address by which devices know the gateways, whichever takes a message. */
export const PUBLIC_URL = 'https://dm.example';
/** Where the account of a spoken world lets its devices go. */
const ENDPOINT = `${PUBLIC_URL}/dm/1`;

const FORMS = ['xml', 'wbxml'] as const;

/** Every second section is one of WBXML on PostgreSQL. */
function formsOf(title: string): readonly Encoding['form'][] {
  return onPostgres ? [FORMS[Number.parseInt(title) % FORMS.length] ?? 'xml'] : FORMS;
}

/** A credential as `registerDevice` takes it. */
export interface Login {
  readonly type: 'NONE' | 'BASIC' | 'DIGEST_MD5' | 'HMAC' | 'X509' | 'HTTP_DIGEST';
  readonly username?: string;
  readonly secret?: string;
}

export interface SpokenDeviceOptions {
  readonly clientAuth?: Login;
  readonly serverAuth?: Login;
  /** False: nobody registered it. */
  readonly registered?: boolean;
  readonly accountId?: string;
  /** VerDTD and VerProto; 1.2 unless given. */
  readonly version?: '1.1.2' | '1.2' | '1.3';
  /** Whether the gateway looks for its management objects; it does not unless asked for. */
  readonly discovery?: boolean;
  readonly maxMsgSize?: number;
}

/** What a file's dialogues share. */
export interface SpokenWorld {
  readonly form: Encoding['form'];
  gateway(): Reachable;
  db(): Database;
  accountId(): string;
  device(options?: SpokenDeviceOptions): Promise<SpokenDevice>;
  /** Time goes on for every gateway, and what is then due is done. */
  passes(ms: number): Promise<void>;
}

/** Gateways before which dialogues are held. */
export interface Stage {
  readonly gateways: readonly Reachable[];
  readonly db: Database;
  readonly accountId: string;
  passes(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** A section of the protocol: its dialogues over XML and WBXML, before one stage. `settings` are those of MOQL_CONFIG. */
export function describeSection(title: string, body: (world: SpokenWorld) => void, settings?: object): void {
  describe(title, () => {
    let stage: Stage;
    beforeAll(async () => {
      stage = await openStage(settings);
    });
    afterAll(() => stage.close());

    describe.each(formsOf(title))('%s', (form) => {
      body({
        form,
        gateway: () => first(stage.gateways),
        db: () => stage.db,
        accountId: () => stage.accountId,
        passes: (ms) => stage.passes(ms),
        device: (options = {}) => makeDevice(stage, form, options),
      });
    });
  });
}

/** One gateway on the embedded database, two processes on PostgreSQL. */
export function openStage(settings?: object): Promise<Stage> {
  const env = { MOQL_PUBLIC_URL: PUBLIC_URL, ...(settings === undefined ? {} : { MOQL_CONFIG: fileOf(settings) }) };
  return process.env['DATABASE_URL'] ? twoProcesses(env) : oneGateway(env);
}

function fileOf(settings: object): string {
  const path = join(mkdtempSync(join(tmpdir(), 'moql-spoken-')), 'config.json');
  writeFileSync(path, JSON.stringify(settings));
  return path;
}

async function oneGateway(env: Readonly<Record<string, string>>): Promise<Stage> {
  let aheadMs = 0;
  const gateway = await startTestGateway({
    env,
    now: () => Date.now() + aheadMs,
  });
  return {
    gateways: [gateway].map((one) => ({ graphql: one.graphql, deviceUrl: one.url })),
    db: gateway.db,
    accountId: await prepare(gateway),
    passes: async (ms) => {
      aheadMs += ms;
      await gateway.timers.runOnce();
    },
    close: () => gateway.close(),
  };
}

async function twoProcesses(env: Readonly<Record<string, string>>): Promise<Stage> {
  const home = await makeHome();
  const [one, other] = await Promise.all([startGatewayProcess(home, env), startGatewayProcess(home, env)]);
  const db = await openDatabase({ databaseUrl: home.databaseUrl, poolSize: 2 });
  return {
    gateways: [one, other],
    db,
    accountId: await prepare(one),
    passes: async (ms) => {
      // Both do what is due at the same time.
      await Promise.all([one.passes(ms), other.passes(ms)]);
    },
    close: async () => {
      await db.close();
      await Promise.all([one.close(), other.close()]);
      await home.remove();
    },
  };
}

async function prepare(gateway: Reachable): Promise<string> {
  await addMeter(gateway);
  return createAccount(gateway, { serverAuth: { type: 'NONE' } });
}

let deviceNo = 0;

async function makeDevice(
  stage: Stage,
  form: Encoding['form'],
  { registered = true, accountId = stage.accountId, discovery = false, ...options }: SpokenDeviceOptions,
): Promise<SpokenDevice> {
  deviceNo += 1;
  const deviceId = `urn:uuid:spoken-${form}-${deviceNo}`;
  if (registered) {
    const { clientAuth = { type: 'NONE' }, serverAuth = { type: 'NONE' } } = options;
    await register(first(stage.gateways), { deviceId, accountId, clientAuth, serverAuth });
    if (!discovery)
      await stage.db.sql.query('UPDATE device SET discover_requested = false WHERE device_id = $1', [deviceId]);
  }
  return new SpokenDevice(deviceId, form, stage.gateways, options);
}

/** An HTTP answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

type Header = Partial<Omit<SyncHdr, 'source'>> & {
  readonly user?: string;
  readonly final?: boolean;
  /** HTTP headers beside the content type. */
  readonly http?: Readonly<Record<string, string>>;
  /** Posts to the account's address, not to the one of RespURI. */
  readonly atEndpoint?: boolean;
};

const VERSIONS = {
  '1.1.2': { namespace: 'SYNCML:SYNCML1.1', verDtd: '1.1', verProto: 'DM/1.1' },
  '1.2': { namespace: 'SYNCML:SYNCML1.2', verDtd: '1.2', verProto: 'DM/1.2' },
  '1.3': { namespace: 'SYNCML:SYNCML1.2', verDtd: '1.2', verProto: 'DM/1.3' },
} as const;

export class SpokenDevice {
  /** The gateway's last message; of an HTTP answer that is none, whatever came before. */
  reply: Message = { header: EMPTY, body: [], final: false };
  answer: HttpAnswer | undefined;
  /** MsgID of the device's last message. */
  msgId = 0;
  sessionId = 'A1';
  private address: string | undefined;
  private posted = 0;

  constructor(
    readonly deviceId: string,
    readonly form: Encoding['form'],
    private readonly gateways: readonly Reachable[],
    private readonly options: SpokenDeviceOptions,
  ) {}

  /** Package 1: Alert 1201, then what else there is to say, then DevInfo. */
  begins(more: Header = {}, extra: readonly BodyCommand[] = []): Promise<Message> {
    this.msgId = 0;
    this.address = undefined;
    return this.says([alert('91', '1201'), ...extra, devInfo('92', this.deviceId)], more);
  }

  /** The next message of the session, to the address that the gateway named last. */
  says(body: readonly BodyCommand[], more: Header = {}): Promise<Message> {
    const message = this.message(body, more);
    return this.sends(encodeMessage(message, { form: this.form }), more);
  }

  /** Answers all commands of the last message as a plain client with such a tree. */
  answers(nodes: SmallTree['nodes'], more: Header = {}): Promise<Message> {
    return this.answersTree({ nodes }, more);
  }

  /** The same where interior nodes tell their Type. */
  answersTree(tree: SmallTree, more: Header = {}): Promise<Message> {
    return this.says(answers(this.reply, tree), more);
  }

  /** What `says` would send, counted as sent. */
  message(body: readonly BodyCommand[], more: Header = {}): Message {
    const { user, final = true, http: _http, atEndpoint = false, ...header } = more;
    this.msgId = header.msgId === undefined ? this.msgId + 1 : Number(header.msgId);
    const { namespace, ...versions } = VERSIONS[this.options.version ?? '1.2'];
    const { maxMsgSize } = this.options;
    return {
      namespace,
      header: {
        ...versions,
        sessionId: this.sessionId,
        msgId: String(this.msgId),
        target: { locUri: (atEndpoint ? undefined : this.address) ?? ENDPOINT },
        source: { locUri: this.deviceId, ...(user === undefined ? {} : { locName: user }) },
        ...(maxMsgSize === undefined ? {} : { meta: { maxMsgSize: String(maxMsgSize) } }),
        ...header,
      },
      body,
      final,
    };
  }

  /** Octets as they are; the answer has to be a message. */
  async sends(octets: Uint8Array, { http = {}, atEndpoint = false }: Header = {}): Promise<Message> {
    const answer = await this.posts(octets, http, atEndpoint);
    const decoded = decodeMessage(answer.body, answer.headers.get('content-type') ?? '');
    if (!decoded.ok) throw new Error(`HTTP ${answer.status}, ${decoded.code}: ${decoded.message}`);
    this.reply = decoded.value.message;
    this.address = this.reply.header.respUri;
    return this.reply;
  }

  async posts(
    octets: Uint8Array,
    http: Readonly<Record<string, string>> = {},
    atEndpoint = false,
  ): Promise<HttpAnswer> {
    const gateway = this.gateways[this.posted++ % this.gateways.length] ?? first(this.gateways);
    const address = (atEndpoint ? undefined : this.address) ?? ENDPOINT;
    const response = await fetch(address.replace(PUBLIC_URL, gateway.deviceUrl), {
      method: 'POST',
      // Left out, `fetch` asks for compressed answers, which few devices do.
      headers: { 'content-type': `application/vnd.syncml.dm+${this.form}`, 'accept-encoding': 'identity', ...http },
      body: octets as Uint8Array<ArrayBuffer>,
    });
    const body = new Uint8Array(await response.arrayBuffer());
    this.answer = { status: response.status, headers: response.headers, body };
    return this.answer;
  }

  /** A caller wants something of the device. */
  isAsked(commands: readonly unknown[], more: Readonly<Record<string, unknown>> = {}): Promise<Asked> {
    return asked(first(this.gateways), this.deviceId, commands, more);
  }

  /** The last message in words, such as `212 SyncHdr`, `Get ./A`, `Alert 1222`, `Final`. */
  get heard(): readonly string[] {
    return [...this.reply.body.flatMap(wordsOf), ...(this.reply.final ? ['Final'] : [])];
  }

  get commands(): readonly BodyCommand[] {
    return this.reply.body.filter(({ kind }) => kind !== 'Status');
  }

  get statuses(): readonly Status[] {
    return this.reply.body.filter((command): command is Status => command.kind === 'Status');
  }

  /** Status for the SyncHdr of the gateway's last message, which every package of a client begins with. */
  accepts(code = 212): Status {
    return status(Number(this.reply.header.msgId), '0', 'SyncHdr', code);
  }

  /** Status for a command of the gateway's last message, by its place among them. */
  judges(index: number, code: number, more: Partial<Status> = {}): Status {
    const command = this.commands[index];
    if (command === undefined) throw new Error(`the gateway sent no command ${index}: ${this.heard.join(', ')}`);
    return status(Number(this.reply.header.msgId), command.cmdId, nameOf(command), code, more);
  }
}

function wordsOf(command: BodyCommand): readonly string[] {
  switch (command.kind) {
    case 'Status':
      return [`${command.data} ${command.cmd}`];
    case 'Results':
      return ['Results'];
    case 'Alert':
      return [`Alert ${command.data ?? ''}`.trim()];
    case 'Atomic':
    case 'Sequence':
      return [`${command.kind} { ${command.commands.flatMap(wordsOf).join(', ')} }`];
    case 'Foreign':
      return [command.name];
    default:
      return command.items.map((item) => `${command.kind} ${item.target?.locUri ?? ''}${item.moreData ? ' …' : ''}`);
  }
}

function nameOf(command: BodyCommand): string {
  return command.kind === 'Foreign' ? command.name : command.kind;
}

export function alert(cmdId: string, code: string, items: readonly Item[] = []): BodyCommand {
  return { kind: 'Alert', cmdId, data: code, items };
}

/** The Replace of DevInfo with which sessions begin. */
export function devInfo(cmdId: string, deviceId: string, more: Readonly<Record<string, string>> = {}): BodyCommand {
  const values = { DevId: deviceId, Man: 'Acme', Mod: 'Widget 9', DmV: '1.2', Lang: 'en-GB', ...more };
  return {
    kind: 'Replace',
    cmdId,
    items: Object.entries(values).map(([name, text]) => ({
      source: { locUri: `./DevInfo/${name}` },
      meta: { format: 'chr', type: 'text/plain' },
      data: { kind: 'text', text },
    })),
  };
}

/** Addresses and commands as callers write them, by LocURI. */
export const by = {
  get: (uri: string, depth?: number): object => ({
    get: { address: { uri }, ...(depth === undefined ? {} : { depth }) },
  }),
  replace: (uri: string, text: string): object => ({ replace: { address: { uri }, value: { text } } }),
  add: (uri: string, text: string): object => ({ add: { address: { uri }, value: { text } } }),
  delete: (uri: string): object => ({ delete: { address: { uri } } }),
  exec: (uri: string, text?: string): object => ({
    exec: { address: { uri }, ...(text === undefined ? {} : { value: { text } }) },
  }),
  copy: (from: string, to: string): object => ({ copy: { from: { uri: from }, to: { uri: to } } }),
} as const;

function first<T>(values: readonly T[]): T {
  const [value] = values;
  if (value === undefined) throw new Error('there is none');
  return value;
}

const EMPTY: SyncHdr = {
  verDtd: '',
  verProto: '',
  sessionId: '',
  msgId: '',
  target: { locUri: '' },
  source: { locUri: '' },
};
