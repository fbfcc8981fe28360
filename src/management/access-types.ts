/** What the middle asks of access: keys, grants and the audit log, as callers see them and as services. */
import type { Json } from '../../adapters/adapter';
import type { AccessExplanationView, AccessQuestion } from '../access/explain';
import type { Right, Rights } from '../access/rights';
import type { DeviceCondition } from './device-filter/condition';
import type { ImportGrantsArguments, ImportResult } from './import-types';
import type { Caller, Page } from './types';

export interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
  /** Rights beyond which it gives none; null: no such limit. */
  readonly only: readonly Right[] | null;
  /** Until when its text before the last rotation is good, too; null: it is not. */
  readonly previousUntil: Date | null;
}
export interface GrantView {
  readonly id: string;
  readonly principal: string;
  readonly right: string;
  readonly deviceKey: string | null;
  readonly accountId: string | null;
  readonly tag: string | null;
  /** A DeviceCondition as it is stored. */
  readonly filter: Json;
  readonly moid: string | null;
  readonly path: string | null;
  /** Principal. */
  readonly grantedBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
}

/** src/access/keys.ts, src/access/grants.ts */
export interface Keys {
  /** The caller of a bearer token, or null. */
  authenticate(bearer: string): Promise<Caller | null>;
  create(
    input: {
      readonly name: string;
      readonly admin?: boolean;
      readonly expiresAt?: Date | null;
      readonly only?: readonly string[] | null;
      readonly key?: string;
    },
    caller?: Caller,
  ): Promise<{ view: ApiKeyView; key: string }>;
  revoke(id: string, caller?: Caller): Promise<ApiKeyView>;
  /** @param overlapMs so long the text before is good beside the new one */
  rotate(id: string, caller?: Caller, overlapMs?: number): Promise<{ view: ApiKeyView; key: string }>;
  list(first: number, after?: string): Promise<Page<ApiKeyView>>;
  /** Called after keys changed, here or in another process. */
  onChange(listener: () => void): () => void;
}
export interface Grants {
  create(
    input: {
      readonly principal: string;
      readonly right: string;
      readonly deviceId?: string | null;
      readonly accountId?: string | null;
      readonly tag?: string | null;
      readonly filter?: DeviceCondition | null;
      readonly moid?: string | null;
      readonly path?: string | null;
      readonly expiresAt?: Date | null;
    },
    caller: Caller,
    rights: Rights,
  ): Promise<GrantView>;
  delete(id: string, caller: Caller, rights: Rights): Promise<GrantView>;
  /**
   * Gives rights, each under the rules of `create`; one outcome for each record, in their order.
   *
   * @param allowKeys whether grants to `key:…` are taken, whose numbers differ between gateways
   */
  importMany(...given: ImportGrantsArguments): Promise<readonly ImportResult[]>;
  list(rights: Rights, first: number, after?: string): Promise<Page<GrantView>>;
  /** What a caller may do at this moment. */
  rightsOf(caller: Caller): Promise<Rights>;
  /** Filters of the rights that devices fulfil, by the devices' keys: one statement where there is a filter, else none. */
  fits(rights: Rights, devices: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Whether the rights hold all that was granted to a principal. */
  holdAll(rights: Rights, principal: string): Promise<boolean>;
  /** Whether a principal may do something, and by which grants or why not. Errors: NOT_FOUND (device), FORBIDDEN. */
  explain(question: AccessQuestion, rights: Rights): Promise<AccessExplanationView>;
}
/** src/access/audit.ts: who did what. */
export interface AuditEntry {
  readonly principal: string;
  readonly name: string;
  /** Field of the mutation. */
  readonly action: string;
  readonly subjects: readonly string[];
  readonly arguments: Json;
  /** OK, or the code of the error. */
  readonly outcome: string;
  readonly remote: string | null;
}
export interface AuditView extends AuditEntry {
  readonly id: string;
  readonly at: Date;
  /** How often; more than once for refused credentials alone. */
  readonly times: number;
}
export interface AuditCondition {
  readonly principal?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly outcome?: string;
  readonly since?: Date;
  readonly before?: Date;
}
export interface Audit {
  /** One statement. Never rejects: what cannot be written goes to the log. */
  record(entry: AuditEntry): Promise<void>;
  /** Counts a credential that was refused. */
  refused(remote: string | undefined): void;
  /** The latest first. */
  list(condition: AuditCondition, first: number, after?: string): Promise<Page<AuditView>>;
}
