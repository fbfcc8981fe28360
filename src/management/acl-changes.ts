/** What a turn learns of the ACLs of a device's nodes: one row a node, the last that was seen. */
import type { AclRow } from '../store/turn-apply';

export class AclChanges {
  readonly #rows = new Map<string, AclRow>();

  /** A list that the device gave, or took. */
  saw(at: { readonly family: string; readonly miid: string }, path: string, acl: string, inherited: boolean): void {
    this.#set({ family: at.family, miid: at.miid, path, acl, inherited });
  }

  /** A node that went, and all below it. */
  gone(at: { readonly family: string; readonly miid: string }, path: string): void {
    for (const [key, row] of this.#rows) {
      const isBelow = row.path === path || path === '' || row.path.startsWith(`${path}/`);
      if (row.family === at.family && row.miid === at.miid && isBelow) this.#rows.delete(key);
    }
    this.#set({ family: at.family, miid: at.miid, path, acl: null, inherited: false });
  }

  take(): readonly AclRow[] {
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    return rows;
  }

  #set(row: AclRow): void {
    this.#rows.set(JSON.stringify([row.family, row.miid, row.path]), row);
  }
}
