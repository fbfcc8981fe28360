/** What is said of how a device is woken: names of bearers, its number, its address for datagrams. */
import { badInput } from '../access/inputs';
import { Prisma } from '../store/generated/client';
import type { BearerRules } from './wake-up-types';

const MOST_BEARERS = 16;

/** Of an account and of a device. */
export interface BearerChanges {
  /** Null: what is said elsewhere counts. An empty list: none. */
  readonly bearers?: readonly string[] | null;
}
export interface RecipientChanges extends BearerChanges {
  readonly msisdn?: string | null;
  readonly udpAddress?: string | null;
}

/** The same as it is known. */
export interface BearerView {
  /** Null: what is said elsewhere counts. */
  readonly bearers: readonly string[] | null;
}
export interface RecipientView extends BearerView {
  readonly msisdn: string | null;
  readonly udpAddress: string | null;
}

/** Without bearers in the configuration nothing but `none` can be named. */
export const NO_BEARERS: BearerRules = {
  isBearer: (name) => name === 'none',
  objectionToUdpAddress: () => 'no bearer of the configuration sends datagrams',
};

/** Columns of an account or a device; what is left out stays. Errors: BAD_USER_INPUT. */
export function bearerColumns(
  { bearers }: BearerChanges,
  rules: BearerRules,
): { readonly bearers?: string[] | typeof Prisma.DbNull } {
  if (bearers === undefined) return {};
  if (bearers === null) return { bearers: Prisma.DbNull };
  if (bearers.length > MOST_BEARERS) throw badInput(`${bearers.length} bearers, at most ${MOST_BEARERS}`, 'bearers');
  for (const [at, name] of bearers.entries()) {
    if (!rules.isBearer(name)) throw badInput('there is no such bearer in the configuration', `bearers[${at}]`);
    if (bearers.indexOf(name) !== at) throw badInput('is there twice', `bearers[${at}]`);
  }
  return { bearers: [...bearers] };
}

export function recipientColumns(
  changes: RecipientChanges,
  rules: BearerRules,
): ReturnType<typeof bearerColumns> & { readonly msisdn?: string | null; readonly udpAddress?: string | null } {
  const { msisdn, udpAddress } = changes;
  return {
    ...bearerColumns(changes, rules),
    ...(msisdn === undefined ? {} : { msisdn: msisdn === null ? null : checkMsisdn(msisdn) }),
    ...(udpAddress === undefined ? {} : { udpAddress: udpAddress === null ? null : checkAddress(udpAddress, rules) }),
  };
}

/** International form (E.164): `+`, which may be left out, and 5 to 15 digits. */
function checkMsisdn(text: string): string {
  const [, digits] = /^\+?([1-9][0-9]{4,14})$/.exec(text) ?? [];
  if (digits === undefined) throw badInput('is no number in international form, such as +491700000001', 'msisdn');
  return `+${digits}`;
}

function checkAddress(address: string, rules: BearerRules): string {
  const objection = rules.objectionToUdpAddress(address);
  if (objection !== undefined) throw badInput(objection, 'udpAddress');
  return address;
}
