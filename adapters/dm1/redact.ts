/**
 * A message without secrets, for people who look into what went over the wire. It is decoded and written anew, so that
 * nothing passes which was not understood. Pure; never throws.
 */
import type { Bytes, Redacted } from '../adapter';
import { HIDDEN, isSecretPath, octetsLeftOut, withoutTokens } from '../http/redaction';
import { type CodecLimits, decodeMessage, encodeMessage } from './codec';
import type { BodyCommand, Cred, Data, Element, Item, Location, Message, Meta } from './message';

/** Formats whose values may be documents of their own. */
const OPAQUE = /^(?:b64|bin)$/i;
const HIDDEN_DATA: Data = { kind: 'text', text: HIDDEN };

export function redact(octets: Bytes, mediaType: string, limits: CodecLimits): Redacted {
  const decoded = decodeMessage(octets, mediaType, limits);
  if (!decoded.ok) return { octets: Buffer.from(octetsLeftOut(octets.length)), mediaType: 'text/plain' };
  const { message, encoding } = decoded.value;
  return { octets: encodeMessage(messageOf(message), encoding), mediaType };
}

/** As indented XML, whatever form it has. */
export function display(octets: Bytes, mediaType: string, limits: CodecLimits): string {
  const decoded = decodeMessage(octets, mediaType, limits);
  if (!decoded.ok) return Buffer.from(octets).toString('utf8');
  return indented(Buffer.from(encodeMessage(decoded.value.message, { form: 'xml' })).toString('utf8'));
}

/** An element that holds elements has each on a line of its own. */
function indented(xml: string): string {
  let depth = 0;
  const lines = xml.replace(/></g, '>\n<').split('\n');
  return lines
    .map((line) => {
      if (line.startsWith('</')) depth -= 1;
      const shown = `${'  '.repeat(Math.max(0, depth))}${line}`;
      if (/^<[^/?!][^>]*[^/]>$|^<[^/?!]>$/.test(line)) depth += 1;
      return shown;
    })
    .join('\n');
}

function messageOf(message: Message): Message {
  const { header } = message;
  return {
    ...message,
    header: {
      ...header,
      target: locationOf(header.target),
      source: locationOf(header.source),
      ...(header.respUri === undefined ? {} : { respUri: withoutTokens(header.respUri) }),
      ...(header.cred === undefined ? {} : { cred: credOf(header.cred) }),
      ...(header.meta === undefined ? {} : { meta: metaOf(header.meta) }),
    },
    body: message.body.map((command) => commandOf(command)),
  };
}

function credOf({ meta, ...cred }: Cred): Cred {
  return { ...cred, ...(meta === undefined ? {} : { meta: metaOf(meta) }), data: HIDDEN_DATA };
}

function metaOf(meta: Meta): Meta {
  return meta.nextNonce === undefined ? meta : { ...meta, nextNonce: HIDDEN_DATA };
}

function locationOf({ locUri, ...more }: Location): Location {
  return { ...more, locUri: withoutTokens(locUri) };
}

function commandOf(command: BodyCommand): BodyCommand {
  switch (command.kind) {
    case 'Foreign':
      return command;
    case 'Atomic':
    case 'Sequence':
      return { ...command, commands: command.commands.map((inner) => commandOf(inner)) };
    case 'Status': {
      // What a person answered may be a password, and nothing here tells.
      const isAnswer = command.cmd === 'Alert';
      return {
        ...command,
        targetRefs: command.targetRefs.map(withoutTokens),
        sourceRefs: command.sourceRefs.map(withoutTokens),
        ...(command.cred === undefined ? {} : { cred: credOf(command.cred) }),
        ...(command.chal === undefined ? {} : { chal: metaOf(command.chal) }),
        items: command.items.map((item) => itemOf(item, undefined, isAnswer)),
      };
    }
    case 'Results':
      return {
        ...command,
        items: command.items.map((item) => itemOf(item, command.targetRef ?? command.sourceRef, false, command.meta)),
      };
    case 'Alert': {
      const isPassword = command.items.some(({ data }) => data?.kind === 'text' && /(?:^|&)ET=P/i.test(data.text));
      return { ...command, items: command.items.map((item) => itemOf(item, undefined, isPassword)) };
    }
    default:
      return { ...command, items: command.items.map((item) => itemOf(item, undefined, false, command.meta)) };
  }
}

function itemOf(item: Item, at: string | undefined, isHidden: boolean, whole?: Meta): Item {
  const places = [item.target, item.source, item.targetParent, item.sourceParent];
  const isSecret =
    isHidden || [at ?? '', ...places.map((place) => place?.locUri ?? '')].some(isSecretPath) || item.moreData === true;
  const located = Object.fromEntries(
    (['target', 'source', 'targetParent', 'sourceParent'] as const).flatMap((name) => {
      const place = item[name];
      return place === undefined ? [] : [[name, locationOf(place)]];
    }),
  );
  const data = item.data === undefined ? undefined : isSecret ? HIDDEN_DATA : dataOf(item.data, [item.meta, whole]);
  return {
    ...item,
    ...located,
    ...(item.meta === undefined ? {} : { meta: metaOf(item.meta) }),
    ...(data === undefined ? {} : { data }),
  };
}

/** Octets are told by their number, and so is text that is a document of its own: a part of it may be a secret. */
function dataOf(data: Data, metas: readonly (Meta | undefined)[]): Data {
  const isOpaque = metas.some((meta) => OPAQUE.test(meta?.format ?? '') || /tnds/i.test(meta?.type ?? ''));
  switch (data.kind) {
    case 'element':
      return { kind: 'element', element: elementOf(data.element, '') };
    case 'octets':
      return { kind: 'text', text: octetsLeftOut(data.octets.length) };
    case 'text':
      return {
        kind: 'text',
        text:
          isOpaque || data.text.includes('<') ? octetsLeftOut(Buffer.byteLength(data.text)) : withoutTokens(data.text),
      };
  }
}

/** @param node  name of the node that the element is a part of */
function elementOf(element: Element, node: string): Element {
  const name = element.children.find((child) => child.name === 'NodeName')?.text ?? '';
  const path = element.name === 'Node' ? `${node}/${name}` : node;
  const isHidden = element.name === 'Value' && isSecretPath(path);
  return {
    ...element,
    text: isHidden ? HIDDEN : withoutTokens(element.text),
    children: isHidden ? [] : element.children.map((child) => elementOf(child, path)),
  };
}
