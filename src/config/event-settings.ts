/** The parts of MOQL_CONFIG about how long events and the like are kept, and where events are posted to. */
import { z } from 'zod';

import { count } from './check';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const retentionSettings = z
  .strictObject({
    eventsMs: count(MINUTE_MS, 3_650 * DAY_MS)
      .default(30 * DAY_MS)
      .describe('how long events are kept, to the day, and so how late a reader can go on where it stopped'),
    historyMs: count(MINUTE_MS, 3_650 * DAY_MS)
      .default(90 * DAY_MS)
      .describe('the same of events `valuesChanged`, of which the history of values is made'),
    recentMs: count(2 * 60 * MINUTE_MS, 365 * DAY_MS)
      .default(DAY_MS)
      .describe('how long ended operations stay among the open ones before they are moved to partitions by day'),
    operationsMs: count(DAY_MS, 3_650 * DAY_MS)
      .default(90 * DAY_MS)
      .describe('how long ended operations can be looked at, and their idempotency keys are known, to the day'),
    sessionsMs: count(DAY_MS, 3_650 * DAY_MS)
      .default(30 * DAY_MS)
      .describe('how long ended sessions are kept; the last three of a device always are'),
    alertsMs: count(DAY_MS, 3_650 * DAY_MS)
      .default(365 * DAY_MS)
      .describe('how long alerts of devices can be looked at'),
    securityMs: count(DAY_MS, 3_650 * DAY_MS)
      .default(365 * DAY_MS)
      .describe('how long rows of the table `security_log` are kept'),
    auditMs: count(DAY_MS, 3_650 * DAY_MS)
      .default(400 * DAY_MS)
      .describe('how long the audit log is kept, to the day'),
  })
  .refine(({ recentMs, operationsMs }) => recentMs <= operationsMs, 'recentMs must not be more than operationsMs')
  .prefault({});

const address = z
  .string()
  .max(2048)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) && new URL(text).username === '',
    'must be an address such as https://events.example/moql, without a user',
  );

const secret = z
  .string()
  .max(1024)
  .refine(
    (text) => !text.startsWith('whsec_') || Buffer.from(text.slice(6), 'base64').length >= 24,
    'has behind whsec_ the Base64 of at least 24 octets',
  )
  .refine((text) => text.length >= 24, 'must have at least 24 characters');

const webhook = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'must be a name of letters, digits, -, _ and .')
    .describe('by which the gateway remembers how far it is; another name begins anew'),
  url: address.describe('where events are posted to'),
  secret: secret.describe('signs them; `whsec_` and Base64, or any text'),
  events: z
    .array(z.string().min(1).max(64))
    .min(1)
    .max(100)
    .optional()
    .describe('types of events that are posted; all when left out'),
  timeoutMs: count(100, MINUTE_MS).default(10_000).describe('how long the receiver may take to answer'),
  attempts: count(1, 100)
    .default(12)
    .describe('after so many an event is given up, and the next one of its device goes'),
  firstRetryMs: count(1, MINUTE_MS)
    .default(1_000)
    .describe('longest wait before the second attempt; twice as long before each further one'),
  lastRetryMs: count(1, DAY_MS)
    .default(10 * MINUTE_MS)
    .describe('longest wait before any attempt'),
});

export const webhookSettings = z
  .array(webhook)
  .max(32)
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'names must differ')
  .default([]);

interface Row {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: number | string;
}

/** Each member with what it means, for the documentation. */
export function eventRows(): readonly Row[] {
  const kept: Readonly<Record<string, unknown>> = retentionSettings.parse({});
  const hook: Readonly<Record<string, unknown>> = webhook.parse({
    name: 'x',
    url: 'https://x',
    secret: 'x'.repeat(24),
  });
  const isGiven = new Set(['name', 'url', 'secret']);
  const rows = (
    section: string,
    shape: Readonly<Record<string, unknown>>,
    of: Readonly<Record<string, unknown>>,
  ): Row[] =>
    Object.entries(shape).map(([name, member]) => ({
      name: `${section}.${name}`,
      meaning: (member as z.ZodType).description ?? '',
      fallback: typeof of[name] === 'number' && !isGiven.has(name) ? of[name] : '–',
    }));
  return [...rows('retention', retentionSettings.unwrap().shape, kept), ...rows('webhooks[]', webhook.shape, hook)];
}
