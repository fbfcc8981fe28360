/**
 * How a client may differ from the book. Each trait is one habit of what it sends, what it checks, when it stops or what it
 * dies of; a client of `clients/` is a handful of them. Source: dm1 20, 21; client-quirks.
 */
import type { DeviceAlert } from './memory';

export interface Traits extends SendingTraits, CheckingTraits, FlowTraits, TreeTraits {}

/** What it sends. */
export interface SendingTraits {
  /** Plain SyncML media types in place of those of DM; default `dm`. */
  readonly mediaType?: 'dm' | 'plain';
  /** `; charset=utf-8` behind the media type. */
  readonly namesCharset?: boolean;
  /** More HTTP headers, lower case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Appended to every address it posts to, without `?`. */
  readonly urlQuery?: string;
  /** Bodies in chunks, without Content-Length. */
  readonly chunkedBody?: boolean;
  /** Public id of WBXML as text, as the SyncML reference toolkit writes it. */
  readonly wbxmlPublicIdAsText?: boolean;
  /** Values of the SyncHdr as OPAQUE (WBXML). */
  readonly opaqueHeader?: boolean;
  /** The namespace as an attribute with a literal name (WBXML). */
  readonly wbxmlNamespaceAttribute?: boolean;
  /** How its XML looks. */
  readonly xml?: XmlTraits;
  /** CmdID of the first command. */
  readonly firstCmdId?: number;
  /** All its Status elements have the CmdID of the first command. */
  readonly sameCmdId?: boolean;
  /** Commands stand in the opposite order: Results before their Status, that of SyncHdr last. */
  readonly bodyReversed?: boolean;
  /** Formats spelled with a capital: `Chr`. */
  readonly capitalFormats?: boolean;
  /** Meta stands on the command and not in its Items. */
  readonly metaOnCommand?: boolean;
  /** Addresses of its own commands without `./`. */
  readonly addressesWithoutDot?: boolean;
  /** Names in addresses of Status and Results percent-encoded, all that are no letter or digit. */
  readonly encodesNames?: boolean;
  /** SyncHdr Status without CmdRef. */
  readonly hdrStatusWithoutCmdRef?: boolean;
  /** Its SyncHdr Status has this code, whatever it thinks. */
  readonly hdrStatusCode?: number;
  /** SyncHdr Status only when the server's MsgID is its own. */
  readonly hdrStatusWantsEcho?: boolean;
  /** A second Status for each command, of the same code. */
  readonly statusTwice?: boolean;
  /** No Status for an Atomic; those of its members come alone. */
  readonly noAtomicStatus?: boolean;
  /** Members' Status elements stand before that of their Atomic. */
  readonly membersFirst?: boolean;
  /** Code of a Delete that worked. */
  readonly deletedCode?: number;
  /** Results without MsgRef. */
  readonly resultsWithoutMsgRef?: boolean;
  /** How DevInfo is told. */
  readonly devInfo?: {
    /** A Replace for each leaf. */
    readonly oneEach?: boolean;
    /** Its root too, as an interior node. */
    readonly withRoot?: boolean;
    /** Names spelled otherwise. */
    readonly names?: Readonly<Record<string, string>>;
    /** A NUL octet behind each value (XML; in WBXML the text becomes an OPAQUE). */
    readonly nul?: boolean;
  };
  /** Alerts that stand in every Package 1. */
  readonly opening?: readonly DeviceAlert[];
  /** Alerts name Target besides Source. */
  readonly alertTarget?: string;
  /** Alerts without Correlator. */
  readonly noCorrelator?: boolean;
}

/** How a client's XML looks. */
export interface XmlTraits {
  readonly noDeclaration?: boolean;
  readonly singleQuotes?: boolean;
  readonly crlf?: boolean;
  /** Attributes written into the tag of the element, such as `{ SyncBody: 'xmlns:msft="…"' }`. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** Children named here are moved to the end of their Status, such as `TargetRef` after `Data`. */
  readonly lastInStatus?: string;
}

/** What it needs of its server, or else it dies, hangs or gives up. */
export interface CheckingTraits {
  /** It cannot read an answer without Content-Length. */
  readonly needsLength?: boolean;
  /** It waits for ever without a RespURI. */
  readonly needsRespUri?: boolean;
  /** Every server message needs Final. */
  readonly needsFinal?: boolean;
  /** VerDTD and VerProto are compared with its own, as text. */
  readonly needsOwnVersion?: boolean;
  /** SessionID is compared as a number. */
  readonly needsNumericSession?: boolean;
  /** Every Status of the server needs CmdRef. */
  readonly needsCmdRef?: boolean;
  /** Children are read by their place: an order that is not the DTD's ends it. */
  readonly needsDtdOrder?: boolean;
  /** Items of Add and Replace need Format and Data. */
  readonly needsItemFormat?: boolean;
  /** Alerts 1100 to 1104 need two Items. */
  readonly needsAlertItems?: boolean;
  /** Numeric references end it. */
  readonly dislikesReferences?: boolean;
  /** Commands and elements that it cannot bear at all. */
  readonly dislikes?: readonly ('Sequence' | 'Copy' | 'MoreData' | 'Atomic')[];
  /** Octets of its buffer: a longer message of either side ends it. */
  readonly buffer?: number;
  /** Characters that a ServerID may have. */
  readonly serverIdBelow?: number;
  /** A NextNonce with a single `=` decodes to nothing. */
  readonly breaksOnePad?: boolean;
  /** A LocURI with a leading `/` ends it. */
  readonly dislikesLeadingSlash?: boolean;
}

/** When it goes on and when it stops. */
export interface FlowTraits {
  /** SessionIDs: counted in hex (default), lower case, counted in decimal from 1, or always `1`. */
  readonly sessionIds?: 'hex' | 'lowerHex' | 'decimal' | 'one';
  /** The two octets of a notification's SessionID are swapped. */
  readonly swapsNotifiedId?: boolean;
  /** MaxMsgSize it announces; null: none. */
  readonly maxMsgSize?: number | null;
  /** The server's MaxMsgSize counts only where it is below its own, or not at all. */
  readonly serverLimit?: 'lowers' | 'ignored';
  /** RespURI is written into Target as well; default true. */
  readonly targetFollowsRespUri?: boolean;
  /** Basic credential in every message. */
  readonly credInEvery?: boolean;
  /** In the session after an Exec of FUMO its Basic credential is empty. */
  readonly emptyCredAfterFumo?: boolean;
  /** It does not answer a challenge. */
  readonly answersNoChallenge?: boolean;
  /** After a refusal it repeats only commands that were refused, and without end. */
  readonly repeatsRefused?: boolean;
  /** Package 1 is repeated until the SyncHdr Status is 212. */
  readonly repeatsUntil212?: boolean;
  /** Its messages always have Final. */
  readonly alwaysFinal?: boolean;
  /** It never asks for the next message by Alert 1222. */
  readonly never1222?: boolean;
  /** Code for everything when the server's credential is missing; default 407 with Chal for SyncHdr. */
  readonly missingCredCode?: number;
  /** A new nonce for every server message that carries Cred. */
  readonly nonceEachCred?: boolean;
  /** An empty answer is the end of the session. */
  readonly emptyAnswerEnds?: boolean;
}

/** What it can do to its tree. */
export interface TreeTraits {
  /** Commands it knows; others get 501. */
  readonly commands?: readonly string[];
  /** Only the first Item of a command is answered. */
  readonly firstItemOnly?: boolean;
  /** Copy; default off (501). */
  readonly copy?: boolean;
  /** Atomic is executed without roll-back, or refused (406). */
  readonly atomic?: 'noRollback' | 'unsupported';
  /** User interaction alerts that it shows; others get 406. Default all. */
  readonly alerts?: readonly number[];
  /** The first chunk of a large object is taken for the whole of it, with 200. */
  readonly truncatesObjects?: boolean;
  /** Announced and enforced. */
  readonly maxObjSize?: number;
  /** DevDetail/LrgObj; default true. */
  readonly largeObjects?: boolean;
  /** Result codes that executions end with, the vendor's own. */
  readonly execResult?: number;
  /** Values of DevInfo that differ from the simulated device's. */
  readonly devInfoValues?: Readonly<Record<string, string>>;
  /** Place of the accounts, such as `./SyncML/DMAcc`. */
  readonly accountPlace?: string;
  /** A whole tree of DevDetail goes into each Package 1, as TNDS in a generic alert of this type. */
  readonly tellsDevDetail?: string;
}
