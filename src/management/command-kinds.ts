/** What commands there are, and what those about access rights on DM 2.0 devices say. */

export type NorthboundKind =
  | 'get'
  | 'add'
  | 'replace'
  | 'delete'
  | 'exec'
  | 'copy'
  | 'show'
  | 'getAcl'
  | 'setAcl'
  | 'getAccess'
  | 'setAccess'
  | 'default'
  /** Made by subscriptions. */
  | 'subscribe'
  | 'unsubscribe';

/** What a DM 2.0 device lets a management authority do. */
export type AccessRight = 'READ' | 'WRITE' | 'EXECUTE' | 'DELEGATE';
/** Who may do what on a node of an MO instance and below it; an entry on a deeper node overrides it there. */
export interface AccessEntry {
  /** Below the MO's root. */
  readonly path: string;
  readonly authorities: readonly {
    /** `serverid:ID`, `appid:ID`, or `*`. */
    readonly authority: string;
    readonly rights: readonly AccessRight[];
  }[];
}
