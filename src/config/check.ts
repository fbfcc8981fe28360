/** Checks of single settings, shared by the environment and the configuration file. */
import { z } from 'zod';

/** A whole number in bounds. */
export const count = (least: number, most: number): z.ZodNumber => z.number().int().min(least).max(most);

/** A TCP port; 0 lets the system choose. */
export const port = z
  .string()
  .regex(/^[0-9]{1,5}$/, 'must be a port, 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65_535, 'must be a port, 0 to 65535');

export const host = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an address');

/** `http:` or `https:`, without query, fragment, user and trailing slash. */
export const publicUrl = z.string().transform((text, context): string => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain =
    url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '';
  if (!isPlain)
    context.addIssue({
      code: 'custom',
      message: 'must be an address such as https://dm.example, without query and fragment',
    });
  return text.replace(/\/{1,9}$/, '');
});

export const databaseUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^postgres(?:ql)?:$/.test(new URL(text).protocol),
    'must be an address such as postgresql://user@host/database',
  );

/** What can stand behind `Authorization: Bearer`. */
export const bearer = z.string().regex(/^[\x21-\x7e]{1,512}$/, 'must be 1 to 512 printable characters without blanks');

/** A number of proxies, or addresses and networks separated by commas; `loopback`, `linklocal` and `uniquelocal` are names of networks. */
export const trustProxy = z.string().transform((text, context): number | readonly string[] => {
  if (/^[0-9]{1,2}$/.test(text)) return Number(text);
  const networks = text.split(',').map((network) => network.trim());
  for (const network of networks) {
    if (!isNetwork(network))
      context.addIssue({
        code: 'custom',
        message: 'must be a number of proxies, or addresses and networks such as 10.0.0.0/8, separated by commas',
      });
  }
  return networks;
});

const network = z.union([z.enum(['loopback', 'linklocal', 'uniquelocal']), z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

function isNetwork(text: string): boolean {
  return network.safeParse(text).success;
}
