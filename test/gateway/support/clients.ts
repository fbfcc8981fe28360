import { decodeMessage } from '../../../adapters/dm1/codec';
import type { Message, Status } from '../../../adapters/dm1/message';
import { clientNamed, folder, leaf } from '../../../src/simulator';
import type {
  ClientProfile,
  Dm1Device,
  Dm1DeviceOptions,
  Plant,
  SessionReport,
  Transport,
} from '../../../src/simulator';
import { METER, ask } from './world';
import type { CommandAnswer, World } from './world';

export const at = (path: string): object => ({ moid: METER, path });

/** Read, written and executed on. */
export const WORK = [
  { replace: { address: at('Interval'), value: { int: 20 } } },
  { add: { address: at('Note'), value: { text: 'hé <&>' } } },
  { get: { address: at('') } },
  { exec: { address: at('Ops/Reset') } },
];

export type Form = 'xml' | 'wbxml';

export function client(name: string): ClientProfile {
  const found = clientNamed(name);
  if (found === undefined) throw new Error(`nobody plays ${name}`);
  return found;
}

let count = 0;

/** A registered device that plays a client and was not in contact yet. */
export async function playing(
  world: World,
  { name, auth }: ClientProfile,
  form: Form,
  options: Partial<Omit<Dm1DeviceOptions, 'auth'>> & { readonly auth?: 'none' | 'basic' | 'md5' } = {},
  transport?: Transport,
): Promise<Dm1Device> {
  const deviceId = `urn:uuid:quirks-${name}-${form}-${(count += 1)}`;
  const given = { client: client(name), auth: options.auth ?? auth, wbxml: form === 'wbxml', ...options };
  return (await world.device('dm1', deviceId, given as never, transport)) as Dm1Device;
}

/** Messages of one direction, decoded. */
export function messagesOf({ messages }: SessionReport, direction: 'in' | 'out'): readonly Message[] {
  return messages
    .filter((entry) => entry.direction === direction)
    .map(({ body, contentType }) => {
      const decoded = decodeMessage(body, contentType);
      if (!decoded.ok) throw new Error(decoded.message);
      return decoded.value.message;
    });
}

export function statusesOf(message: Message | undefined): readonly Status[] {
  return (message?.body ?? []).filter((command): command is Status => command.kind === 'Status');
}

/** Kind, state and outcome of each command. */
export function outcomesOf({
  commands,
}: {
  readonly commands: readonly CommandAnswer[];
}): readonly (readonly unknown[])[] {
  return commands.map(({ kind, state, outcome }) => [kind, state, outcome]);
}

export interface StoredAlert {
  readonly type: string;
  readonly data: unknown;
  readonly resultCode: number | null;
}

export async function alertsOf({ gateway }: World, deviceId: string): Promise<readonly StoredAlert[]> {
  const { alerts } = await ask<{ alerts: { nodes: readonly StoredAlert[] } }>(
    gateway,
    'query ($id: ID!) { alerts(where: { deviceId: $id }) { nodes { type data resultCode } } }',
    { id: deviceId },
  );
  return alerts.nodes;
}

export const LOG = 'urn:oma:mo:ext-acme-log:1.0';

/** An object of long texts that no DDF describes. */
export function logs(lines: number, octets: number): Plant {
  const texts = Array.from({ length: lines }, (_, n) => `${n} `.repeat(octets).slice(0, octets));
  const leaves = texts.map((text, n) => leaf(`Line${n}`, 'chr', text, { access: ['Get', 'Replace'] }));
  return { place: './Vendor/Acme/Log', root: folder('Log', leaves, { moid: LOG }) };
}
