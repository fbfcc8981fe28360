/** Members of the configuration file about waking devices up: bearers by name, and when they are used. */
import { z } from 'zod';

import { count, host } from './check';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The one name that is there without configuration: the device is left to come by itself. */
const NONE = 'none';

const text = (most: number): z.ZodString => z.string().min(1).max(most);
const tcpPort = count(1, 65_535);

const common = (rate: number): typeof commonShape => ({
  ...commonShape,
  ratePerSecond: z
    .number()
    .min(0.01)
    .max(100_000)
    .default(rate)
    .describe('wake-ups a second at most, of all processes together'),
});
const commonShape = {
  ratePerSecond: z.number().default(0),
  timeoutMs: count(100, 2 * MINUTE_MS)
    .default(10 * SECOND_MS)
    .describe('how long the other side may take to answer'),
  attempts: count(1, 20).default(3).describe('how often a wake-up is sent by this bearer before the next one is tried'),
};

const httpUrl = z.string().refine((value) => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  return url !== undefined && /^https?:$/.test(url.protocol) && url.hash === '' && url.username === '';
}, 'must be an address such as https://push.example/wappush, without user and fragment');

const networks = z
  .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], 'must be an address or a network such as 10.0.0.0/8'))
  .min(1)
  .max(1000);

const smpp = z.strictObject({
  type: z.literal('smpp'),
  host: host.describe('host of the short message centre'),
  port: tcpPort.default(2775).describe('its port'),
  tls: z.boolean().default(false).describe('whether the connection is TLS'),
  systemId: z.string().max(15).describe('`system_id` to bind with'),
  password: z.string().max(8).default('').describe('`password` to bind with'),
  systemType: z.string().max(12).default('').describe('`system_type` to bind with'),
  mode: z
    .enum(['transceiver', 'transmitter'])
    .default('transceiver')
    .describe('`transceiver`, or `transmitter` for a centre that knows no other; it tells no receipts then'),
  source: z.string().max(20).default('').describe('what messages come from; empty: the centre decides'),
  sourceTon: count(0, 6).default(1).describe('its type of number'),
  sourceNpi: count(0, 18).default(1).describe('its numbering plan'),
  dataCoding: count(0, 255).default(4).describe('`data_coding` of 8-bit data: 4, or what the centre wants'),
  window: count(1, 1000).default(10).describe('messages without an answer at a time'),
  receipts: z.boolean().default(true).describe('whether receipts are asked for'),
  enquireLinkMs: count(SECOND_MS, HOUR_MS)
    .default(30 * SECOND_MS)
    .describe('how often is asked whether the centre is there'),
  reconnectMs: count(10, MINUTE_MS)
    .default(SECOND_MS)
    .describe('longest wait before the first connection after a loss; doubled with each, to a minute at most'),
  ...common(20),
});

const pap = z.strictObject({
  type: z.literal('pap'),
  url: httpUrl.describe('address of the push proxy gateway'),
  username: text(256).optional().describe('user for HTTP Basic'),
  password: z.string().max(256).optional().describe('its password'),
  domain: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,128}$/, 'must be a name such as ppg.example')
    .default('moql.invalid')
    .describe('what stands behind the @ of addresses and push identifiers'),
  ...common(20),
});

const udp = z.strictObject({
  type: z.literal('udp'),
  networks: networks.describe('networks and addresses of devices; nothing is sent to others'),
  port: tcpPort.default(2948).describe('port of devices'),
  devicePorts: z.boolean().default(false).describe('whether a device may have a port of its own in its `udpAddress`'),
  ...common(200),
});

const webhook = z.strictObject({
  type: z.literal('webhook'),
  url: httpUrl.describe('where wake-ups are posted'),
  secret: z.string().min(16).max(1024).describe('signs each request (HMAC-SHA-256); 16 characters or more'),
  ...common(50),
});

const KINDS = { smpp, pap, udp, webhook } as const;

const bearer = z.discriminatedUnion('type', [smpp, pap, udp, webhook], {
  error: 'type must be smpp, pap, udp or webhook',
});

const bearerName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'the name of a bearer is of lower-case letters, digits and -, 32 at most')
  .refine((name) => name !== NONE, 'is there by itself: devices are left to come');

export const bearersSettings = z
  .record(bearerName, bearer)
  .default({})
  .describe('what can wake devices up, by names that accounts and devices refer to');

export const wakeUpSettings = z
  .strictObject({
    bearers: z
      .array(z.string())
      .max(16)
      .default([])
      .describe('for devices whose account says nothing: names of bearers, the preferred one first'),
    answerMs: count(100, DAY_MS)
      .default(2 * MINUTE_MS)
      .describe('how long a device may take to call after a bearer took its wake-up, before it is sent again'),
    retryMs: count(10, HOUR_MS)
      .default(10 * SECOND_MS)
      .describe('longest wait before the second sending; doubled with each that follows'),
    retryMostMs: count(10, DAY_MS).default(HOUR_MS).describe('longest wait between two sendings'),
    keepMs: count(MINUTE_MS, 366 * DAY_MS)
      .default(30 * DAY_MS)
      .describe('how long ended wake-ups are kept'),
  })
  .prefault({});

export type BearerSettings = z.infer<typeof bearer>;
export type WakeUpSettings = z.infer<typeof wakeUpSettings>;

/** Names that stand for no bearer, as problems of the file. */
export function problemsOfWakeUp(settings: {
  readonly bearers: Readonly<Record<string, BearerSettings>>;
  readonly wakeUp: WakeUpSettings;
}): readonly string[] {
  return settings.wakeUp.bearers.flatMap((name, at) =>
    name === NONE || Object.hasOwn(settings.bearers, name)
      ? []
      : [`wakeUp.bearers.${at}: there is no bearer "${name}" among \`bearers\``],
  );
}

interface Row {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: string;
}

/** Each member with what it means, for the documentation; `NAME` stands for a bearer's. */
export function bearerRows(): readonly Row[] {
  const known = wakeUpSettings.parse({}) as Readonly<Record<string, unknown>>;
  const wakeUp = Object.entries(wakeUpSettings.unwrap().shape).map(([name, member]) =>
    row(`wakeUp.${name}`, member, known[name]),
  );
  const shared = Object.keys(commonShape);
  const kinds = Object.entries(KINDS).flatMap(([kind, schema]) =>
    Object.entries(schema.shape)
      .filter(([name]) => name !== 'type' && !(shared.includes(name) && name !== 'ratePerSecond'))
      .map(([name, member]) => row(`bearers.NAME.${name}`, member, undefined, kind)),
  );
  const rest = Object.entries(commonShape)
    .filter(([name]) => name !== 'ratePerSecond')
    .map(([name, member]) => row(`bearers.NAME.${name}`, member, undefined));
  return [...wakeUp, ...kinds, ...rest];
}

function row(name: string, member: z.ZodType, fallback: unknown, kind?: string): Row {
  const value = fallback ?? ofDefault(member);
  const shown = value === undefined ? '–' : value === '' ? 'empty' : Array.isArray(value) ? 'none' : String(value);
  const meaning = member.description ?? '';
  return { name, meaning: kind === undefined ? meaning : `${kind}: ${meaning}`, fallback: shown };
}

function ofDefault(member: z.ZodType): unknown {
  const parsed = member.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}
