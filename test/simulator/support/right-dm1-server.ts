/**
 * A DM 1.x server of a few lines that does everything right, in process: it sends the packages it is given.
 * What a test wants wrong is put in by `mutate` (the message), `mutateText` (the XML) or `mutateWire` (the HTTP answer).
 */
import { decodeMessage, encodeMessage } from '../../../adapters/dm1/codec';
import { digestOf, md5Credential, nonceText, verifyBasic, verifyMd5 } from '../../../adapters/dm1/credential';
import type { BodyCommand, Message, Meta, SimpleCommand, Status } from '../../../adapters/dm1/message';
import type { Transport, WireRequest, WireResponse } from '../../../src/simulator/transport';

export const SERVER_URL = 'https://dm.example/dm/1';
export const RESP_URI = 'https://dm.example/dm/1/H94F6-hepdl-GFDxcUJx_N';
export const DEVICE = 'IMEI:490154203237518';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
export type Loose = Mutable<Message>;

export interface RightServerOptions {
  /** Commands of each package that the server sends, without CmdIDs. Nothing left: Status elements only. */
  readonly packages?: readonly (readonly BodyCommand[])[];
  readonly client?: { readonly type: 'basic' | 'md5'; readonly user: string; readonly secret: string; readonly nonce?: Uint8Array };
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
  const packages = [...(options.packages ?? [])];
  let resend: readonly BodyCommand[] | undefined;
  let lastCommands: readonly BodyCommand[] = [];
  let nonces = 0;
  let expected = options.client?.nonce;
  let authenticated = options.client === undefined;
  let serverNonce: Uint8Array = new Uint8Array();
  let packageNo = -1;

  const transport: Transport = (request) => {
    requests.push(request);
    const type = request.headers['content-type'] ?? '';
    const decoded = decodeMessage(request.body ?? new Uint8Array(), type);
    if (!decoded.ok) throw new Error(`the device sent what cannot be read: ${decoded.message}`);
    const { message, encoding } = decoded.value;
    received.push(message);
    const turn = received.length - 1;
    const { header } = message;

    let code = '212';
    let chal: Meta | undefined;
    if (!authenticated && options.client !== undefined) {
      const { type: kind, user, secret } = options.client;
      const good = header.cred !== undefined && (kind === 'basic'
        ? verifyBasic(header.cred.data, user, secret)
        : expected !== undefined && verifyMd5(header.cred.data, digestOf(user, secret), [expected]));
      if (kind === 'md5') {
        expected = NONCES[nonces++ % NONCES.length] as Uint8Array;
        chal = { format: 'b64', type: 'syncml:auth-md5', nextNonce: { kind: 'text', text: nonceText(expected) } };
      } else if (!good) chal = { format: 'b64', type: 'syncml:auth-basic' };
      authenticated = good;
      if (!good) code = header.cred === undefined ? '407' : '401';
    }
    const refused = code !== '212';

    const statuses: Status[] = [statusFor(message, '0', 'SyncHdr', code, chal)];
    let more = false;
    for (const command of message.body) {
      if (command.kind === 'Alert' || command.kind === 'Replace') statuses.push(statusFor(message, command.cmdId, command.kind, refused ? code : '200'));
      if (command.kind === 'Results' && command.items.some((item) => item.moreData === true)) statuses.push(statusFor(message, command.cmdId, 'Results', '213'));
      if (command.kind === 'Status' && command.chal?.nextNonce?.kind === 'text') serverNonce = new Uint8Array(Buffer.from(command.chal.nextNonce.text, 'base64'));
      if (command.kind === 'Status' && command.cmd === 'SyncHdr' && ['401', '407'].includes(command.data)) resend = lastCommands;
      if (command.kind === 'Alert' && command.data === '1222') more = true;
    }
    const next = !message.final && !more;
    let commands: readonly BodyCommand[] = [];
    if (next) commands = [{ kind: 'Alert', cmdId: '', data: '1222', items: [] }];
    else if (!refused) {
      if (resend !== undefined) commands = resend;
      else {
        packageNo += 1;
        commands = packages.shift() ?? [];
      }
    }
    lastCommands = next ? lastCommands : commands;
    const proof = options.own !== undefined && (resend !== undefined || options.own.always === true) && !refused;
    resend = next ? resend : undefined;
    const final = !next && options.notFinal?.includes(packageNo) !== true;
    const answer: Loose = {
      namespace: message.namespace,
      header: {
        verDtd: header.verDtd, verProto: header.verProto, sessionId: header.sessionId, msgId: header.msgId, target: { locUri: header.source.locUri },
        source: { locUri: SERVER_URL, locName: options.own?.user ?? 'mgmt.example' }, respUri: RESP_URI,
        ...(proof && options.own !== undefined ? { cred: {
          meta: { format: 'b64', type: 'syncml:auth-md5' },
          data: { kind: 'text' as const, text: md5Credential(digestOf(options.own.user, options.own.secret), serverNonce) },
        } } : {}),
        ...(options.maxMsgSize === undefined ? {} : { meta: { maxMsgSize: String(options.maxMsgSize) } }),
      },
      body: numbered([...statuses, ...commands]),
      final,
    };
    options.mutate?.(answer, turn);
    let body = encodeMessage(answer, encoding);
    if (options.mutateText !== undefined) body = new Uint8Array(Buffer.from(options.mutateText(Buffer.from(body).toString('utf8'), turn), 'utf8'));
    const response: Mutable<WireResponse> = {
      status: 200, headers: { 'content-type': type, 'content-length': String(body.length), 'cache-control': 'no-store' }, body,
    };
    options.mutateWire?.(response, turn);
    return Promise.resolve(response);
  };
  return { transport, received, requests };
}

function statusFor(message: Message, cmdRef: string, cmd: string, data: string, chal?: Meta): Status {
  const { header } = message;
  const refs = cmdRef === '0' ? { targetRefs: [header.target.locUri], sourceRefs: [header.source.locUri] } : { targetRefs: [], sourceRefs: [] };
  return { kind: 'Status', cmdId: '', msgRef: header.msgId, cmdRef, cmd, ...refs, ...(chal === undefined ? {} : { chal }), data, items: [] };
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
  return { kind: 'Exec', cmdId: '', ...(correlator === undefined ? {} : { correlator }), items: [{ target: { locUri } }] };
}

/** Status codes that the device gave to a command, in order. */
export function codesOf(messages: readonly Message[], cmd: string): readonly string[] {
  return messages.flatMap((message) => message.body.flatMap((command) => (command.kind === 'Status' && command.cmd === cmd ? [command.data] : [])));
}

/** What the device's Results say: URI → text. */
export function resultsOf(messages: readonly Message[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const message of messages) {
    for (const command of message.body) {
      if (command.kind !== 'Results') continue;
      for (const item of command.items) {
        const data = item.data;
        const text = data === undefined ? '' : data.kind === 'text' ? data.text : data.kind === 'octets' ? Buffer.from(data.octets).toString('base64') : '';
        const uri = item.source?.locUri ?? '';
        found[uri] = (found[uri] ?? '') + text;
      }
    }
  }
  return found;
}
