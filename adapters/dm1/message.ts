/**
 * A SyncML message as plain values: what both codecs (XML and WBXML) read and write.
 * Source: OMA-TS-DM_RepPro; shape by `OMA-SyncML-RepPro` DTD, chapter "Common Use Elements".
 */
import type { Bytes } from '../adapter';

/** How a message travelled, so that the answer can travel likewise. */
export interface Encoding {
  readonly form: 'xml' | 'wbxml';
  /** WBXML: whether the public id came as a number or as text in the string table. */
  readonly publicId?: 'number' | 'text';
  /** XML: without the declaration, which says no more than that it is XML in UTF-8. */
  readonly bare?: boolean;
}

/** Content of an element that may hold text, octets (WBXML opaque) or an embedded document. */
export type Data =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'octets'; readonly octets: Bytes }
  /** Child elements inside Data: a TNDS (MgmtTree), MetInf or foreign document, as elements or as a complete WBXML document in an opaque. */
  | { readonly kind: 'element'; readonly element: Element };

/** An element that the message model does not interpret. */
export interface Element {
  readonly name: string;
  readonly namespace?: string;
  readonly children: readonly Element[];
  /** Joined text of the element itself. */
  readonly text: string;
}

/** Meta information (syncml:metinf). Numbers stay text: garbage in them is the session's business. */
export interface Meta {
  readonly format?: string;
  readonly type?: string;
  readonly mark?: string;
  readonly size?: string;
  readonly nextNonce?: Data;
  readonly maxMsgSize?: string;
  readonly maxObjSize?: string;
  readonly emi?: readonly string[];
}

export interface Location {
  readonly locUri: string;
  readonly locName?: string;
}

export interface Item {
  readonly target?: Location;
  readonly source?: Location;
  readonly targetParent?: Location;
  readonly sourceParent?: Location;
  readonly meta?: Meta;
  readonly data?: Data;
  readonly moreData?: boolean;
}

export interface Cred {
  readonly meta?: Meta;
  readonly data: Data;
}

export interface SyncHdr {
  readonly verDtd: string;
  readonly verProto: string;
  readonly sessionId: string;
  readonly msgId: string;
  readonly target: Location;
  readonly source: Location;
  readonly respUri?: string;
  readonly cred?: Cred;
  readonly meta?: Meta;
}

export interface Status {
  readonly kind: 'Status';
  readonly cmdId: string;
  readonly msgRef?: string;
  readonly cmdRef?: string;
  readonly cmd: string;
  readonly targetRefs: readonly string[];
  readonly sourceRefs: readonly string[];
  readonly cred?: Cred;
  readonly chal?: Meta;
  /** Status code as it stands in Data. */
  readonly data: string;
  readonly items: readonly Item[];
}
export interface Results {
  readonly kind: 'Results';
  readonly cmdId: string;
  readonly msgRef?: string;
  readonly cmdRef?: string;
  readonly meta?: Meta;
  readonly targetRef?: string;
  readonly sourceRef?: string;
  readonly items: readonly Item[];
}
export interface AlertCommand {
  readonly kind: 'Alert';
  readonly cmdId: string;
  readonly data?: string;
  readonly correlator?: string;
  readonly items: readonly Item[];
}
export interface SimpleCommand {
  readonly kind: 'Add' | 'Replace' | 'Delete' | 'Copy' | 'Get';
  readonly cmdId: string;
  readonly meta?: Meta;
  readonly items: readonly Item[];
}
export interface ExecCommand {
  readonly kind: 'Exec';
  readonly cmdId: string;
  readonly meta?: Meta;
  readonly correlator?: string;
  readonly items: readonly Item[];
}
export interface ContainerCommand {
  readonly kind: 'Atomic' | 'Sequence';
  readonly cmdId: string;
  readonly meta?: Meta;
  readonly commands: readonly BodyCommand[];
}
/** A SyncML command that DM does not use (Put, Map, Sync, Search, Move …): kept so that it can be answered 406. */
export interface ForeignCommand {
  readonly kind: 'Foreign';
  readonly name: string;
  readonly cmdId: string;
}
export type BodyCommand =
  Status | Results | AlertCommand | SimpleCommand | ExecCommand | ContainerCommand | ForeignCommand;

export interface Message {
  /** Namespace of the root, such as `SYNCML:SYNCML1.2`; absent where the document names none. */
  readonly namespace?: string;
  readonly header: SyncHdr;
  readonly body: readonly BodyCommand[];
  readonly final: boolean;
}
