/** Bootstrap documents for devices: credentials, the document, and the address at which it may be fetched. */
import { randomBytes } from 'node:crypto';

import type { AccountKnowledge, CredentialType, DmProtocol } from '../../adapters/adapter';
import { badInput, getDatabaseKey, notFound } from '../access/inputs';
import { administer, recordChange, type AdministrativeTransaction } from '../access/journal';
import { bootstrapKey, sealBootstrap } from '../store/bootstrap-documents';
import type { Prisma } from '../store/generated/client';
import { keepCredential, makeSecret, type KeptCredential } from './credential-input';
import type { Direction } from './credentials';
import {
  accountKnowledge,
  knowledgeOf,
  lockDeviceAccount,
  ofAccount,
  protocolOf,
  type DeviceAccount,
} from './device-account';
import { unsupported, type OutreachDeps } from './notification';
import type { AccountBootstrapInput, BootstrapInput, Bootstraps, BootstrapView, PushView } from './outreach-types';
import type { Caller } from './types';

export interface BootstrapDeps extends OutreachDeps {
  /** Public address without trailing slash. */
  readonly baseUrl: () => string;
  /** Told of credentials of devices that changed: a device's key, or undefined for an account's. */
  readonly credentialsChanged?: (device: string | undefined) => Promise<void>;
}

/** 16 octets, as those of a challenge. */
const NONCE_OCTETS = 16;
const HOUR_MS = 3_600_000;
const DEFAULT_LIFE_MS = 24 * HOUR_MS;
const LONGEST_LIFE_MS = 30 * 24 * HOUR_MS;
const MOST_EXTRAS = 32;

export function createBootstraps(deps: BootstrapDeps): Bootstraps {
  const { db, secrets } = deps;
  const clock = deps.now ?? Date.now;

  /**
   * Makes a document. From then on the gateway expects what stands in it: fresh nonces of both directions, and secrets
   * where there were none. Errors: NOT_FOUND, BAD_USER_INPUT, NOT_SUPPORTED_BY_DEVICE.
   */
  async function make(input: BootstrapInput, caller: Caller): Promise<BootstrapView> {
    const { deviceId, profile, protocol: asked, renew = false, expiresInMs = DEFAULT_LIFE_MS, ...request } = input;
    if (expiresInMs < 1 || expiresInMs > LONGEST_LIFE_MS) throw badInput('must be up to 30 days', 'expiresIn');
    if ((request.extras?.length ?? 0) > MOST_EXTRAS) throw badInput(`at most ${MOST_EXTRAS}`, 'extras');
    const expiresAt = new Date(clock() + expiresInMs);
    let key: string | undefined;
    const made = await administer(db, async (tx) => {
      const before = await lockDeviceAccount(tx, deviceId);
      key = String(before.device.id);
      const isMo = profile === 'MO';
      const protocol: DmProtocol = asked ?? protocolOf(before.device) ?? (isMo ? 'DM_2_0' : 'DM_1_2');
      const maker = deps.makerOf(protocol);
      if (maker === undefined) throw unsupported(protocol, 'bootstrap');
      await giveCredential(tx, deps, before, 'CLIENT', renew);
      await giveCredential(tx, deps, before, 'SERVER', renew);
      const known = await lockDeviceAccount(tx, deviceId);
      const moids = isMo ? { moids: request.moids ?? (await knownMoids(tx)) } : {};
      const url = `${deps.baseUrl()}${protocol === 'DM_2_0' ? '/dm/2' : '/dm/1'}`;
      const made = maker.bootstrap(
        { account: withPsk(deps, knowledgeOf(secrets, known), deviceId), device: { deviceId, protocol } },
        { ...request, ...moids, profile, url },
      );
      if (!made.ok) throw badInput(made.message, made.field);

      const token = secrets.makeToken(known.device.id);
      const { octets, mediaType } = made.document;
      await tx.bootstrapDocument.create({
        data: {
          deviceId: known.device.id,
          tokenSha256: bootstrapKey(token),
          mediaType,
          document: sealBootstrap(secrets, known.device.id, octets),
          expiresAt,
        },
      });
      await recordChange(tx, {
        type: 'bootstrapMade',
        caller,
        device: known.device.id,
        data: { deviceId, profile, security: request.security?.method ?? null, expiresAt: expiresAt.toISOString() },
      });
      const address = `${deps.baseUrl()}/bootstrap/${token}`;
      return { deviceId, ...made.document, typed: made.typed ?? null, url: address, expiresAt };
    });
    await deps.credentialsChanged?.(key);
    return made;
  }

  /**
   * Makes a DM 2.0 document that fits every device of an account, such as one that a factory loads: with the credentials
   * that its devices share, and no data of a single one. Nothing is stored. Errors: NOT_FOUND, BAD_USER_INPUT.
   */
  async function makeForAccount(input: AccountBootstrapInput, caller: Caller): Promise<PushView> {
    const { accountId, ...request } = input;
    const maker = deps.makerOf('DM_2_0');
    if (maker === undefined) throw unsupported('DM_2_0', 'bootstrap');
    return administer(db, async (tx) => {
      const account = await tx.account.findUnique({ where: { id: getDatabaseKey('account', accountId) } });
      if (account === null) throw notFound('account');
      const made = maker.bootstrap(
        { account: sharedPsk(accountKnowledge(secrets, account)), device: { deviceId: '', protocol: 'DM_2_0' } },
        {
          ...request,
          moids: request.moids ?? (await knownMoids(tx)),
          profile: 'MO',
          form: 'WBXML',
          url: `${deps.baseUrl()}/dm/2`,
        },
      );
      if (!made.ok) throw badInput(made.message, made.field);
      const { serverId } = account;
      await recordChange(tx, { type: 'accountBootstrapMade', caller, data: { account: accountId, serverId } });
      return made.document;
    });
  }

  return { make, makeForAccount };
}

/** Errors: BAD_USER_INPUT where each device has a key of its own. */
function sharedPsk(account: AccountKnowledge): AccountKnowledge {
  if (account.clientAuth.type === 'PSK' && account.clientAuth.secret === '')
    throw badInput('each of its devices has a pre-shared key of its own: make a document for each', 'accountId');
  return account;
}

/** A pre-shared key with its identity and its octets where they follow from the device. Errors: BAD_USER_INPUT. */
function withPsk({ secrets }: BootstrapDeps, account: AccountKnowledge, deviceId: string): AccountKnowledge {
  const { clientAuth } = account;
  if (clientAuth.type !== 'PSK') return account;
  const username = clientAuth.username || deviceId;
  const secret = clientAuth.secret || secrets.pskOf(username)?.toString('hex');
  if (secret === undefined) throw badInput('its pre-shared key cannot be derived without MOQL_PSK_KEY', 'clientAuth');
  return { ...account, clientAuth: { ...clientAuth, username, secret } };
}

/** Every MOID that a DDF names, of all versions: a device may have any of them. */
async function knownMoids(tx: AdministrativeTransaction): Promise<readonly string[]> {
  const rows = await tx.ddf.findMany({ select: { moids: true } });
  // A DDF that names no MOID is known by its place, which no DM 2.0 device knows.
  return [...new Set(rows.flatMap(({ moids }) => moids))].filter((moid) => !moid.startsWith('./')).sort();
}

/**
 * Writes the credential of one direction: a fresh nonce, and a secret of the device's own where there is none to use. The
 * server's secret is always the device's own, for whoever holds it can pass for the server; the client's may be its account's.
 */
async function giveCredential(
  tx: AdministrativeTransaction,
  { secrets }: BootstrapDeps,
  known: DeviceAccount,
  direction: Direction,
  renew: boolean,
): Promise<void> {
  const { device, account } = known;
  const own = direction === 'CLIENT' ? known.client : known.server;
  const made = newCredential(known, direction, renew);
  const kept =
    made === undefined
      ? undefined
      : keepCredential(made, { secrets, direction, isDevices: true, serverId: account.serverId });
  const data = {
    ...kept,
    nonce: new Uint8Array(randomBytes(NONCE_OCTETS)),
    previousNonce: own?.nonce ?? null,
    failures: 0,
    lockedUntil: null,
    resyncAt: null,
  } satisfies Prisma.DeviceCredentialUncheckedUpdateInput;
  await tx.deviceCredential.upsert({
    where: { deviceId_direction: { deviceId: device.id, direction } },
    create: { deviceId: device.id, direction, ...data },
    update: data,
  });
}

/** Undefined where what there is can be used. A device that was told to present nothing goes on so. */
function newCredential(
  { device, account, client, server }: DeviceAccount,
  direction: Direction,
  renew: boolean,
): { readonly type: CredentialType; readonly username: string | null; readonly secret: string } | undefined {
  const own = direction === 'CLIENT' ? client : server;
  const shared = ofAccount(account, direction);
  const type = (own?.type ?? shared.type ?? 'NONE') as KeptCredential['type'];
  if (own?.type === 'NONE' || type === 'X509') return undefined;
  const isUsable = own?.type != null || (direction === 'CLIENT' && type !== 'NONE');
  if (isUsable && !renew) return undefined;
  // Its key follows from its identity.
  if (type === 'PSK' && (own?.type == null ? shared.secret : own.secret) === null) return undefined;
  const username = own?.username ?? (direction === 'CLIENT' ? (shared.username ?? device.deviceId) : null);
  return { type: type === 'NONE' ? 'DIGEST_MD5' : type, username, secret: makeSecret(type) };
}
