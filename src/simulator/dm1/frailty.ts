/**
 * What ends a real client: a crash, a wait for ever, a message that it cannot read. Judged on each answer of the server.
 * Source: dm1 20; client-quirks.
 */
import type { BodyCommand, Item, Message, SyncHdr } from '../../../adapters/dm1/message';
import type { WireResponse } from '../transport';
import type { Traits } from './traits';

export interface Received {
  readonly response: WireResponse;
  /** Undefined when it cannot be decoded. */
  readonly message?: Message;
  readonly sent: SyncHdr;
  /** Whether the address to go on at is known already. */
  readonly knowsRespUri: boolean;
  readonly xml: boolean;
}

/** What the client dies at, or undefined when it lives. */
export function deathBy(traits: Traits, received: Received): string | undefined {
  return (
    deathByOctets(traits, received) ??
    (received.message === undefined ? undefined : deathByMessage(traits, received, received.message))
  );
}

function deathByOctets(traits: Traits, { response, xml }: Received): string | undefined {
  if (traits.needsLength === true && response.headers['content-length'] === undefined)
    return 'an answer without Content-Length';
  if (traits.buffer !== undefined && response.body.length > traits.buffer)
    return `a message of ${response.body.length} octets in a buffer of ${traits.buffer}`;
  if (traits.dislikesReferences === true && xml) {
    const text = Buffer.from(response.body)
      .toString('utf8')
      .replace(/<!\[CDATA\[[^]*?\]\]>/g, '');
    const reference = /&#[^;]{0,12};?/.exec(text);
    if (reference !== null) return `the numeric reference ${reference[0]}`;
  }
  return undefined;
}

function deathByMessage(traits: Traits, received: Received, message: Message): string | undefined {
  const { header } = message;
  const { sent } = received;
  if (traits.needsRespUri === true && !header.respUri && !received.knowsRespUri)
    return 'a message without RespURI: it waits for ever';
  if (traits.needsFinal === true && !message.final) return 'a message without Final';
  if (traits.needsOwnVersion === true && (header.verDtd !== sent.verDtd || header.verProto !== sent.verProto))
    return `version ${header.verDtd} ${header.verProto}`;
  if (
    traits.needsNumericSession === true &&
    Number.parseInt(header.sessionId, 16) !== Number.parseInt(sent.sessionId, 16)
  )
    return `SessionID ${header.sessionId}`;
  const { serverIdBelow } = traits;
  if (serverIdBelow !== undefined && (header.source.locName ?? '').length >= serverIdBelow)
    return `a ServerID of ${header.source.locName?.length ?? 0} characters`;
  for (const command of message.body) {
    const death = deathByCommand(traits, command);
    if (death !== undefined) return death;
  }
  return undefined;
}

function deathByCommand(traits: Traits, command: BodyCommand): string | undefined {
  switch (command.kind) {
    case 'Status': {
      if (traits.needsCmdRef === true && command.cmdRef === undefined)
        return `a Status of ${command.cmd} without CmdRef`;
      const nonce = command.chal?.nextNonce;
      const text = nonce?.kind === 'text' ? nonce.text.trim() : '';
      if (traits.breaksOnePad === true && /[^=]=$/.test(text)) return 'a NextNonce that ends in a single `=`';
      return undefined;
    }
    case 'Alert': {
      const interacts = /^110[0-4]$/.test((command.data ?? '').trim());
      return traits.needsAlertItems === true && interacts && command.items.length < 2
        ? `Alert ${command.data ?? ''} with ${command.items.length} Items`
        : undefined;
    }
    case 'Atomic':
    case 'Sequence':
      if (traits.dislikes?.includes(command.kind)) return `a ${command.kind}`;
      return command.commands.map((member) => deathByCommand(traits, member)).find((death) => death !== undefined);
    case 'Add':
    case 'Replace':
    case 'Copy':
    case 'Delete':
    case 'Get':
    case 'Exec':
      if (command.kind === 'Copy' && traits.dislikes?.includes('Copy')) return 'a Copy';
      return command.items.map((item) => deathByItem(traits, command.kind, item)).find((death) => death !== undefined);
    case 'Results':
    case 'Foreign':
      return undefined;
  }
}

function deathByItem(traits: Traits, kind: string, item: Item): string | undefined {
  const target = item.target?.locUri ?? '';
  if (item.moreData === true && traits.dislikes?.includes('MoreData')) return `MoreData in a ${kind}`;
  if (traits.dislikesLeadingSlash === true && target.startsWith('/')) return `the address ${target}`;
  const needs = traits.needsItemFormat === true && (kind === 'Add' || kind === 'Replace');
  if (needs && item.meta?.format === undefined) return `a ${kind} of ${target} without Format in its Item`;
  if (needs && item.data === undefined) return `a ${kind} of ${target} without Data`;
  return undefined;
}

/** A client that works in one buffer also dies of its own answer. */
export function deathByOwnMessage(traits: Traits, body: Uint8Array): string | undefined {
  return traits.buffer !== undefined && body.length > traits.buffer
    ? `its own answer of ${body.length} octets in a buffer of ${traits.buffer}`
    : undefined;
}
