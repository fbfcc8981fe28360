/** How a simulated DM 2.0 device is made. */
import type { ServerUriValues } from '../../../adapters/dm2/server-uri';
import type { Person } from '../dm1/person';
import type { Plant } from '../standard-tree';
import type { TreeLimits } from '../tree';
import type { AccessControl } from './access';

export interface Dm2DeviceOptions {
  /** `SrvURI` of the account, such as `https://dm.example/dm/2`. */
  readonly url: string;
  readonly deviceId: string;
  readonly user?: string;
  readonly secret?: string;
  /** basic: presented at once. digest: when challenged, then with every request. Default digest when there is a secret. */
  readonly auth?: 'none' | 'basic' | 'digest';
  /** Identifier of the server, for access rights. */
  readonly serverId?: string;
  /** The account came by a bootstrap document: the first session that is let in tells that it is complete. */
  readonly bootstrapped?: boolean;
  /** MOIDs that the server was given at bootstrap, `*` for all (default): `MOS` lists no others. */
  readonly perm?: readonly string[];
  /** `MOS` in Package#1; default always. `asked`: where the notification asks for them. */
  readonly mos?: 'always' | 'never' | 'asked';
  /** `Auth/Noti` of the account: what notifications are checked with. */
  readonly notification?: { readonly secret: Uint8Array; readonly data: Uint8Array };
  /** Who may do what; absent: every server everything, as of a client without access control. */
  readonly access?: AccessControl;
  /** Who answers the pages that SHOW opens, when the session is over; says yes unless given. */
  readonly person?: Person;
  readonly features?: {
    /** CONT is answered 501, as one known client does; default supported. */
    readonly cont?: boolean;
    readonly show?: boolean;
    readonly get?: boolean;
    /** SUB and UNSUB; default 501. */
    readonly subscriptions?: boolean;
    /** DEFAULT; default supported. */
    readonly defaults?: boolean;
    /** Validators of instances; default off. */
    readonly caching?: boolean;
    /** Query fields, x-names and wildcards in ClientURIs, which clients need not have; default supported. */
    readonly query?: boolean;
    /** HPUT and HPOST, which clients must have; default supported. */
    readonly hput?: boolean;
    readonly hpost?: boolean;
  };
  /** Objects when a Package#2 that expects an answer hands out no new address, which the specification allows. */
  readonly wantsCont?: boolean;
  /** Single leaves travel as bare values (default) or as MO data like all else. */
  readonly bareValues?: boolean;
  readonly alertInSession?: boolean;
  readonly execResult?: number;
  /** Values for ServerURI templates besides DevID. */
  readonly network?: ServerUriValues;
  /**
   * A wrong media type ends the session (default) or is noted. Malformed commands always get their status and the session
   * goes on, as the facts say; what is no Package#2 at all always ends it.
   */
  readonly onViolation?: 'end' | 'note';
  readonly plants?: readonly Plant[];
  /** The standard objects that its protocol needs and its plants are all that it has. */
  readonly isBare?: boolean;
  readonly treeLimits?: TreeLimits;
  /** Packages after which a session that does not end is left; default 1000. */
  readonly maxMessages?: number;
}
