/** What devices reported and what happened, as callers see it. */
import type { Json } from '../../adapters/adapter';
import type { Reach } from '../access/rights';
import type { Page } from './types';

export interface AlertView {
  readonly id: string;
  readonly device: string;
  readonly at: Date;
  readonly type: string;
  readonly mark: string;
  readonly source: Json;
  readonly target: Json;
  readonly correlator: string | null;
  readonly format: string | null;
  readonly data: Json;
  readonly resultCode: number | null;
}
export interface EventView {
  readonly id: string;
  readonly device: string;
  readonly at: Date;
  readonly type: string;
  readonly data: Json;
  /** When its transaction began, by the database's clock: with it a reader finds on without looking at days long ago. */
  readonly writtenAt: Date;
}

/** src/management/reports.ts: alerts and events. */
export interface Reports {
  alerts(
    filter: { readonly device?: string; readonly type?: string; readonly reach?: Reach },
    first: number,
    after?: string,
  ): Promise<Page<AlertView>>;
  events(
    filter: { readonly device?: string; readonly type?: string; readonly reach?: Reach },
    first: number,
    after?: string,
  ): Promise<Page<EventView>>;
}
