/** Addresses in the repository, as rows: one for each device and command that is given one. Pure. */
import type { Effect, FileRef } from '../../adapters/adapter';
import type { ItemWrite } from '../store/turn-write';
import type { LiveCommand, LiveOperation } from './command-state';
import { lasting } from './default-document';
import type { StoredValue } from './stored-value';

export interface ItemLimits {
  readonly itemLifeMs: number;
  /** How devices prove themselves where they fetch and bring documents of commands. Absent: as in a session. */
  readonly itemAccess?: 'DEVICE' | 'ADDRESS';
  /** How long an address lives that needs no credentials. Absent: as other items. */
  readonly addressLifeMs?: number;
}

/** The address that a command, now in the reply, gives to the device as text; none for most commands. */
export function handedOut(
  operation: LiveOperation,
  command: LiveCommand,
  now: number,
  limits: ItemLimits,
): readonly ItemWrite[] {
  const value = command.request['value'] as StoredValue | undefined;
  if (value?.k !== 'f' || value.w === undefined) return [];
  const file = { file: String(value.d), access: value.a ?? 'ADDRESS' };
  return [fileItem(value.w, file, { operation, command }, now, limits)];
}

type Of = { readonly operation: LiveOperation; readonly command: LiveCommand } | undefined;

/** A document that a device fetches, or one that it brings. */
export function offeredItem(
  offered: Extract<Effect, { kind: 'itemOffered' }>,
  of: Of,
  now: number,
  limits: ItemLimits,
): ItemWrite {
  const { token, direction, mime, body, alternatives = [] } = offered;
  // Of an upload only what is taken beside the usual types.
  const contents = direction === 'UPLOAD' ? alternatives : [{ mime, body }, ...alternatives];
  const item = {
    token,
    operation: of?.operation.id ?? null,
    position: of?.command.position ?? null,
    direction,
    contents: contents.map((one) => ({ mime: one.mime, base64: Buffer.from(one.body).toString('base64') })),
    expiresAt: new Date(now + limits.itemLifeMs).toISOString(),
    access: limits.itemAccess ?? 'DEVICE',
  };
  return lasting(item, of?.command);
}

export function fileItem(
  token: string,
  { file, access }: Pick<FileRef, 'file' | 'access'>,
  of: Of,
  now: number,
  limits: ItemLimits,
): ItemWrite {
  const lifeMs = (access === 'ADDRESS' ? limits.addressLifeMs : undefined) ?? limits.itemLifeMs;
  return {
    token,
    operation: of?.operation.id ?? null,
    position: of?.command.position ?? null,
    direction: 'DOWNLOAD',
    contents: [],
    expiresAt: new Date(now + lifeMs).toISOString(),
    purpose: 'FILE',
    access,
    file,
  };
}
