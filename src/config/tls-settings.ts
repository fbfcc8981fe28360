/** Members of the configuration file about TLS and about the proxy in front of the gateway. */
import { z } from 'zod';

export const TLS_VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

const SECOND_MS = 1000;

export const tlsSettings = z
  .strictObject({
    minVersion: z
      .enum(TLS_VERSIONS)
      .default('TLSv1.2')
      .describe('lowest version on the listener for devices: `TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`'),
    watchMs: z
      .number()
      .int()
      .min(20)
      .max(86_400 * SECOND_MS)
      .default(10 * SECOND_MS)
      .describe('how often the files of certificates and keys are looked at for a change'),
  })
  .prefault({})
  .describe('TLS of the listeners');

export const proxySettings = z
  .strictObject({
    certificateHeader: z
      .string()
      .regex(/^[a-z0-9-]{1,64}$/, 'must be the name of a header in lower case')
      .optional()
      .describe(
        'header in which a proxy of `MOQL_TRUST_PROXY` hands on the certificate of a device, such as `client-cert` (RFC 9440, or a percent-encoded PEM)',
      ),
    verifiesCertificates: z
      .boolean()
      .default(false)
      .describe('whether it hands on certificates of known authorities alone, so that what stands in them counts'),
  })
  .prefault({})
  .describe('the proxy that ends TLS for devices');
