/** The part of MOQL_CONFIG about messages that are kept for people. */
import { z } from 'zod';

import { count } from './check';

const HOUR_MS = 3_600_000;

/** Unknown members are refused. */
export const exchangeSettings = z
  .strictObject({
    keep: z
      .enum(['NONE', 'COMMANDS', 'ALL'])
      .default('COMMANDS')
      .describe('which messages of devices are kept, without secrets: NONE, those with COMMANDS, or ALL'),
    retentionMs: count(HOUR_MS, 400 * 24 * HOUR_MS)
      .default(7 * 24 * HOUR_MS)
      .describe('how long they are kept, to the day'),
  })
  .prefault({});

/** Each member with what it means, for the documentation. */
export function exchangeRows(): readonly {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: string | number;
}[] {
  const defaults = exchangeSettings.parse({});
  const { shape } = exchangeSettings.unwrap();
  return (Object.keys(shape) as (keyof typeof shape)[]).map((name) => ({
    name: `exchanges.${name}`,
    meaning: shape[name].description ?? '',
    fallback: defaults[name],
  }));
}
