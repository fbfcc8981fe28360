/**
 * A DM 1.x server of a few lines that does everything right, in process: it sends the packages it is given.
 * What a test wants wrong is put in by `mutate` (the message), `mutateText` (the XML) or `mutateWire` (the HTTP answer).
 */
import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import { digestOf, md5Credential, nonceText, verifyBasic, verifyMd5 } from '../../../adapters/dm1/credential';
import type { BodyCommand, Cred, Message, Meta, SimpleCommand, Status } from '../../../adapters/dm1/message';
import type { Transport, WireRequest, WireResponse } from '../../../src/simulator/transport';

export const SERVER_URL = 'https://dm.example/dm/1';
export const RESP_URI = 'https://dm.example/dm/1/H94F6-hepdl-GFDxcUJx_N';
export const DEVICE = 'IMEI:490154203237518';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Loose = Mutable<Message>;

export interface RightServerOptions {
  /** Commands of each package that the server sends, without CmdIDs. Nothing left: Status elements only. */
  readonly packages?: readonly (readonly BodyCommand[])[];
  readonly client?: {
    readonly type: 'basic' | 'md5';
    readonly user: string;
    readonly secret: string;
    readonly nonce?: Uint8Array;
  };
  /** The server's own credential, made over the newest nonce of the client. `always`: without being asked. */
  readonly own?: { readonly user: string; readonly secret: string; readonly always?: boolean };
  readonly maxMsgSize?: number;
  /** The server's packages are not final before this one (large objects). */
  readonly notFinal?: readonly number[];
  readonly mutate?: (message: Loose, turn: number) => void;
  readonly mutateText?: (text: string, turn: number) => string;
  readonly mutateWire?: (response: Mutable<WireResponse>, turn: number) => void;
}

export interface RightServer {
  readonly transport: Transport;
  /** Messages of the device. */
  readonly received: readonly Message[];
  readonly requests: readonly WireRequest[];
}

const NONCES = [0x10, 0x20, 0x30, 0x40].map((first) => Uint8Array.from({ length: 16 }, (_, at) => first + at));

export function rightDm1Server(options: RightServerOptions = {}): RightServer {
  const received: Message[] = [];
  const requests: WireRequest[] = [];
  const login = clientLogin(options.client);
  const work = serverWork(options);

  const transport: Transport = (request) => {
    requests.push(request);
    const type = request.headers['content-type'] ?? '';
    const decoded = decodeMessage(request.body ?? new Uint8Array(), type);
    if (!decoded.ok) throw new Error(`the device sent what cannot be read: ${decoded.message}`);
    const { message, encoding } = decoded.value;
    received.push(message);
    const turn = received.length - 1;

    const { code, chal } = login(message);
    const { commands, final, cred } = work(message, code !== '212');
    const { header } = message;
    const answer: Loose = {
      namespace: message.namespace,
      header: {
        verDtd: header.verDtd,
        verProto: header.verProto,
        sessionId: header.sessionId,
        msgId: header.msgId,
        target: { locUri: header.source.locUri },
        source: { locUri: SERVER_URL, locName: options.own?.user ?? 'mgmt.example' },
        respUri: RESP_URI,
        ...(cred === undefined ? {} : { cred }),
        ...(options.maxMsgSize === undefined ? {} : { meta: { maxMsgSize: String(options.maxMsgSize) } }),
      },
      body: numbered([...statusesDue(message, code, chal), ...commands]),
      final,
    };
    options.mutate?.(answer, turn);
    let body = encodeMessage(answer, encoding);
    if (options.mutateText !== undefined)
      body = new Uint8Array(Buffer.from(options.mutateText(Buffer.from(body).toString('utf8'), turn), 'utf8'));
    const response: Mutable<WireResponse> = {
      status: 200,
      headers: { 'content-type': type, 'content-length': String(body.length), 'cache-control': 'no-store' },
      body,
    };
    options.mutateWire?.(response, turn);
    return Promise.resolve(response);
  };
  return { transport, received, requests };
}

/** 212 for a good credential, else 407 or 401 with a challenge; md5 hands out a nonce either way. */
function clientLogin(
  client: RightServerOptions['client'],
): (message: Message) => { readonly code: string; readonly chal?: Meta } {
  let expected = client?.nonce;
  let authenticated = client === undefined;
  let nonces = 0;
  return ({ header }) => {
    if (authenticated || client === undefined) return { code: '212' };
    const { type, user, secret } = client;
    const { cred } = header;
    authenticated =
      cred !== undefined &&
      (type === 'basic'
        ? verifyBasic(cred.data, user, secret)
        : expected !== undefined && verifyMd5(cred.data, digestOf(user, secret), [expected]));
    const refusal = cred === undefined ? '407' : '401';
    const code = authenticated ? '212' : refusal;
    if (type === 'basic')
      return authenticated ? { code } : { code, chal: { format: 'b64', type: 'syncml:auth-basic' } };
    expected = NONCES[nonces++ % NONCES.length] as Uint8Array;
    return {
      code,
      chal: { format: 'b64', type: 'syncml:auth-md5', nextNonce: { kind: 'text', text: nonceText(expected) } },
    };
  };
}

interface ServerWork {
  readonly commands: readonly BodyCommand[];
  readonly final: boolean;
  readonly cred?: Cred;
}

/** The next package, Alert 1222, or the last package again with the server's credential. */
function serverWork(options: RightServerOptions): (message: Message, refused: boolean) => ServerWork {
  const packages = [...(options.packages ?? [])];
  let again = false;
  let last: readonly BodyCommand[] = [];
  let nonce: Uint8Array = new Uint8Array();
  let packageNo = -1;
  return (message, refused) => {
    const statuses = message.body.filter((command): command is Status => command.kind === 'Status');
    for (const { chal } of statuses)
      if (chal?.nextNonce?.kind === 'text') nonce = new Uint8Array(Buffer.from(chal.nextNonce.text, 'base64'));
    again ||= statuses.some(({ cmd, data }) => cmd === 'SyncHdr' && ['401', '407'].includes(data));
    const asksForChunk = message.body.some((command) => command.kind === 'Alert' && command.data === '1222');
    if (!message.final && !asksForChunk)
      return { commands: [{ kind: 'Alert', cmdId: '', data: '1222', items: [] }], final: false };
    if (refused) return { commands: [], final: true };
    const proves = options.own !== undefined && (again || options.own.always === true);
    if (!again) {
      packageNo += 1;
      last = packages.shift() ?? [];
    }
    again = false;
    const final = options.notFinal?.includes(packageNo) !== true;
    if (!proves || options.own === undefined) return { commands: last, final };
    const text = md5Credential(digestOf(options.own.user, options.own.secret), nonce);
    return {
      commands: last,
      final,
      cred: { meta: { format: 'b64', type: 'syncml:auth-md5' }, data: { kind: 'text', text } },
    };
  };
}

function statusesDue(message: Message, code: string, chal: Meta | undefined): readonly Status[] {
  const due = [statusFor(message, '0', 'SyncHdr', code, chal)];
  for (const command of message.body) {
    if (command.kind === 'Alert' || command.kind === 'Replace')
      due.push(statusFor(message, command.cmdId, command.kind, code === '212' ? '200' : code));
    if (command.kind === 'Results' && command.items.some((item) => item.moreData === true))
      due.push(statusFor(message, command.cmdId, 'Results', '213'));
  }
  return due;
}

function statusFor(message: Message, cmdRef: string, cmd: string, data: string, chal?: Meta): Status {
  const { header } = message;
  const refs =
    cmdRef === '0'
      ? { targetRefs: [header.target.locUri], sourceRefs: [header.source.locUri] }
      : { targetRefs: [], sourceRefs: [] };
  return {
    kind: 'Status',
    cmdId: '',
    msgRef: header.msgId,
    cmdRef,
    cmd,
    ...refs,
    ...(chal === undefined ? {} : { chal }),
    data,
    items: [],
  };
}

/** CmdIDs in order, also inside containers. */
function numbered(commands: readonly BodyCommand[]): BodyCommand[] {
  let next = 1;
  const give = (command: BodyCommand): BodyCommand => {
    const cmdId = String(next++);
    if (command.kind !== 'Atomic' && command.kind !== 'Sequence') return { ...command, cmdId };
    return { ...command, cmdId, commands: command.commands.map(give) };
  };
  return commands.map(give);
}

export function get(...uris: readonly string[]): SimpleCommand {
  return { kind: 'Get', cmdId: '', items: uris.map((locUri) => ({ target: { locUri } })) };
}

export function put(kind: 'Add' | 'Replace', locUri: string, text: string, format = 'chr'): SimpleCommand {
  return { kind, cmdId: '', items: [{ target: { locUri }, meta: { format }, data: { kind: 'text', text } }] };
}

export function remove(locUri: string): SimpleCommand {
  return { kind: 'Delete', cmdId: '', items: [{ target: { locUri } }] };
}

export function exec(locUri: string, correlator?: string): BodyCommand {
  return {
    kind: 'Exec',
    cmdId: '',
    ...(correlator === undefined ? {} : { correlator }),
    items: [{ target: { locUri } }],
  };
}

/** Status codes that the device gave to a command, in order. */
export function codesOf(messages: readonly Message[], cmd: string): readonly string[] {
  return messages.flatMap((message) =>
    message.body.flatMap((command) => (command.kind === 'Status' && command.cmd === cmd ? [command.data] : [])),
  );
}

/** What the device's Results say: URI → text. */
export function resultsOf(messages: readonly Message[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const message of messages) {
    for (const command of message.body) {
      if (command.kind !== 'Results') continue;
      for (const item of command.items) {
        const data = item.data;
        const text =
          data === undefined
            ? ''
            : data.kind === 'text'
              ? data.text
              : data.kind === 'octets'
                ? Buffer.from(data.octets).toString('base64')
                : '';
        const uri = item.source?.locUri ?? '';
        found[uri] = (found[uri] ?? '') + text;
      }
    }
  }
  return found;
}
