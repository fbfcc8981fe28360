/** The part of MOQL_CONFIG about the Data Repository: where files stand, and who gets at them how. */
import { z } from 'zod';

import { count, publicUrl } from './check';

const KIB = 1024;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

const text = (most: number): z.ZodString => z.string().min(1).max(most);

const s3 = z.strictObject({
  endpoint: publicUrl.describe('address of the S3 service, such as `https://s3.eu-west-1.example`'),
  region: text(64).default('us-east-1').describe('region that requests are signed for'),
  bucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .describe('bucket; it must exist'),
  prefix: z
    .string()
    .regex(/^(?:[A-Za-z0-9_-]{1,64}\/){0,8}$/, 'must be names of letters, digits, _ and -, each with a / behind it')
    .default('')
    .describe('what names of objects begin with, such as `moql/`'),
  accessKeyId: text(256).describe('access key'),
  secretAccessKey: text(1024).describe('secret key'),
  pathStyle: z
    .boolean()
    .default(true)
    .describe('whether the bucket stands in the path of addresses, and not in their host'),
});

/** Unknown members are refused. */
export const repositorySettings = z
  .strictObject({
    directory: text(4096)
      .optional()
      .describe('directory of large files, which several gateways of one database must share'),
    draftDirectory: text(4096).optional().describe('with `s3`: directory of files that are still coming in'),
    s3: s3.optional().describe('in place of the directory: a bucket'),
    inlineOctets: count(0, 16 * 1024 * KIB)
      .default(256 * KIB)
      .describe('files of up to so many octets stand in the database'),
    commandAccess: z
      .enum(['DEVICE', 'ADDRESS'])
      .default('DEVICE')
      .describe('for documents of commands: DEVICE, the device authenticates; ADDRESS, who has the address has it'),
    addressMs: count(1_000, 90 * DAY_MS)
      .default(DAY_MS)
      .describe('how long an address lives that needs no credentials'),
    uploadAddressMs: count(1_000, 30 * DAY_MS)
      .default(DAY_MS)
      .describe('how long a caller may take until the file is sent'),
    sweepMs: count(100, DAY_MS)
      .default(10 * MINUTE_MS)
      .describe('how often is looked for what is left over in the storage'),
  })
  .refine((value) => value.s3 === undefined || value.directory === undefined, 'give `directory` or `s3`, not both')
  .prefault({});

export type RepositorySettings = z.infer<typeof repositorySettings>;

interface Row {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: number | string;
}

/** Each member with what it means, for the documentation. */
export function repositoryRows(): readonly Row[] {
  const defaults: Readonly<Record<string, unknown>> = repositorySettings.parse({});
  const row = (name: string, schema: z.ZodType, fallback: unknown): Row => ({
    name: `repository.${name}`,
    meaning: schema.description ?? '',
    fallback: name === 'directory' ? '`repository` in MOQL_DATA_DIR' : shown(fallback),
  });
  const { shape } = repositorySettings.unwrap();
  const whole = Object.entries(shape).map(([name, schema]) => row(name, schema, defaults[name]));
  const s3Defaults: Readonly<Record<string, unknown>> = s3.parse(EXAMPLE);
  const optional = new Set(['region', 'prefix', 'pathStyle']);
  const parts = Object.entries(s3.shape).map(([name, schema]) =>
    row(`s3.${name}`, schema, optional.has(name) ? s3Defaults[name] : undefined),
  );
  return [...whole, ...parts];
}

/** What makes the parse of defaults possible. */
const EXAMPLE = { endpoint: 'https://s3.example', bucket: 'example', accessKeyId: 'x', secretAccessKey: 'x' };

function shown(fallback: unknown): number | string {
  if (typeof fallback === 'number') return fallback;
  if (fallback === undefined) return '–';
  return fallback === '' ? 'empty' : String(fallback as string | boolean);
}
