import type {
  Bytes,
  CommandKind,
  CredentialType,
  DmProtocol,
  Json,
  Sent,
  SessionPhase,
  SessionState,
  Token,
} from '../../adapter';
import type { BodyCommand } from '../message';
import type { Asked } from './interaction';

/**
 * The adapter's part of a session, stored as JSON between two messages. Nothing of replies is kept in it; what
 * grows is bounded: `open` by MaxMsgSize, walks by their node and octet limits, a chunk by MaxObjSize.
 */
export interface Machine {
  /** MsgID of our last message; MsgRef of its answers. */
  serverMsg: string;
  /** User name that the client gives itself, for Target/LocName. */
  clientUser?: string;
  /** Octets of the largest message that the client takes. */
  maxMsgSize: number;
  /** How the client proved itself; absent while it has not. */
  auth?: CredentialType;
  /** Our MaxMsgSize and MaxObjSize were told. */
  announced: boolean;
  /** Our credential goes into the next message. */
  credDue: boolean;
  /** The client has accepted a message of ours: it knows who we are. */
  proven: boolean;
  /** The one resend after refused server credentials is used up. */
  resent: boolean;
  /** Status of our SyncHdr in the client's package that is coming in. */
  headerCode?: number;
  /** Newest nonce for our credential that the client gave in this session, Base64. */
  serverNonce?: string;
  /** Next job's number. */
  jobNo: number;
  jobs: Record<string, Job>;
  /** Commands sent and not settled, in the order sent. */
  open: OpenCommand[];
  chunk?: Chunk;
  discovery?: Discovery;
  /** The device's MOs were looked for in this session. */
  discovered: boolean;
  /** Decisions of `receive` for `respond` of the same message. */
  turn?: Turn;
}

/** Refusals of a client that has not proved itself in the session that it claims; beside it the old session may live on. */
export interface Refusals {
  readonly [member: string]: string | number;
  readonly key: string;
  readonly token: Token;
  readonly count: number;
  /** MsgID of the refused message. */
  readonly messageNo: number;
}

/** One SyncML command on its way. */
export interface OpenCommand {
  readonly msg: string;
  readonly cmd: string;
  readonly carrier: string;
  /** LocURI of its one Item; empty for an Atomic. */
  readonly uri: string;
  /** Key in `jobs`, or one of {@link JOB}. */
  readonly job: string;
  /** A question of the gateway's own beside the node itself. */
  readonly role?: 'type';
  /** CmdID of the Atomic that holds it. */
  readonly atomic?: string;
  code?: number;
  items?: StoredItem[];
  /** Alert: texts of the Items in its Status. */
  answers?: string[];
  /** The command itself, kept until the client has accepted our credential; never for members of an Atomic. */
  readonly body?: Json;
}

/** Jobs that are of no caller's command. */
export const JOB = { discovery: 'd', atomic: 'a', keepOpen: 'k' } as const;

/** An Item of Results: LocURI and what stands in it. */
export interface StoredItem {
  readonly uri: string;
  readonly format: string;
  /** {@link import('../values').storeValue} of a leaf. */
  readonly value: Json;
  /** Data as text. */
  readonly text: string;
  readonly misfit?: string;
}

/** What a caller's command still needs. */
export type Job =
  | {
      readonly kind: 'plain';
      readonly command: string;
      readonly what: CommandKind;
      /** SyncML commands to send in later messages, parents first. */
      todo: Json[];
      /** SyncML commands that are under way. */
      waiting: number;
      /** Code of the last success. */
      good?: number;
      /** First code that is none. */
      bad?: number;
      /** Whether `bad` was given to a member of an Atomic. */
      inAtomic?: boolean;
      /** Some SyncML command had no answer. */
      silent?: boolean;
      /** Of a show: what the person is asked, and the texts that came in answer. */
      readonly show?: Asked;
      answers?: readonly string[];
    }
  | {
      readonly kind: 'read';
      readonly command: string;
      readonly uri: string;
      readonly depth?: number;
      readonly prop?: string;
      readonly walk: Walk;
      /** Answer of the node itself where there is nothing to walk: a failure, or a property's text. */
      ended?: { readonly code: number; readonly property?: string };
      silent?: boolean;
    };

/** Nodes read so far below a node, and those to read. */
export interface Walk {
  nodes: WalkNode[];
  /** LocURIs to Get in later messages. */
  queue: string[];
  /** Octets of the values kept. */
  octets: number;
  /** A limit cut the walk short. */
  cut?: boolean;
}

export interface WalkNode {
  readonly uri: string;
  readonly name: string;
  /** `hidden`: it exists, and the device would not tell more. */
  readonly kind: 'node' | 'leaf' | 'hidden';
  readonly children?: readonly string[];
  readonly value?: Json;
  /** Type property: null when the device tells none. */
  type?: string | null;
}

export interface Discovery {
  readonly walk: Walk;
  /** Interior nodes whose Type is to be asked. */
  types: string[];
  /** Whether the device tells the Type of interior nodes; absent while unknown. */
  tellsTypes?: boolean;
  messages: number;
  nodes: number;
  /** LocURIs of the MO roots found whose values were not handed on yet. */
  roots: string[];
}

/** A large object that the client is sending. */
export interface Chunk {
  /** MsgRef and CmdRef of the Results. */
  readonly msgRef: string;
  readonly cmdRef: string;
  readonly uri: string;
  readonly format?: string;
  readonly type?: string;
  readonly size?: number;
  readonly octets: number;
  /** Base64 of the octets so far. */
  readonly data: string;
  /** Beyond MaxObjSize: nothing is kept any more. */
  readonly spoilt?: boolean;
}

/** A Status that is due. */
export interface DueStatus {
  readonly cmdRef: string;
  readonly cmd: string;
  readonly code: number;
  readonly sources?: readonly string[];
}

export interface Turn {
  /** Address that the client is told to go on at. */
  readonly token: Token;
  /** Whether ServerID, Cred and sizes may be shown. */
  readonly trusted: boolean;
  readonly headerCode: number;
  readonly chal?: { readonly type: string; readonly nonce?: string };
  /** Value of WWW-Authenticate: the refusal is one of HTTP. */
  readonly httpChallenge?: string;
  readonly statuses: readonly DueStatus[];
  /** Alert 1222, 1223 or 1225 at the end. */
  readonly alerts: readonly { readonly code: number; readonly uri?: string }[];
  readonly final: boolean;
  /** Whether commands may be sent. */
  readonly mayCommand: boolean;
  /** SyncML commands to send again with our credential, in order. */
  readonly again?: OpenCommand[];
}

/** Assumed where a client announces nothing. Source: dm1 section 3, MaxMsgSize (our ruling). */
export const DEFAULT_MAX_MSG_SIZE = 16_384;
/** What every client is taken to take, whatever it announces. */
export const LEAST_MAX_MSG_SIZE = 512;

export function newMachine(): Machine {
  return {
    serverMsg: '0',
    maxMsgSize: DEFAULT_MAX_MSG_SIZE,
    announced: false,
    credDue: true,
    proven: false,
    resent: false,
    jobNo: 1,
    jobs: {},
    open: [],
    discovered: false,
  };
}

/** A copy of the stored machine that a turn may change. */
export function machineOf(state: SessionState): Machine {
  return structuredClone(state.machine) as unknown as Machine;
}

/** Fields of a session's state that a turn decides. */
export interface Frame {
  readonly protocol: DmProtocol;
  readonly key: string;
  readonly token: Token;
  readonly phase: SessionPhase;
  readonly messageNo: number;
  readonly expiresAt: number;
}

/** The state that holds a machine. `sent` follows from the commands that are open. */
export function stateOf(frame: Frame, machine: Machine): SessionState {
  return { ...frame, sent: machine.open.map((open) => sentOf(open, machine)), machine: plain(machine) };
}

function sentOf(open: OpenCommand, machine: Machine): Sent {
  const ref = `CmdID ${open.cmd} of MsgID ${open.msg}`;
  const command = machine.jobs[open.job]?.command;
  if (command === undefined)
    return { ref, purpose: open.job === JOB.atomic ? 'command' : 'discovery', carrier: open.carrier };
  return { ref, command, purpose: 'command', carrier: open.carrier };
}

/** The same value as JSON: members that are undefined are left out. */
function plain(machine: Machine): Json {
  return JSON.parse(JSON.stringify(machine)) as Json;
}

/** Callers' commands that are under way: open ones, and those whose job has more to send. Each once. */
export function commandsUnderWay(machine: Machine): readonly string[] {
  return Object.values(machine.jobs).map((job) => job.command);
}

/** A SyncML command inside the session's JSON. */
export function storeBody(body: BodyCommand): Json {
  return pack(body) as Json;
}

/** The way back from {@link storeBody}. */
export function restoreBody(stored: Json): BodyCommand {
  return unpack(stored) as BodyCommand;
}

const OCTETS = 'b64octets';

function pack(value: unknown): unknown {
  if (value instanceof Uint8Array) return { [OCTETS]: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, pack(member)]),
  );
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (value === null || typeof value !== 'object') return value;
  const octets = (value as Record<string, unknown>)[OCTETS];
  if (typeof octets === 'string') return octetsOf(octets);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unpack(member)]));
}

export function octetsOf(base64: string): Bytes {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
