/**
 * The one interface that both device protocols implement, in the middle's vocabulary.
 *
 * A message is one turn: `open` decodes it, `receive` says what it means (effects), the middle applies the
 * effects and loads the work that the session can take now, `respond` makes the reply. `receive` and `respond`
 * are pure: clocks, randomness, secrets and knowledge of the device are handed in by {@link Context}.
 */

export type Bytes = Uint8Array;
/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** An unguessable part of an address that the gateway handed out (22 characters of base64url). */
export type Token = string;

export type DmProtocol = 'DM_1_1_2' | 'DM_1_2' | 'DM_1_3' | 'DM_2_0';
export type CredentialType = 'NONE' | 'BASIC' | 'DIGEST_MD5' | 'HMAC' | 'HTTP_DIGEST' | 'X509' | 'PSK';
/** Formats of a node (OMA-TS-DM_TND, "Format"). `node` is an interior node. */
export type DmFormat = 'b64' | 'bin' | 'bool' | 'chr' | 'int' | 'node' | 'null' | 'xml' | 'date' | 'time' | 'float';

/** Octets that stand in the store and are loaded only when needed. */
export interface BlobRef {
  /** Number of a stored value, or {@link CHUNK_REF} and the `ref` of what this session keeps. */
  readonly blob: string;
  readonly length: number;
  readonly sha256?: string;
  /** The octets are UTF-8 text. */
  readonly isText?: boolean;
  /** Text without control characters but tabulator and line feed: what every XML reader leaves as it is. */
  readonly isPlain?: boolean;
  /** As many of its first octets as were loaded beside the command; absent: none. */
  readonly head?: Bytes;
}
/** What a {@link BlobRef} begins with that names octets kept by `chunkKept`. */
export const CHUNK_REF = 'chunk:';

/** What a caller put into the Data Repository: stored once, served to each device at an address of its own. */
export interface FileRef {
  readonly file: string;
  /** How the device proves itself where it fetches it. */
  readonly access: 'DEVICE' | 'ADDRESS';
  readonly mime: string;
  readonly length: number;
}

/** An HTTP answer, stored whole so that a repeated message gets the same octets. Header names are lower case. */
export interface Wire {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
}

/**
 * A leaf's value. `data` by format: chr xml date time b64 → string (b64: the base64 text), int → number, or
 * bigint beyond 2^53−1, float → number, bool → boolean, null → null, bin → octets.
 */
export interface Value {
  readonly format: DmFormat;
  readonly mime?: string;
  readonly data: string | number | bigint | boolean | null | Bytes | BlobRef;
}

/** A node with what is known of it. Interior nodes have `children`, leaves `value`; neither: it exists, no more is known. */
export interface Tree {
  readonly name: string;
  /** Type property of an interior node, when the device told it. */
  readonly moid?: string;
  readonly props?: Readonly<Record<string, string>>;
  readonly value?: Value;
  /** All children when `childrenComplete`; otherwise those that were seen. */
  readonly children?: readonly Tree[];
  readonly childrenComplete?: boolean;
}

/**
 * Where a node is. `path` is raw node names joined by `/` ('/' and '%' in a name percent-encoded), '' = the MO's root.
 * `place` is the LocURI of the MO's root on a DM 1.x device (the middle fills it in); a `uri` is a whole LocURI.
 */
export type Address =
  | { readonly moid: string; readonly miid?: string; readonly path: string; readonly place?: string }
  | { readonly uri: string };

/** What came in over HTTP: raw octets (HMAC and replay need them) and what TLS proved. Header names are lower case. */
export interface Inbound {
  readonly method: string;
  /** Path and query below the public address, such as `/dm/1/TOKEN`. */
  readonly path: string;
  /** The token in the path, if there is one. */
  readonly token?: Token;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Bytes;
  readonly peer: {
    readonly secure: boolean;
    readonly loopback: boolean;
    readonly certSha256?: string;
    readonly certUris?: readonly string[];
    readonly pskIdentity?: string;
  };
}

/** Decoded and keyed; nothing of it is believed yet. */
export interface Envelope {
  /** DevId that the message claims. */
  readonly device: string;
  /** User name of its credential, by which a shared account is found for a device that is not registered. */
  readonly user?: string;
  /** Token of the address it was posted to. */
  readonly token?: Token;
  /** DM 1.x: SessionID, the key of a session where no token came. */
  readonly key?: string;
  /** DM 1.x: MsgID. */
  readonly messageNo?: number;
  /** Whether the message itself says that it opens a session. */
  readonly opens: boolean;
  /** Whether it completes the client's package. */
  readonly final: boolean;
  /** It may hold the end of a large object, of which the beginning was kept: {@link Context.objectSoFar} is wanted. */
  readonly mayEndObject?: boolean;
  /** SHA-256 of the body, hex. */
  readonly sha256: string;
  readonly protocol: DmProtocol;
  /** The decoded message; only the adapter that made it looks inside. */
  readonly message: unknown;
  readonly inbound: Inbound;
}

/** What a person may type: a DATE is `2026-01-31`, a TIME `12:30:00`, a PHONE digits and `+ p w s`, an IPV4 `192.0.2.1`. */
export type ShowInputType = 'ALPHANUMERIC' | 'NUMBER' | 'DATE' | 'TIME' | 'PHONE' | 'IPV4';

/**
 * What the person at a device is told or asked, in one form for both protocols. Times in whole seconds; choices are
 * counted from 0. `preset` is offered first, and is the answer when the time runs out.
 */
export type ShowPrompt = {
  /** The text, the question, or the title of the choices. */
  readonly text: string;
  /** Least time on display. */
  readonly minSeconds?: number;
  /** How long the person has; absent: as long as the device gives. */
  readonly timeoutSeconds?: number;
} & (
  | { readonly kind: 'DISPLAY' }
  | { readonly kind: 'CONFIRM'; readonly preset?: boolean }
  | {
      readonly kind: 'TEXT';
      readonly input: ShowInputType;
      /** Characters. */
      readonly maxLength?: number;
      /** Echoed as a password; the answer is a secret. */
      readonly isSecret: boolean;
      readonly preset?: string;
    }
  | {
      readonly kind: 'SINGLE_CHOICE' | 'MULTIPLE_CHOICE';
      readonly choices: readonly string[];
      readonly preset?: readonly number[];
    }
);

export type ShowKind = ShowPrompt['kind'];

/** What the person did; `data` of a show's answer. A time-out with a preset is ACCEPTED. */
export interface ShowAnswer {
  readonly [member: string]: Json;
  readonly answer: 'ACCEPTED' | 'REFUSED' | 'TIMED_OUT';
  /** What was typed; null where nothing was asked for or given. */
  readonly text: string | null;
  readonly selected: readonly number[];
}

export type Command = {
  /** Text, unique in the gateway. */
  readonly id: string;
  /** May be sent again although its first outcome is unknown. */
  readonly repeatable: boolean;
  /** How often it was sent without an answer. Absent: never. */
  readonly attempts?: number;
  /** For a repository item, a report address or a page that this command may need. */
  readonly token: Token;
  /** Commands of one atomic operation share it and come together. */
  readonly atomic?: string;
  /** Commands of one operation that are executed strictly in order, as one Sequence, share it and come together. */
  readonly sequence?: string;
} & CommandBody;

export type CommandBody =
  | {
      readonly kind: 'get';
      readonly at: Address;
      /** Levels below the node; absent: all; 0: names of the children. */ readonly depth?: number;
      readonly prop?: string;
      /** Properties of the nodes that are wanted beside their values: Format, Name, Size, Title, TStamp, Type, VerNo. */
      readonly props?: readonly string[];
      readonly validator?: string;
    }
  | {
      readonly kind: 'add' | 'replace';
      readonly at: Address;
      /** Absent: an interior node. */ readonly value?: Value;
      readonly tree?: Tree;
      /** Of a replace with a tree: what is below the node and not in the tree goes. */
      readonly whole?: boolean;
      /** In place of a value: what the device fetches from the repository. DM 2.0 only. */
      readonly file?: FileRef;
      readonly prop?: string;
    }
  /** DM 2.0: the node of an MO instance in the access-control object, to be made or replaced as a whole. */
  | { readonly kind: 'access'; readonly at: Address; readonly tree: Tree }
  | { readonly kind: 'delete'; readonly at: Address }
  /** `content`: what was read at `from`, where the protocol has no copy; absent there: it is to be read first. */
  | { readonly kind: 'copy'; readonly from: Address; readonly to: Address; readonly content?: Tree }
  | {
      readonly kind: 'exec';
      readonly at: Address;
      readonly argument?: Value;
      readonly correlator: string;
      /**
       * Its end could be taken for that of another exec which is waited for: where the protocol has it, the device is to
       * tell it at an address that holds the command's token.
       */
      readonly apart?: boolean;
    }
  | { readonly kind: 'show'; readonly prompt: ShowPrompt }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly at: Address }
  /** Where the device is to look for values of an MO that it has not: they stand ready, each time anew. */
  | { readonly kind: 'default'; readonly moid: string; readonly tree: Tree }
  /** Find the device's MOs: made by the middle when a device needs it, of no operation. */
  | { readonly kind: 'discover'; readonly budget: { readonly messages: number; readonly nodes: number } };

export type CommandKind = CommandBody['kind'];

/** What the session can take now. `commands: 0` when it can take nothing (refused, package unfinished, walking). */
export interface Wants {
  readonly commands: number;
  /** Octets that the reply may have: stored values are loaded with their commands as far as they could go into it. */
  readonly octets: number;
  /** Whether the device may be asked to tell its MOs in this turn. */
  readonly discovery: boolean;
  /** Parts of a large object on its way to the device, in place of commands. */
  readonly slices: readonly { readonly of: BlobRef; readonly offset: number; readonly length: number }[];
}

export interface Work {
  readonly commands: readonly Command[];
  /** More is queued than was loaded. */
  readonly more: boolean;
  /** As wanted, in order; shorter or empty where the store has less. */
  readonly slices: readonly Bytes[];
}

/** One command on its way: `ref` is the adapter's own name for it, such as "CmdID 4 of MsgID 2". */
export interface Sent {
  readonly ref: string;
  readonly command?: string;
  readonly purpose: 'command' | 'discovery' | 'cont';
  /** Protocol command that carries it: Get, Replace, HGET … */
  readonly carrier: string;
}

export type SessionPhase = 'refused' | 'idle' | 'awaiting' | 'sending' | 'receiving' | 'ended';

/** A session between two messages; all of it is stored. */
export interface SessionState {
  readonly protocol: DmProtocol;
  /** DM 1.x: SessionID. */
  readonly key: string;
  /** Address at which the next message is expected. */
  readonly token: Token;
  readonly phase: SessionPhase;
  /** Client's MsgID (DM 1.x) or number of packages received (DM 2.0). */
  readonly messageNo: number;
  readonly sent: readonly Sent[];
  /** Milliseconds since 1970: when a silent session is given up. */
  readonly expiresAt: number;
  /** `ref` of the chunks kept of an object that the device is sending. */
  readonly receiving?: string;
  /** The adapter's own part. */
  readonly machine: Json;
}

/** A session as it was loaded. */
export interface StoredSession {
  readonly state: SessionState;
  readonly lastSha256: string;
  readonly lastReply: Wire;
  /** When the last message was processed, milliseconds since 1970. */
  readonly lastAt: number;
}

export interface CredentialKnowledge {
  readonly type: CredentialType;
  readonly username: string;
  /** Clear text; never logged, never stored by an adapter. */
  readonly secret: string;
  /** Octets that the next credential is computed over; empty when none was ever given. */
  readonly nonce: Bytes;
  /** The one before, still accepted until the new one was used. */
  readonly previousNonce?: Bytes;
  readonly failures: number;
  /** Milliseconds since 1970; refused without look at the credential before that. */
  readonly lockedUntil?: number;
}

export interface AccountKnowledge {
  readonly serverId: string;
  readonly autoRegister: boolean;
  /** What the device presents to us. */
  readonly clientAuth: CredentialKnowledge;
  /** What we present to the device. Type NONE: nothing. */
  readonly serverAuth: CredentialKnowledge;
  /**
   * When a notification with the nonce for resynchronisation was made for the device, milliseconds since 1970. Absent: none
   * was, or a nonce was given to the device since.
   */
  readonly resyncSentAt?: number;
  /**
   * The notification that asked the device to connect: when it was made, milliseconds since 1970, and its session. Absent:
   * there was none, or a session answered it since.
   */
  readonly notified?: { readonly at: number; readonly sessionNo?: number };
  /** Those before it that were not answered either, oldest first; not all of them. */
  readonly notifiedBefore?: readonly { readonly at: number; readonly sessionNo: number }[];
}

export interface KnownMo {
  readonly moid: string;
  readonly miid: string;
  /** LocURI of its root on a DM 1.x device. */
  readonly place?: string;
  readonly validator?: string;
  /** What its values take in the store, compressed; absent: nobody knows. */
  readonly octets?: number;
}

export interface DeviceKnowledge {
  readonly deviceId: string;
  readonly protocol?: DmProtocol;
  /** Features learned in earlier sessions: name → value. */
  readonly features: Readonly<Record<string, Json>>;
  readonly mos: readonly KnownMo[];
  /** What an administrator said of nodes: place of an MO's root → MOID. It counts for more than what the device tells. */
  readonly recognised?: Readonly<Record<string, string>>;
  /** SHA-256 of the client certificate that is bound to the device, hex. */
  readonly certSha256?: string;
}

/** A node as the DDFs describe it. */
export interface NodeKnowledge {
  readonly format?: DmFormat;
  readonly access: readonly ('Add' | 'Copy' | 'Delete' | 'Exec' | 'Get' | 'Replace')[];
  readonly mime?: string;
  readonly permanent: boolean;
}

/** A point of an MO type: what is known of the node there, and the way to those below it by their raw names. */
export interface DdfBranch {
  readonly node: NodeKnowledge | undefined;
  below(name: string): DdfBranch;
}

/** What is known of MO types; pure look-ups. */
export interface DdfKnowledge {
  /** Whether a text is the MOID (of any version) of a known MO type. */
  isKnown(moid: string): boolean;
  /** The node at a path below the MO's root; unnamed nodes match any name. */
  node(moid: string, path: string): NodeKnowledge | undefined;
  /** The same node as a point to go on from, for whole trees: many times as fast as a path for each node. */
  at?(moid: string, path: string): DdfBranch;
  /** Fixed places of MO roots on DM 1.x devices, such as `./DevDetail`. */
  places(): readonly { readonly place: string; readonly moid: string }[];
  /**
   * MOID of the one MO type whose root has such children; undefined where none fits, or more than one.
   * `format`: where it is known; `node` of interior nodes.
   */
  shape?(children: readonly { readonly name: string; readonly format?: DmFormat }[]): string | undefined;
  /** MOIDs that some DDF names, without places that stand for them. */
  moids?(): readonly string[];
}

export interface Limits {
  /** MaxMsgSize and MaxObjSize that we announce, octets. */
  readonly maxMsgSize: number;
  readonly maxObjSize: number;
  /** {@link KnownMo.octets} from which an MO is read by way of the repository, where the protocol has that; 65,536 if absent. */
  readonly largeReadOctets?: number;
  /** Failures in a row before a credential is locked. */
  readonly maxFailures: number;
  readonly sessionExpiryMs: number;
  readonly transferExpiryMs: number;
}

export interface Context {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** 64 fresh random octets, for nonces. */
  readonly random: Bytes;
  /** A fresh unguessable token for an address that this turn hands out. */
  readonly freshToken: Token;
  /** Nonce for a device that nobody knows: HMAC(server key, device, hour), 16 octets. Nothing is stored for it. */
  readonly strangerNonce: Bytes;
  /** Token for a device that nobody knows, derived likewise. */
  readonly strangerToken: Token;
  /** Secret from which a stateless HTTP Digest nonce is made. */
  readonly digestKey: Bytes;
  /** Public address of the gateway without trailing slash, such as `https://dm.example`. */
  readonly baseUrl: string;
  /** Whether Basic credentials without TLS are taken from elsewhere than loopback. */
  readonly allowInsecureBasic: boolean;
  readonly limits: Limits;
  readonly ddf: DdfKnowledge;
  /** The device's latest session, also an ended one; absent when it never had one. */
  readonly session?: StoredSession;
  /** Absent: nobody knows this device, or it comes with the credentials of an account that registers on first contact. */
  readonly device?: DeviceKnowledge;
  /** Absent for a stranger. Present without `device`: an account with `autoRegister` that has the user's name. */
  readonly account?: AccountKnowledge;
  /** What `receive` gave as `refusals` for the device's last refused message. */
  readonly refusals?: Json;
  /** Identifier to show to strangers (HTTP realm, LocName). */
  readonly defaultServerId: string;
  /** All chunks kept of {@link SessionState.receiving}, joined; only for a message that may end the object. */
  readonly objectSoFar?: Bytes;
  /** Type of credential that strangers are challenged for: that of the account whose identifier they are shown. */
  readonly strangerAuth?: CredentialType;
  /** Repository items of commands that this session sent: whether they were fetched, or what was uploaded. DM 2.0 only. */
  readonly items: Readonly<
    Record<Token, { readonly fetched: boolean; readonly uploaded?: { readonly mime: string; readonly body: Bytes } }>
  >;
}

/** What a command came to, in the words that callers see. */
export type Outcome =
  | 'OK'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'NOT_ALLOWED'
  | 'PERMISSION_DENIED'
  | 'UNSUPPORTED'
  | 'BAD_VALUE'
  | 'TOO_LARGE'
  | 'DEVICE_FULL'
  | 'ROLLED_BACK'
  | 'USER_REFUSED'
  | 'TIMED_OUT'
  | 'DEVICE_ERROR';

/** `ADMINISTRATOR`: somebody said what it is. */
export type RecognisedBy = 'MOID' | 'TYPE' | 'PLACE' | 'SHAPE' | 'ADMINISTRATOR';

/** What a message meant, in the same words for both protocols. The middle applies them in order. */
export type Effect =
  /** The message proved who sends it. Everything that follows may be believed. */
  | { readonly kind: 'authenticated'; readonly by: CredentialType }
  /**
   * `counted`: towards lock-out. `foreign`: the credential is good, but another device's. The turn changes nothing else but
   * nonces and the security log.
   */
  | { readonly kind: 'refused'; readonly reason: string; readonly counted: boolean; readonly foreign?: boolean }
  /** CLIENT: the nonce for the device's next credential; SERVER: for ours. */
  | { readonly kind: 'nonceChanged'; readonly direction: 'CLIENT' | 'SERVER'; readonly nonce: Bytes }
  /** An authenticated device told its protocol version; registers it where the account does so on first contact. */
  | { readonly kind: 'deviceBound'; readonly deviceId: string; readonly protocol: DmProtocol }
  | { readonly kind: 'featureLearned'; readonly feature: string; readonly value: Json; readonly evidence: string }
  /** An MO type without instance has no `miid` and no `place`. DM 1.x tells `place` and no `miid`: the middle gives it one. */
  | {
      readonly kind: 'moAnnounced';
      readonly moid: string;
      readonly miid?: string;
      readonly place?: string;
      readonly ddf?: string;
      readonly recognisedBy: RecognisedBy;
    }
  | { readonly kind: 'moGone'; readonly moid: string; readonly miid: string }
  /** What is known of the device's MOs may be stale: they are to be looked for again. */
  | { readonly kind: 'discoveryDue'; readonly why: string }
  /** `complete`: every instance the device has was announced since the session began; others are gone. */
  | { readonly kind: 'discoveryComplete'; readonly complete: boolean }
  /** Nodes seen at an address. `complete`: what is not in `tree` below the address does not exist. */
  | {
      readonly kind: 'valuesObserved';
      readonly at: Address;
      readonly tree: Tree;
      readonly complete: boolean;
      readonly validator?: string;
    }
  | { readonly kind: 'valuesUnchanged'; readonly at: Address }
  | { readonly kind: 'valuesGone'; readonly at: Address }
  /** Octets to be kept while the session lives, not in its state: chunks of an object received, an object to be sent in chunks. */
  | { readonly kind: 'chunkKept'; readonly ref: string; readonly position: number; readonly octets: Bytes }
  /** They are needed no more. What is left at the session's end goes with it. */
  | { readonly kind: 'chunksDropped'; readonly ref: string }
  /** In the reply that is being made. */
  | {
      readonly kind: 'commandSent';
      readonly command: string;
      readonly carrier: string;
      /** DM 2.0, show: token of the page at which the person answers; it is good until then. */
      readonly page?: Token;
    }
  /** 202: the end comes by alert, page, fetch or upload. */
  | { readonly kind: 'commandAccepted'; readonly command: string; readonly code: number }
  | {
      readonly kind: 'commandAnswered';
      readonly command: string;
      readonly outcome: Outcome;
      readonly code?: number;
      readonly message?: string;
      /**
       * get, and copy where it is read first: the tree at the address (leaf or interior). exec: its data. show: a
       * {@link ShowAnswer}, whatever the outcome.
       */
      readonly tree?: Tree;
      /** get of a whole instance: the validator of what was read. */
      readonly validator?: string;
      readonly data?: Json;
      /** show: its text is a secret: sealed at rest, marked, not kept for long. */
      readonly secret?: boolean;
      /** get with a validator that is still current. */
      readonly unchanged?: boolean;
      /** Instances or nodes that an add made, as the device named them. */
      readonly created?: readonly Address[];
    }
  /** It may or may not have been executed. */
  | { readonly kind: 'commandUnanswered'; readonly command: string; readonly message?: string }
  /** It was surely not executed (refused credentials, dropped by the client) and goes back into the queue. */
  | { readonly kind: 'commandNotExecuted'; readonly command: string }
  /** `respond` only: a document for the device stands at /repository/TOKEN, or (upload) one may be put there. */
  | {
      readonly kind: 'itemOffered';
      readonly token: Token;
      readonly command: string;
      readonly direction: 'DOWNLOAD' | 'UPLOAD';
      /** UPLOAD: a type that is taken beside MO data, text and octets, which always are; `alternatives` are more of them. */
      readonly mime: string;
      readonly body: Bytes;
      readonly alternatives?: readonly { readonly mime: string; readonly body: Bytes }[];
      /** DOWNLOAD of what stands in the repository already, in place of `body`. */
      readonly file?: FileRef;
    }
  | {
      readonly kind: 'alertRaised';
      readonly type: string;
      readonly mark: string;
      readonly source?: Address;
      readonly target?: Address;
      readonly correlator?: string;
      /** Token of the exec's own address (`apart`) at which it was told. */
      readonly reportedAt?: Token;
      readonly format?: string;
      readonly mime?: string;
      readonly data: Json;
      /** Result code of an asynchronous exec, where the alert's MO defines one. */
      readonly resultCode?: number;
      /** Of an alert with several Items: false on all but the last one, which has the codes of all. */
      readonly final?: false;
      readonly resultCodes?: readonly number[];
    }
  /**
   * A session answers a notification, by the name that callers know it by. `sessionNo`: that one and those before it, and not
   * those after; absent: all.
   */
  | { readonly kind: 'wakeUpAnswered'; readonly match?: string; readonly sessionNo?: number }
  /** The device took its account from a bootstrap document; what is left of such documents is to be given out no more. */
  | { readonly kind: 'bootstrapCompleted' }
  /** Something worth a line in the log that changes nothing. */
  | { readonly kind: 'noted'; readonly what: string }
  | {
      readonly kind: 'sessionEnded';
      readonly reason: 'DONE' | 'ABORTED' | 'REFUSED' | 'SUPERSEDED' | 'EXPIRED' | 'SERVER_REFUSED';
    };

export interface Received {
  readonly state: SessionState;
  readonly effects: readonly Effect[];
  readonly wants: Wants;
  /**
   * A refused message stores no session: what the adapter has to remember of it (how often, under which address) is kept
   * with the device's credential until a message is authenticated.
   */
  readonly refusals?: Json;
  /** Set when nothing of this turn is to be stored, the session included: strangers. */
  readonly stateless?: boolean;
}

export interface Responded {
  readonly state: SessionState;
  readonly reply: Wire;
  readonly effects: readonly Effect[];
}

/** How a device is to reach its server. */
export type PreferredConnection = 'ANY_AVAILABLE' | 'CELLULAR' | 'WLAN' | 'WIRELINE';

export interface WakeUpRequest {
  /** DM 1.x: SessionID of the session; DM 2.0: NOTIFICATION-ID. */
  readonly sessionNo: number;
  /** Milliseconds since 1970: when it is made. DM 2.0 only. */
  readonly now?: number;
  /** Best first, `ANY_AVAILABLE` the last. DM 2.0 only. */
  readonly connections?: readonly PreferredConnection[];
  /** Whether the device is to list its MOs. DM 2.0 only. */
  readonly requestsMos?: boolean;
  readonly initiatedBy: 'USER' | 'SERVER';
  readonly uiMode: 'UNSPECIFIED' | 'BACKGROUND' | 'INFORMATIVE' | 'INTERACTIVE';
  /**
   * Made with the nonce for resynchronisation in place of the one that the device gave: four zero octets, or as some
   * clients have it the ten characters `0x00000000`. DM 1.x only.
   */
  readonly resync?: 'OCTETS' | 'CHARACTERS';
  /** Vendor's data behind it. DM 1.x only. */
  readonly vendor?: Bytes;
}

/** How a bootstrap document is protected: the first four in the CP profile, the last two and USERPIN in the DM profile. */
export type BootstrapMethod = 'NETWPIN' | 'USERPIN' | 'USERNETWPIN' | 'USERPINMAC' | 'NETWORKID' | 'USERPIN_NETWORKID';

/** What a device shares with its user and its network. */
export interface SharedSecret {
  /** Digits. */
  readonly pin?: string;
  /** Digits. */
  readonly imsi?: string;
  /** Eight hexadecimal digits. */
  readonly esn?: string;
  /** The network's secret in another form, as it enters the MAC. */
  readonly secret?: Bytes;
}

export interface BootstrapRequest {
  readonly profile: 'CP' | 'DM' | 'MO';
  readonly form: 'XML' | 'WBXML';
  /** Address at which the device is to speak. */
  readonly url: string;
  /** Name of the account, for the device's user. */
  readonly name?: string;
  readonly security?: SharedSecret & { readonly method: BootstrapMethod };
  /** How the device reaches the network: by an access point or proxy that it has, or by one that comes along. */
  readonly connectivity?: {
    readonly toNapId?: string;
    readonly toProxy?: string;
    /** Name of a packet access point: one of that name comes along (CP profile). */
    readonly apn?: string;
  };
  /** CP profile: whether the device is to begin a session at once. */
  readonly init?: boolean;
  /** DM 2.0: what the account asks to manage (`Perm`): MOIDs, or `*` alone. */
  readonly moids?: readonly string[];
  /** DM 2.0: octets of `Auth/Trsp` in place of the device's credential, such as a certificate and its private key. */
  readonly transport?: { readonly data: Bytes; readonly secret: Bytes };
  /** DM 2.0: `Auth/Bootstrap`, by which the device trusts a bootstrap server; keys as its mode has them. */
  readonly bootstrapServer?: {
    readonly url: string;
    readonly mode: 'PSK' | 'X509';
    readonly clientPublic: Bytes;
    readonly serverPublic: Bytes;
    readonly clientSecret: Bytes;
  };
  /** CP profile: parameters of vendors. Absent value: a parameter that only is there. */
  readonly extras?: readonly { readonly name: string; readonly value?: string }[];
}

/** For a device of an account, whose credentials are those that the document is to have. */
export interface DocumentContext {
  readonly account: AccountKnowledge;
  /** `deviceId` is empty in a document for all devices of the account (DM 2.0). */
  readonly device: { readonly deviceId: string; readonly protocol?: DmProtocol };
}

/** Octets for a bearer, and how they are pushed. */
export interface PushDocument {
  readonly octets: Bytes;
  /** With its parameters. */
  readonly mediaType: string;
  /** Push for WAP: the datagram to UDP port 2948. */
  readonly wsp: Bytes;
  /** User data of the short messages that carry the push, in order. */
  readonly sms: readonly Bytes[];
}

/** What cannot be made, and which part of the request is why. */
export interface NoDocument {
  readonly ok: false;
  readonly field: string;
  readonly message: string;
}

/** Notification and bootstrap documents as octets. Pure. */
export interface DocumentMaker {
  /** `match`: what the session that it begins calls itself by; some clients write it otherwise. */
  wake(
    context: DocumentContext,
    request: WakeUpRequest,
  ): { readonly ok: true; readonly document: PushDocument; readonly match: string } | NoDocument;
  /** `typed`: what the device's user types where the method wants it. */
  bootstrap(
    context: DocumentContext,
    request: BootstrapRequest,
  ): { readonly ok: true; readonly document: PushDocument; readonly typed?: string } | NoDocument;
}

/** Whether a request outside of a session comes from the device that it should come from; else what it is answered. */
export type Proof =
  | { readonly ok: true }
  /** `counted`: towards lock-out. */
  | { readonly ok: false; readonly reply: Wire; readonly counted: boolean; readonly reason: string };

/** A command as far as a device's features matter to it. */
export interface Asked {
  readonly kind: string;
  /** Of a show. */
  readonly prompt?: ShowKind;
  /** A replace of a whole sub-tree. */
  readonly whole?: boolean;
}

/** Something that a device lacks. */
export interface Lack {
  /** Name of the feature, as `featureLearned` told it. */
  readonly feature: string;
  readonly reason: string;
}

/** A body without secrets. */
export interface Redacted {
  readonly octets: Bytes;
  readonly mediaType: string;
}

/** A device protocol. */
export interface Adapter {
  /** Decodes a message; a Wire is an immediate refusal on the HTTP level. Never throws. */
  open(inbound: Inbound): { readonly envelope: Envelope } | { readonly refusal: Wire; readonly reason: string };
  /** Whether a message repeats the last one processed, so that the stored reply is due (rules of the protocol's digest). */
  isRepeat(envelope: Envelope, session: StoredSession, now: number, workWaiting: boolean): boolean;
  /** What the message means. Reads no clock, calls nothing. */
  receive(envelope: Envelope, context: Context): Received;
  /** The reply, with as much of the work as it can carry. Commands of `work` that are not in `commandSent` stay queued. */
  respond(envelope: Envelope, state: SessionState, work: Work, context: Context): Responded;
  /** What is left of a session whose device went silent. */
  expire(state: SessionState): readonly Effect[];
  /** What a command needs and the device was learned to lack; undefined: nothing that is known. Pure. */
  lacks(command: Asked, features: Readonly<Record<string, Json>>): Lack | undefined;
  /**
   * A request or reply of this protocol without credentials, nonces, tokens of addresses, values of nodes that hold secrets and
   * answers of people; in the form that it came in. Pure; never throws.
   */
  redact(octets: Bytes, mediaType: string): Redacted;
  /** The same for people: indented XML or JSON. Pure; never throws. */
  display(octets: Bytes, mediaType: string): string;
  /** A reply for a moment of overload or failure that does not make the client give up. */
  busy(inbound: Inbound): Wire;
}
