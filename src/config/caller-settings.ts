/** The part of MOQL_CONFIG about who may call besides holders of API keys. */
import { z } from 'zod';

import { count } from './check';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** No symmetric one: keys of an issuer are public, and whoever knows such a key could sign. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const ANONYMOUS = 'anonymous';

const name = z.string().min(1).max(200);
const address = z
  .string()
  .max(2048)
  .refine(isSafeAddress, 'must be an address with https (or http on this machine), without a user');
const claim = z.union([name, z.array(name).min(1).max(8)]);

const issuer = z.strictObject({
  issuer: address.describe('as its tokens name it in `iss`, octet for octet'),
  audience: z
    .union([name.transform((one) => [one]), z.array(name).min(1).max(16)])
    .describe('one of these must stand in `aud` of a token'),
  jwksUri: address.optional().describe('where its keys are; found by OpenID Connect Discovery when left out'),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA'])
    .describe('by which its tokens may be signed; symmetric ones there are none'),
  prefix: z
    .string()
    .max(64)
    .default('')
    .describe('put before names of its users and groups; must differ where there are several issuers'),
  nameClaim: claim.default('sub').describe('the claim that names the user for ever; a list leads into objects'),
  groupsClaim: claim.default('groups').describe("the claim with the user's groups"),
  adminGroups: z
    .array(name)
    .max(64)
    .default([])
    .describe('whoever is in one of these groups, as the issuer calls them, is an administrator'),
  scopeClaim: claim
    .optional()
    .describe('the claim that limits a token to rights; tokens without it have none then. Left out: no such limit'),
  scopePrefix: z.string().max(200).default('moql:').describe('what stands before the name of a right there'),
  clockToleranceMs: count(0, 5 * MINUTE_MS)
    .default(30_000)
    .describe('by how much clocks may differ'),
  timeoutMs: count(100, MINUTE_MS).default(5_000).describe('how long the issuer may take to give its keys'),
  cooldownMs: count(100, 10 * MINUTE_MS)
    .default(30_000)
    .describe('least time between two looks for a key that is not known, and after one that failed'),
  keysKeptMs: count(1_000, DAY_MS)
    .default(10 * MINUTE_MS)
    .describe('how long its keys are believed'),
});

const certificate = z
  .strictObject({
    sha256: z
      .string()
      .transform((text) => text.replace(/:/g, '').toLowerCase())
      .refine((text) => /^[0-9a-f]{64}$/.test(text), 'must be a SHA-256 in hexadecimal')
      .optional()
      .describe('of the certificate; or'),
    subject: name.optional().describe('its subject, such as `CN=ops, O=Example`, where MOQL_TLS_CA signed it'),
    user: name
      .refine((text) => text !== ANONYMOUS, 'is the name of whoever shows nothing')
      .describe('who calls by it: principal `user:NAME`'),
    groups: z.array(name).max(500).default([]).describe('in which groups'),
    admin: z.boolean().default(false).describe('whether it is an administrator'),
    only: z
      .array(z.string().regex(/^[A-Z_]{1,64}$/, 'must be the name of a right'))
      .min(1)
      .optional()
      .describe('limits it to these rights'),
  })
  .refine(({ sha256, subject }) => (sha256 === undefined) !== (subject === undefined), 'needs sha256 or subject');

export const callerSettings = z
  .strictObject({
    oidc: z
      .array(issuer)
      .max(32)
      .refine((all) => new Set(all.map((one) => one.issuer)).size === all.length, 'issuers must differ')
      .refine((all) => new Set(all.map(({ prefix }) => prefix)).size === all.length, 'prefixes must differ')
      .default([]),
    certificates: z.array(certificate).max(1_000).default([]),
    anonymous: z
      .strictObject({ groups: z.array(name).max(500).default([]).describe('in which groups whoever shows nothing is') })
      .optional(),
    rememberMs: count(MINUTE_MS, 3_650 * DAY_MS)
      .default(30 * DAY_MS)
      .describe('how long campaigns, rules and profiles go on in the name of a user of whom no token was seen'),
  })
  .prefault({});

/** Encrypted, or on this machine. */
function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(hostname));
}

interface Row {
  readonly name: string;
  readonly meaning: string;
  readonly fallback: string | number | boolean;
}

/** Each member with what it means, for the documentation. */
export function callerRows(): readonly Row[] {
  const shape = callerSettings.unwrap().shape;
  const whole = callerSettings.parse({});
  const one = issuer.parse({ issuer: 'https://x', audience: 'x' });
  const cert = certificate.parse({ sha256: '0'.repeat(64), user: 'x' });
  const given = new Set(['issuer', 'audience', 'sha256', 'user']);
  const rows = (prefix: string, of: object, values: object): Row[] =>
    Object.entries(of).map(([member, type]) => ({
      name: `callers.${prefix}${member}`,
      meaning: (type as z.ZodType).description ?? '',
      fallback: told(given.has(member) ? undefined : (values as Readonly<Record<string, unknown>>)[member]),
    }));
  return [
    ...rows('oidc[].', issuer.shape, one),
    ...rows('certificates[].', certificate.shape, cert),
    ...rows('anonymous.', shape.anonymous.unwrap().shape, { groups: [] }),
    ...rows('', { rememberMs: shape.rememberMs }, whole),
  ];
}

function told(value: unknown): Row['fallback'] {
  if (typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'string') return value === '' ? '–' : value;
  return Array.isArray(value) && value.length > 0 ? value.join(', ') : '–';
}
