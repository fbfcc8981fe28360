/** The file that MOQL_CONFIG names: everything that is no environment variable. JSON, checked by a schema. */
import { readFileSync } from 'node:fs';

import { z } from 'zod';

import { bearerRows, bearersSettings, problemsOfWakeUp, wakeUpSettings } from './bearer-settings';
import { callerRows, callerSettings } from './caller-settings';
import { count } from './check';
import { exchangeRows, exchangeSettings } from './exchange-settings';
import { eventRows, retentionSettings, webhookSettings } from './event-settings';
import { repositoryRows, repositorySettings } from './repository-settings';
import { requestLimits, trustedSettings } from './request-settings';
import { proxySettings, tlsSettings } from './tls-settings';

const KIB = 1024;
const GIB = 1024 * 1024 * KIB;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Every member may be left out; unknown ones are refused. Sizes are octets. */
const schema = z.strictObject({
  limits: z
    .strictObject({
      maxMsgSize: count(512, 1024 * KIB)
        .default(64 * KIB)
        .describe('MaxMsgSize that devices are told, octets'),
      maxObjSize: count(512, 64 * 1024 * KIB)
        .default(4 * 1024 * KIB)
        .describe('MaxObjSize that devices are told, octets'),
      maxFailures: count(1, 1000)
        .default(5)
        .describe('refused credentials in a row before a device is locked for a while'),
      sessionExpiryMs: count(1_000, DAY_MS)
        .default(5 * MINUTE_MS)
        .describe('silence after which a session ends'),
      transferExpiryMs: count(1_000, 7 * DAY_MS)
        .default(30 * MINUTE_MS)
        .describe('the same while a large object is on its way'),
      largeReadOctets: count(1, 4096 * KIB)
        .default(64 * KIB)
        .describe('stored octets, compressed, from which a DM 2.0 object is read by way of the repository'),
      messageOctets: count(16 * KIB, 64 * 1024 * KIB)
        .default(4 * 1024 * KIB)
        .describe('octets of one message of a device; of DM 1.x no more than sixteen times maxMsgSize'),
      messageDepth: count(16, 1000)
        .default(64)
        .describe('elements inside one another in a DM 1.x message, or in a document that it holds'),
      messageElements: count(1000, 1_000_000).default(65_536).describe('elements of a DM 1.x message'),
      stringTableOctets: count(KIB, 1024 * KIB)
        .default(64 * KIB)
        .describe('octets of the string table of a WBXML message'),
      inflation: count(2, 2000)
        .default(200)
        .describe('how many times its size a compressed body of more than 64 KiB may unpack to'),
      discoveryMessages: count(1, 100_000)
        .default(200)
        .describe('messages in which a device is asked for its management objects'),
      discoveryNodes: count(1, 1_000_000).default(10_000).describe('nodes that are read while they are looked for'),
      commands: count(1, 10_000).default(1_000).describe('commands of one operation'),
      valueOctets: count(KIB, 64 * 1024 * KIB)
        .default(1024 * KIB)
        .describe('octets of one value'),
      waitMs: count(0, 60 * MINUTE_MS)
        .default(5 * MINUTE_MS)
        .describe('longest `wait` of a caller'),
      operationExpiryMs: count(1_000, 3_650 * DAY_MS)
        .default(365 * DAY_MS)
        .describe('longest `expiresIn` of an operation'),
      repositoryItemMs: count(1_000, 90 * DAY_MS)
        .default(7 * DAY_MS)
        .describe('how long a document waits in the Data Repository'),
      documentOctets: count(KIB, 64 * 1024 * KIB)
        .default(16 * 1024 * KIB)
        .describe('octets of a document that a device brings to the Data Repository'),
      fileOctets: count(KIB, 64 * GIB)
        .default(4 * GIB)
        .describe('octets of a file that a caller puts into the Data Repository'),
      bodyIdleMs: count(100, 10 * MINUTE_MS)
        .default(MINUTE_MS)
        .describe('longest silence of who sends something to the Data Repository'),
      uploadMs: count(1_000, 7 * DAY_MS)
        .default(2 * 60 * MINUTE_MS)
        .describe('longest time that sending it may take'),
      ...requestLimits,
    })
    .prefault({})
    .describe('what one device, session or caller may take'),
  trustedDocuments: trustedSettings,
  repository: repositorySettings,
  tls: tlsSettings,
  callers: callerSettings,
  proxy: proxySettings,
  exchanges: exchangeSettings,
  retention: retentionSettings,
  webhooks: webhookSettings,
  bearers: bearersSettings,
  wakeUp: wakeUpSettings,
});

export type Settings = z.infer<typeof schema>;
export type SettingsResult =
  { readonly ok: true; readonly settings: Settings } | { readonly ok: false; readonly problems: readonly string[] };

/** Settings of a value as JSON.parse gives it; `{}` gives the defaults. Each problem names its member. */
export function checkSettings(value: unknown): SettingsResult {
  const result = schema.safeParse(value);
  if (result.success) {
    const problems = [...problemsOfWakeUp(result.data), ...problemsOfTrusted(result.data)];
    return problems.length > 0 ? { ok: false, problems } : { ok: true, settings: result.data };
  }
  return {
    ok: false,
    problems: result.error.issues.map((issue) => {
      const message = issue.code === 'invalid_key' ? issue.issues[0]?.message : undefined;
      return `${issue.path.join('.') || 'the file'}: ${message ?? issue.message}`;
    }),
  };
}

function problemsOfTrusted({ trustedDocuments: { required, path } }: Settings): readonly string[] {
  return required && path === undefined
    ? ['trustedDocuments.path: must be set when trustedDocuments.required is true']
    : [];
}

export function readSettings(path: string): SettingsResult {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    return { ok: false, problems: [`cannot be read: ${error instanceof Error ? error.message : String(error)}`] };
  }
  return checkSettings(value);
}

export interface SettingRow {
  /** Such as `limits.maxMsgSize`. */
  readonly name: string;
  readonly meaning: string;
  readonly fallback: string | number | boolean;
}

/** Each member with what it means, for the documentation. */
export function settingRows(): readonly SettingRow[] {
  const defaults = schema.parse({}).limits;
  const shape = schema.shape.limits.unwrap().shape;
  const limits = (Object.keys(shape) as (keyof typeof shape)[]).map((name) => ({
    name: `limits.${name}`,
    meaning: shape[name].description ?? '',
    fallback: defaults[name],
  }));
  const rest = [...rowsOf('tls', tlsSettings), ...rowsOf('proxy', proxySettings)];
  const trusted = rowsOf('trustedDocuments', trustedSettings);
  const others = [...exchangeRows(), ...eventRows(), ...bearerRows(), ...callerRows()];
  return [...limits, ...trusted, ...repositoryRows(), ...rest, ...others];
}

function rowsOf(
  section: string,
  part: typeof tlsSettings | typeof proxySettings | typeof trustedSettings,
): readonly SettingRow[] {
  const defaults: Readonly<Record<string, SettingRow['fallback'] | undefined>> = part.parse({});
  return Object.entries(part.unwrap().shape).map(([name, member]) => ({
    name: `${section}.${name}`,
    meaning: (member as z.ZodType).description ?? '',
    fallback: defaults[name] ?? 'unset',
  }));
}
