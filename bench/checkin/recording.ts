/** The statements of turns, with their parameters and the reply's octets: what the floor repeats. */
import type { Sql, TransactionOptions } from '../../src/store/sql';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** One message's turn. */
export interface RecordedTurn {
  readonly statements: readonly Statement[];
  readonly reply: { readonly contentType: string; readonly body: Uint8Array };
}

export interface Recording {
  /** Whose turns they are: its DevId, and its key in the database. */
  readonly deviceId: string;
  readonly deviceKey: string;
  /** When they were, milliseconds. */
  readonly at: number;
  /** By step, such as `xml-known-0`. */
  readonly turns: Readonly<Record<string, RecordedTurn>>;
}

/** Passes everything on, and keeps the statements of each transaction. */
export class RecordingSql implements Sql {
  private transactions: Statement[][] = [];

  constructor(private readonly inner: Sql) {}

  /** Transactions since the last call whose first statement was about this device. */
  take(deviceId: string): Statement[][] {
    return this.transactions.splice(0).filter(([first]) => first?.values[0] === deviceId);
  }

  query<R>(text: string, values?: readonly unknown[]): Promise<R[]> {
    return this.inner.query<R>(text, values);
  }

  exec(text: string): Promise<void> {
    return this.inner.exec(text);
  }

  transaction<T>(work: (tx: Sql) => Promise<T>, options?: TransactionOptions): Promise<T> {
    const statements: Statement[] = [];
    this.transactions.push(statements);
    return this.inner.transaction(
      (tx) =>
        work({
          query: (text, values = []) => {
            statements.push({ text, values });
            return tx.query(text, values);
          },
          exec: (text) => tx.exec(text),
          transaction: (inside, more) => tx.transaction(inside, more),
        }),
      options,
    );
  }
}
