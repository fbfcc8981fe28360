/** A device protocol of a few lines: a message is a script of effects, and the reply lists the commands that it carries. */
import { createHash } from 'node:crypto';

import type { Adapter, Command, Effect, Envelope, Inbound, Json, SessionState } from '../../adapters/adapter';

/** What a test lets a device say. */
export interface Saying {
  readonly device: string;
  readonly user?: string;
  /** 1 opens a session. */
  readonly no: number;
  readonly effects?: readonly Effect[];
  /** Left out: it is authenticated. */
  readonly refused?: { readonly counted: boolean };
  readonly stateless?: boolean;
  /** How many commands the session can take; 64 when left out. */
  readonly wants?: number;
  readonly discovery?: boolean;
  /** Effects of the reply, beside those of the commands. */
  readonly inReply?: readonly Effect[];
  /** The session ends by this message's reply. */
  readonly ends?: boolean;
  readonly throws?: 'open' | 'receive' | 'respond';
  readonly protocol?: 'DM_1_2' | 'DM_2_0';
}

/** What the device hears: the commands in the reply. */
export interface Heard {
  readonly status: number;
  readonly commands: readonly Command[];
  readonly more: boolean;
}

export const SESSION_MS = 60_000;

export function inboundOf(saying: Saying): Inbound {
  const body = Buffer.from(
    JSON.stringify(saying, (_, v: unknown) => (v instanceof Uint8Array ? { octets: [...v] } : v)),
  );
  return { method: 'POST', path: '/dm/x', headers: {}, body, peer: { secure: true, loopback: true } };
}

function read(inbound: Inbound): Saying {
  return JSON.parse(Buffer.from(inbound.body).toString(), (_, v: unknown) =>
    v !== null && typeof v === 'object' && 'octets' in v ? Buffer.from(v.octets as number[]) : v,
  ) as Saying;
}

export const fakeAdapter: Adapter = {
  open(inbound) {
    const saying = read(inbound);
    if (saying.throws === 'open') throw new Error('open failed');
    const envelope: Envelope = {
      device: saying.device,
      ...(saying.user === undefined ? {} : { user: saying.user }),
      key: 'S',
      messageNo: saying.no,
      opens: saying.no === 1,
      final: true,
      sha256: createHash('sha256').update(inbound.body).digest('hex'),
      protocol: saying.protocol ?? 'DM_1_2',
      message: saying,
      inbound,
    };
    return { envelope };
  },
  isRepeat: (envelope, session, now) =>
    session.lastSha256 === envelope.sha256 &&
    session.state.messageNo === envelope.messageNo &&
    now - session.lastAt <= SESSION_MS,
  receive(envelope, context) {
    const saying = envelope.message as Saying;
    if (saying.throws === 'receive') throw new Error('receive failed');
    const state: SessionState = {
      protocol: envelope.protocol,
      key: 'S',
      token: context.freshToken,
      phase: 'idle',
      messageNo: saying.no,
      sent: [],
      expiresAt: context.now + SESSION_MS,
      machine: null,
    };
    const knows = context.account !== undefined;
    const effects: Effect[] = [
      saying.refused === undefined && knows
        ? { kind: 'authenticated', by: 'BASIC' }
        : { kind: 'refused', reason: 'wrong secret', counted: saying.refused?.counted === true },
      ...(saying.effects ?? []),
    ];
    return {
      state,
      effects,
      wants: { commands: saying.wants ?? 64, octets: 10_000, discovery: saying.discovery === true, slices: [] },
      ...(saying.refused === undefined ? {} : { refusals: { seen: saying.no } }),
      ...(saying.stateless === true || !knows ? { stateless: true } : {}),
    };
  },
  respond(envelope, state, work) {
    const saying = envelope.message as Saying;
    if (saying.throws === 'respond') throw new Error('respond failed');
    const sent = work.commands.map((command): Effect => ({
      kind: 'commandSent',
      command: command.id,
      carrier: command.kind,
    }));
    const heard = { status: 200, commands: work.commands, more: work.more } as unknown as Json;
    return {
      state: { ...state, phase: saying.ends === true ? 'ended' : 'awaiting' },
      reply: { status: 200, headers: { 'content-type': 'text/plain' }, body: Buffer.from(JSON.stringify(heard)) },
      effects: [...sent, ...(saying.inReply ?? [])],
    };
  },
  expire: () => [{ kind: 'alertRaised', type: 'example:silent', mark: 'warning', data: null }],
  lacks: ({ kind }, features) =>
    kind === 'show' && features['show'] === false ? { feature: 'show', reason: 'the device shows nothing' } : undefined,
  redact: (octets, mediaType) => ({ octets, mediaType }),
  display: (octets) => Buffer.from(octets).toString('utf8'),
  busy: () => ({ status: 503, headers: { 'retry-after': '5' }, body: new Uint8Array() }),
};
