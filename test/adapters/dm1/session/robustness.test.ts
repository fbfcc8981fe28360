import fc from 'fast-check';

import type { Command } from '../../../../adapters/adapter';
import { decodeMessage, encodeMessage } from '../../../../adapters/dm1/codec';
import type { BodyCommand, Item, Message } from '../../../../adapters/dm1/message';
import { answers, command, credential, Dialogue, message, package1, serverCredential, octets } from './dialogue';

/**
 * Any order of legal and illegal messages: nothing throws, each reply decodes, obeys MaxMsgSize, and follows the rules
 * that hold for every server message. Each command ends at most once.
 */
const URIS = ['.', './A', './A/b', 'A/b', './DevInfo/Man', '', './x?prop=Type', './%', '../..', '/'];
const CODES = ['0', '200', '202', '212', '213', '215', '216', '401', '404', '407', '507', '999', '', 'x', '12345678'];
const REFS = ['0', '1', '2', '3', '4', '5', '6', '7', '99', '', undefined];

const pick = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);
const location = pick(URIS).map((locUri) => ({ locUri }));
const item: fc.Arbitrary<Item> = fc.record(
  {
    source: location,
    target: location,
    meta: fc.record(
      {
        format: pick(['chr', 'node', 'int', 'b64', 'bin', 'bool', 'null', 'odd']),
        type: pick(['', 'text/plain', 'x:y']),
        size: pick(['1', '9', 'x', '999999999']),
      },
      { requiredKeys: [] },
    ),
    data: pick(['', 'a/b/c', '1', 'true', '..//x', '/'.repeat(50), '<ResultCode>1</ResultCode>']).map((text) => ({
      kind: 'text' as const,
      text,
    })),
    moreData: fc.boolean(),
  },
  { requiredKeys: [] },
);
const items = fc.array(item, { maxLength: 3 });
const cmdId = pick(['1', '2', '3', '', '0', '12']);
const chal = fc.option(
  fc.constant({
    format: 'b64',
    type: 'syncml:auth-md5',
    nextNonce: { kind: 'text' as const, text: 'kJGSk5SVlpeYmZqbnJ2enw==' },
  }),
  { nil: undefined },
);

const bodyCommand: fc.Arbitrary<BodyCommand> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('Status' as const),
      cmdId,
      msgRef: pick(REFS),
      cmdRef: pick(REFS),
      cmd: pick(['SyncHdr', 'Get', 'Replace', 'Atomic', 'Alert', '']),
      targetRefs: fc.array(pick(URIS), { maxLength: 2 }),
      sourceRefs: fc.constant([]),
      chal,
      data: pick(CODES),
      items: fc.constant([]),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('Results' as const),
      cmdId,
      msgRef: pick(REFS),
      cmdRef: pick(REFS),
      items,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('Alert' as const),
      cmdId,
      data: pick(['1100', '1200', '1201', '1222', '1223', '1224', '1225', '1226', 'x', undefined]),
      items,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: pick(['Add', 'Replace', 'Delete', 'Get', 'Copy'] as const), cmdId, items }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('Foreign' as const), name: pick(['Put', 'Map']), cmdId }) },
);

type Step =
  | {
      readonly kind: 'message';
      readonly body: readonly BodyCommand[];
      readonly msg: 'next' | number;
      readonly final: boolean;
      readonly key: string;
      readonly token: boolean;
      readonly maxMsgSize?: string;
      readonly cred?: string;
    }
  | { readonly kind: 'answer'; readonly final: boolean; readonly extra: readonly BodyCommand[] }
  | { readonly kind: 'start' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'repeat' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      body: fc.array(bodyCommand, { maxLength: 8 }),
      msg: fc.oneof(fc.constant('next' as const), fc.nat(5)),
      final: fc.boolean(),
      key: pick(['A1', 'A1', 'B']),
      token: fc.boolean(),
      maxMsgSize: pick([undefined, undefined, '512', '700', '3', 'x', '99999999999']),
      cred: pick([undefined, undefined, 'bad', '']),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      final: fc.boolean(),
      extra: fc.array(bodyCommand, { maxLength: 2 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'start' as const }) },
  { weight: 1, arbitrary: pick([1, 70_000, 400_000]).map((ms) => ({ kind: 'wait' as const, ms })) },
  { weight: 1, arbitrary: fc.constant({ kind: 'repeat' as const }) },
);

function work(): Command[] {
  return [
    command({ kind: 'get', at: { uri: './A' } } as never),
    command({ kind: 'replace', at: { uri: './A/b' }, value: { format: 'chr', data: 'x' } } as never),
    command({
      kind: 'add',
      at: { uri: './T' },
      tree: { name: 'T', children: [{ name: 'c', value: { format: 'int', data: 1 } }] },
      atomic: 'g',
    } as never),
    command({ kind: 'delete', at: { uri: './A' }, atomic: 'g' } as never),
    command({ kind: 'exec', at: { uri: './E' }, correlator: 'c' } as never),
    command({ kind: 'get', at: { uri: './A' }, prop: 'ACL' } as never),
    command({ kind: 'replace', at: { uri: './Big' }, value: { format: 'chr', data: 'x'.repeat(30_000) } } as never),
  ];
}

const TREE = {
  nodes: {
    '.': ['A', 'DevInfo'],
    './A': ['b', 'c'],
    './A/b': 'x',
    './A/c': [],
    './DevInfo': ['Man'],
    './DevInfo/Man': 'Acme',
  },
};
/** Header and SyncHdr Status, or a challenge: the least that an XML reply can be with the addresses of the test. */
const LEAST_XML = 700;

function play(device: Dialogue, steps: readonly Step[], form: 'xml' | 'wbxml'): void {
  let no = 0;
  let last: Uint8Array | undefined;
  const send = (sent: Message, token: boolean): void => {
    const address = device.reply.header.respUri?.split('/').at(-1);
    last = encodeMessage(sent, device.encoding);
    device.posts(last, token && address ? { token: address } : {});
  };
  for (const one of steps) {
    if (device.queue.length === 0) device.queue.push(...work());
    device.discover = { messages: 5, nodes: 20 };
    switch (one.kind) {
      case 'message': {
        no = one.msg === 'next' ? no + 1 : one.msg;
        const cred =
          one.cred === undefined
            ? {}
            : { cred: { meta: { type: 'syncml:auth-basic' }, data: { kind: 'text' as const, text: one.cred } } };
        send(
          message(no, one.body, {
            final: one.final,
            sessionId: one.key,
            ...cred,
            ...(one.maxMsgSize ? { meta: { maxMsgSize: one.maxMsgSize } } : {}),
          }),
          one.token,
        );
        break;
      }
      case 'answer':
        no += 1;
        send(message(no, [...answers(device.reply, TREE), ...one.extra], { final: one.final }), true);
        break;
      case 'start':
        no = 1;
        send(package1(1), false);
        break;
      case 'wait':
        device.now += one.ms;
        continue;
      case 'repeat':
        if (last === undefined) continue;
        device.posts(last);
        break;
    }
    const machine = device.session?.state.machine as { maxMsgSize?: number } | undefined;
    check(device, Math.max(machine?.maxMsgSize ?? 16_384, form === 'xml' ? LEAST_XML : 512));
  }
}

function check(device: Dialogue, size: number): void {
  const { reply, wire } = device;
  expect(wire?.status).toBe(200);
  expect(wire?.body.length).toBeLessThanOrEqual(Math.max(size, 512));
  const ids = reply.body.flatMap((one) => [
    one.cmdId,
    ...(one.kind === 'Atomic' ? one.commands.map((inner) => inner.cmdId) : []),
  ]);
  expect(new Set(ids).size).toBe(ids.length);
  expect(reply.body[0]).toMatchObject({ kind: 'Status', cmdRef: '0', cmd: 'SyncHdr' });
  expect(reply.header.respUri).toMatch(/^https:\/\/d\.example\/dm\/1\/[\w-]{22}$/);
  const commands = reply.body.filter((one) => one.kind !== 'Status' && one.kind !== 'Alert');
  // Without Final there is nothing but the chunk of a large object.
  const isChunk = (one: BodyCommand): boolean => 'items' in one && one.items.every((item) => item.moreData === true);
  if (!reply.final) expect(commands.length === 0 || (commands.length === 1 && commands.every(isChunk))).toBe(true);
  if (device.turn.some((effect) => effect.kind === 'refused')) expect(commands).toEqual([]);
}

describe.each(['xml', 'wbxml'] as const)('Any messages in any order (%s)', (form) => {
  test.each(['NONE', 'BASIC', 'DIGEST_MD5'] as const)('with client credentials %s', (type) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), fc.boolean(), (steps, proves) => {
        const device = new Dialogue({
          form,
          baseUrl: 'https://d.example',
          clientAuth: credential(type),
          ...(proves ? { serverAuth: serverCredential(octets(1)) } : {}),
        });
        play(device, steps, form);
        const ended = device.effects.flatMap((effect) =>
          effect.kind === 'commandAnswered' || effect.kind === 'commandAccepted' || effect.kind === 'commandUnanswered'
            ? [effect.command]
            : [],
        );
        expect(new Set(ended).size).toBe(ended.length);
      }),
      { numRuns: 150 },
    );
  });

  test('any octets are a message or an HTTP refusal', () => {
    const device = new Dialogue({ form });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        const opened = device.adapter.open({
          method: 'POST',
          path: '/dm/1',
          headers: { 'content-type': `application/vnd.syncml.dm+${form}` },
          body,
          peer: { secure: true, loopback: false },
        });
        if ('refusal' in opened) expect([400, 413, 415]).toContain(opened.refusal.status);
      }),
      { numRuns: 300 },
    );
  });

  test('a thousand commands of a client with little room: what fits is answered', () => {
    const device = new Dialogue({ form, baseUrl: 'https://d.example' });
    const alerts = Array.from({ length: 1000 }, (_, index): BodyCommand => ({
      kind: 'Alert',
      cmdId: String(index + 1),
      data: '1222',
      items: [],
    }));
    device.sends(message(1, alerts, { meta: { maxMsgSize: '1000' } }));
    expect(device.wire?.body.length).toBeLessThanOrEqual(1000);
    expect(decodeMessage(device.wire?.body ?? new Uint8Array(), '').ok).toBe(true);
    expect(device.all('noted')).toHaveLength(1);
  });
});
