import type {
  BlobRef,
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
import type { BodyCommand, Meta } from '../message';
import type { Asked } from './interaction';

/**
 * The adapter's part of a session, stored as JSON between two messages. Nothing of replies is kept in it, nor of
 * large objects; what grows is bounded: `open` by MaxMsgSize, walks by their node and octet limits.
 */
export interface Machine {
  /** MsgID of our last message; MsgRef of its answers. */
  serverMsg: string;
  /** User name that the client gives itself, for Target/LocName. */
  clientUser?: string;
  /** Octets of the largest message that the client takes. */
  maxMsgSize: number;
  /** Octets of the largest object that the client takes, as transferred; absent: any. */
  maxObjSize?: number;
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
  /** Number of the last large object in either direction. */
  objectNo?: number;
  incoming?: IncomingObject;
  outgoing?: OutgoingObject;
  /** The client stored a chunk as a whole value in this session. */
  truncates?: boolean;
  /** Kinds of tree queries as this session learned them; beside them the device's features. */
  lists?: Readonly<Record<string, Json>>;
  discovery?: Discovery;
  /** The device's MOs were looked for in this session. */
  discovered: boolean;
  /** Versions of firmware, software, hardware and client that were seen in this session. */
  versions?: Readonly<Record<string, string>>;
  /** The client speaks DM 1.3. */
  isDm13?: boolean;
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
  /** LocURI of its one Item; empty for an Atomic or Sequence. */
  readonly uri: string;
  /** Key in `jobs`, or one of {@link JOB}. */
  readonly job: string;
  /** A question of the gateway's own beside the node itself, or a write of a whole tree as one document. */
  readonly role?: 'type' | 'tnds';
  /** Question for the roots of an MO type: its MOID. */
  readonly moid?: string;
  /** CmdID of the Atomic that holds it. */
  readonly atomic?: string;
  /** CmdID of the Sequence that holds it. */
  readonly sequence?: string;
  /** It carries a part of {@link Machine.outgoing}. */
  readonly chunk?: 'more' | 'last';
  code?: number;
  items?: StoredItem[];
  /** TargetRef of its Status. */
  told?: string;
  /** Alert: texts of the Items in its Status. */
  answers?: string[];
  /** The command itself, kept until the client has accepted our credential; never for members of an Atomic. */
  readonly body?: Json;
}

/** Jobs that are of no caller's command. */
export const JOB = { discovery: 'd', atomic: 'a', sequence: 's', keepOpen: 'k' } as const;

/** Whether a job's key is that of a container, which holds the commands of others. */
export function isContainer(job: string): boolean {
  return job === JOB.atomic || job === JOB.sequence;
}

/** An Item of Results: LocURI and what stands in it. */
export interface StoredItem {
  readonly uri: string;
  readonly format: string;
  /** {@link import('../values').storeValue} of a leaf. */
  readonly value: Json;
  /** Data as text. */
  readonly text: string;
  readonly misfit?: string;
  /** Data of an answer to `?list=TNDS` as it came: text, or octets as Base64. */
  readonly raw?: Json;
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
      /** What is sent in place of a TNDS document that the device does not take. */
      instead?: Json[];
      /** Where the device says that it put what was added. */
      told?: string;
      /** It went to the Inbox: MOID of the object, or nothing. */
      readonly inbox?: string;
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
      /** Properties of each node that the caller wants beside the values. */
      readonly props?: readonly string[];
      /** Kinds of lists that this sub-tree was refused by. */
      tried?: string[];
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
  props?: Readonly<Record<string, string>>;
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
  /** LocURIs of all MO roots found. */
  found: string[];
  /** Questions that only show what kinds of lists the device has. */
  probes?: string[];
  /** MOIDs whose roots are to be asked for. */
  moids?: string[];
}

/** A large object that the client is sending. Its octets are kept outside of the state, under `ref`. */
export interface IncomingObject {
  readonly ref: string;
  /** The command that brings it: `Results MSG CMD` of the Get it answers, `Alert CODE CORRELATOR`. */
  readonly key: string;
  /** Source, or Target, of the Item; empty where an Alert's Item has neither. */
  readonly uri: string;
  readonly meta: Meta;
  /** As announced with the first chunk. */
  readonly size?: number;
  readonly octets: number;
  readonly chunks: number;
  /** 416: beyond MaxObjSize; 424: beyond its Size. Nothing is kept, and each further chunk gets the same. */
  readonly refused?: 416 | 424;
}

/** A large object that is sent to the client; at any time at most one command of it is open. */
export interface OutgoingObject {
  /** Key in `jobs`. */
  readonly job: string;
  readonly carrier: 'Add' | 'Replace' | 'Exec';
  readonly uri: string;
  readonly meta: Meta;
  readonly correlator?: string;
  readonly of: BlobRef;
  /** How its octets become Data. */
  readonly as: 'text' | 'octets' | 'base64';
  /** Octets of Data altogether, as announced. */
  readonly size: number;
  /** Octets of `of` that were sent. */
  sent: number;
  /** It was begun anew after the sums differed; not a second time. */
  restarted?: boolean;
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
  const { incoming } = machine;
  return {
    ...frame,
    ...(incoming === undefined || incoming.chunks === 0 ? {} : { receiving: incoming.ref }),
    sent: machine.open.map((open) => sentOf(open, machine)),
    machine: plain(machine),
  };
}

function sentOf(open: OpenCommand, machine: Machine): Sent {
  const ref = `CmdID ${open.cmd} of MsgID ${open.msg}`;
  const command = machine.jobs[open.job]?.command;
  if (command === undefined)
    return { ref, purpose: isContainer(open.job) ? 'command' : 'discovery', carrier: open.carrier };
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

/** Key of a further object in either direction. */
export function nextObjectRef(machine: Machine, direction: 'in' | 'out'): string {
  machine.objectNo = (machine.objectNo ?? 0) + 1;
  return `${direction}.${machine.objectNo}`;
}

export function octetsOf(base64: string): Bytes {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
