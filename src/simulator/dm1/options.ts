/** How a simulated DM 1.x device is made. */
import type { Plant } from '../standard-tree';
import type { TreeLimits } from '../tree';
import type { Chaos } from './chaos';
import type { ClientProfile } from './clients';
import type { DeviceAlert } from './memory';
import type { Person } from './person';
import type { Dm1Version } from './standard-objects';
import type { TreeQueryOptions } from './tree-query';

/** `digest`: by HTTP Digest with every message, and by nothing in the messages themselves. */
export type Dm1Auth = 'none' | 'basic' | 'md5' | 'hmac' | 'digest';

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
  /** By a Cred of MD5 or Basic (default), or by HMAC. */
  readonly serverAuth?: 'md5' | 'hmac';
  /** The real client that it plays; what else is told here goes before its habits. */
  readonly client?: ClientProfile;
  /** Nonces that the account came with: for the device's first credential and for the server's. */
  readonly nonces?: { readonly client?: Uint8Array; readonly server?: Uint8Array };
  /** WBXML in place of XML. */
  readonly wbxml?: boolean;
  /** Public id of WBXML as text, as clients of the reference toolkit write it. */
  readonly wbxmlPublicIdAsText?: boolean;
  /** 1.1 is DM 1.1.2. Default 1.2. */
  readonly version?: Dm1Version;
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
    /** Tree queries, writes of TNDS documents, optional properties; default none of them (406). */
    readonly queries?: TreeQueryOptions;
  };
  /** Who answers user interaction alerts; default: one who says yes and takes what is offered. */
  readonly person?: Person;
  /** Writes RespURI into Target of its later messages too, as many clients do; default true. */
  readonly targetFollowsRespUri?: boolean;
  /** Reports the end of an Exec in the same session; default: in the next one. */
  readonly alertInSession?: boolean;
  /** Result code that executions end with; default success. */
  readonly execResult?: number;
  /** End the session at the first violation (default), or note it and go on as well as can be. */
  readonly onViolation?: 'end' | 'note';
  readonly plants?: readonly Plant[];
  /** The standard objects that its protocol needs and its plants are all that it has. */
  readonly isBare?: boolean;
  readonly treeLimits?: TreeLimits;
  /** Messages after which a session that does not end is left; default 1000. */
  readonly maxMessages?: number;
  /** Alerts of the device's own that each session begins with. */
  readonly opening?: readonly DeviceAlert[];
  /** Every second session, from the first on, is broken off after so many messages. */
  readonly interruptAfter?: number;
  /** Every message is sent twice, as after a lost answer. */
  readonly repeats?: boolean;
  /** Misbehaves at random. */
  readonly chaos?: Chaos;
  /** Octets for nonces; default node:crypto. */
  readonly random?: (count: number) => Uint8Array;
}
