/** How a simulated DM 1.x device is made. */
import type { Plant } from '../standard-tree';
import type { TreeLimits } from '../tree';

export type Dm1Auth = 'none' | 'basic' | 'md5';

export interface Dm1DeviceOptions {
  /** Address of the account, such as `https://dm.example/dm/1`. */
  readonly url: string;
  readonly deviceId: string;
  readonly user?: string;
  readonly secret?: string;
  /** How the device presents itself. Default md5 when there is a secret, else none. */
  readonly auth?: Dm1Auth;
  /** Identifier of the server: the user name of its credential and the name in ACLs. */
  readonly serverUser?: string;
  /** When set, the server must prove itself before it is obeyed. */
  readonly serverSecret?: string;
  /** WBXML in place of XML. */
  readonly wbxml?: boolean;
  /** Public id of WBXML as text, as clients of the reference toolkit write it. */
  readonly wbxmlPublicIdAsText?: boolean;
  /** 1.3 differs from 1.2 in VerProto and in the rules of ACLs. */
  readonly version?: '1.1' | '1.2' | '1.3';
  /** Announced and enforced; octets. */
  readonly maxMsgSize?: number;
  readonly maxObjSize?: number;
  /** Optional parts that a device may lack. */
  readonly features?: {
    /** Copy; default off (501). */
    readonly copy?: boolean;
    /** Atomic; default on, else 406. */
    readonly atomic?: boolean;
    /** User interaction alerts; default on, else 406. */
    readonly ui?: boolean;
  };
  /** Writes RespURI into Target of its later messages too, as many clients do; default true. */
  readonly targetFollowsRespUri?: boolean;
  /** Reports the end of an Exec in the same session; default: in the next one. */
  readonly alertInSession?: boolean;
  /** Result code that executions end with; default success. */
  readonly execResult?: number;
  /** End the session at the first violation (default), or note it and go on as well as can be. */
  readonly onViolation?: 'end' | 'note';
  readonly plants?: readonly Plant[];
  readonly treeLimits?: TreeLimits;
  /** Messages after which a session that does not end is left; default 1000. */
  readonly maxMessages?: number;
  /** Octets for nonces; default node:crypto. */
  readonly random?: (count: number) => Uint8Array;
}
