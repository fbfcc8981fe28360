import { readdirSync, readFileSync } from 'node:fs';

import fc from 'fast-check';

import {
  decodeMessage,
  decodeProvisioning,
  decodeTnds,
  DM_CODEC_ERRORS,
  encodedSize,
  encodeMessage,
  measure,
} from '../../../../adapters/dm1/codec';
import type {
  BodyCommand,
  Data,
  Element,
  Encoding,
  Item,
  Location,
  Message,
  Meta,
} from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { messageOf } from './comparing';

const RUNS = Number(process.env['MOQL_FUZZ_RUNS'] ?? 1000);
const XML: Encoding = { form: 'xml' };
const FORMS: readonly Encoding[] = [XML, { form: 'wbxml', publicId: 'number' }, { form: 'wbxml', publicId: 'text' }];

/** Text that both forms carry: no control characters, no CR. */
const character = fc.oneof(
  fc.constantFrom(...' \n\t<>&"\'];=/%'),
  fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
  fc
    .integer({ min: 0xa0, max: 0x10ffff })
    .filter((code) => (code < 0xd800 || code > 0xdfff) && code !== 0xfffe && code !== 0xffff)
    .map((code) => String.fromCodePoint(code)),
);
const text = fc.array(character, { maxLength: 30 }).map((characters) => characters.join(''));
const word = text.map((value) => value.trim());
const maybe = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });
/** The same object without what is undefined in it, as decoders make it. */
const clean = <T extends object>(object: T): T =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
const record = <T extends object>(fields: { readonly [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(fields as never).map((object) => clean(object as T));

const location = record<Location>({ locUri: word, locName: maybe(word) });
const textData = (value: fc.Arbitrary<string>): fc.Arbitrary<Data> => value.map((one) => ({ kind: 'text', text: one }));
const meta = record<Meta>({
  format: maybe(fc.constantFrom('chr', 'int', 'xml', 'node')),
  type: maybe(word),
  mark: maybe(word),
  size: maybe(word),
  maxMsgSize: maybe(word),
  maxObjSize: maybe(word),
  nextNonce: maybe(textData(word)),
  emi: maybe(fc.array(word, { minLength: 1, maxLength: 3 })),
});
const element: fc.Arbitrary<Element> = fc.letrec<{ element: Element }>((tie) => ({
  element: fc
    .record({
      name: fc.constantFrom('MgmtTree', 'Node', 'Value', 'NodeName', 'node', 'ACL', 'xml'),
      namespace: fc.constant('syncml:dmddf1.2'),
      children: fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('element'), { maxLength: 3 })),
      text,
    })
    .map((one) => ({ ...one, text: one.children.length > 0 && one.text.trim() === '' ? '' : one.text })),
})).element;
const data: fc.Arbitrary<Data> = fc.oneof(
  textData(text),
  element.map((one): Data => ({ kind: 'element', element: one })),
);
const item = record<Item>({
  target: maybe(location),
  source: maybe(location),
  targetParent: maybe(location),
  sourceParent: maybe(location),
  meta: maybe(meta.map((one) => clean({ ...one, type: undefined }))),
  data: maybe(data),
}).chain((one) =>
  fc.boolean().map((more) => (more && one.data?.kind !== 'element' ? { ...one, moreData: true } : one)),
);
const items = fc.array(item, { maxLength: 3 });
const cred = record({ meta: maybe(meta), data: textData(word) });

const plainCommand: fc.Arbitrary<BodyCommand> = fc.oneof(
  record({
    kind: fc.constant('Status' as const),
    cmdId: word,
    msgRef: maybe(word),
    cmdRef: maybe(word),
    cmd: word,
    targetRefs: fc.array(word, { maxLength: 2 }),
    sourceRefs: fc.array(word, { maxLength: 2 }),
    cred: maybe(cred),
    chal: maybe(meta),
    data: word,
    items,
  }),
  record({
    kind: fc.constant('Results' as const),
    cmdId: word,
    msgRef: maybe(word),
    cmdRef: maybe(word),
    targetRef: maybe(word),
    sourceRef: maybe(word),
    items,
  }),
  record({ kind: fc.constant('Alert' as const), cmdId: word, data: maybe(word), correlator: maybe(word), items }),
  record({
    kind: fc.constant('Exec' as const),
    cmdId: word,
    meta: maybe(meta.map((one) => clean({ ...one, type: undefined }))),
    correlator: maybe(word),
    items,
  }),
  record({
    kind: fc.constantFrom('Add' as const, 'Replace' as const, 'Delete' as const, 'Copy' as const, 'Get' as const),
    cmdId: word,
    items,
  }),
  record({
    kind: fc.constant('Foreign' as const),
    name: fc.constantFrom('Put', 'Map', 'Sync', 'Search', 'Move'),
    cmdId: word,
  }),
);
const command: fc.Arbitrary<BodyCommand> = fc.oneof(
  { weight: 4, arbitrary: plainCommand },
  {
    weight: 1,
    arbitrary: record({
      kind: fc.constantFrom('Atomic' as const, 'Sequence' as const),
      cmdId: word,
      meta: maybe(meta),
      commands: fc.array(plainCommand, { maxLength: 3 }),
    }),
  },
);
const message: fc.Arbitrary<Message> = record<Message>({
  namespace: fc.constantFrom('SYNCML:SYNCML1.1', 'SYNCML:SYNCML1.2'),
  header: record<Message['header']>({
    verDtd: word,
    verProto: word,
    sessionId: word,
    msgId: word,
    target: location,
    source: location,
    respUri: maybe(word),
    cred: maybe(cred),
    meta: maybe(meta),
  }),
  body: fc.array(command, { maxLength: 4 }),
  final: fc.boolean(),
});

/** A decoder's answer to anything: a value, or a published code. */
function expectAnswer(answer: { readonly ok: boolean; readonly code?: string }): void {
  if (!answer.ok) expect(Object.keys(DM_CODEC_ERRORS)).toContain(answer.code);
}

describe('Any message', () => {
  test.each(FORMS)('is the same after $form ($publicId)', (encoding) => {
    fc.assert(
      fc.property(message, (one) => {
        expect(messageOf(encodeMessage(one, encoding), encoding.form)).toEqual(one);
      }),
      { numRuns: RUNS / 4 },
    );
  });

  test.each(FORMS)('is never larger than its parts announce in $form ($publicId)', (encoding) => {
    fc.assert(
      fc.property(message, (one) => {
        const sum = one.body.reduce(
          (size, part) => size + encodedSize(part, encoding),
          measure({ ...one, body: [] }, encoding),
        );
        expect(sum).toBeGreaterThanOrEqual(measure(one, encoding));
      }),
      { numRuns: RUNS / 4 },
    );
  });

  test('octets of format bin are the same after WBXML, and base64 after XML', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), message, (octets, one) => {
        const item: Item = {
          meta: { format: 'bin', type: 'application/octet-stream' },
          data: { kind: 'octets', octets },
        };
        const carrier: Message = { ...one, body: [{ kind: 'Replace', cmdId: '1', items: [item] }] };
        expect(messageOf(encodeMessage(carrier, { form: 'wbxml' }), 'wbxml')).toEqual(carrier);
        const [replace] = messageOf(encodeMessage(carrier, XML), 'xml').body;
        expect(replace).toMatchObject({
          items: [{ data: { kind: 'text', text: Buffer.from(octets).toString('base64') } }],
        });
      }),
      { numRuns: RUNS / 4 },
    );
  });

  test('text with NUL is the same after WBXML', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.oneof(fc.constant('\0'), character) }), message, (value, one) => {
        const carrier: Message = {
          ...one,
          body: [
            { kind: 'Replace', cmdId: '1', items: [{ meta: { format: 'chr' }, data: { kind: 'text', text: value } }] },
          ],
        };
        expect(messageOf(encodeMessage(carrier, { form: 'wbxml' }), 'wbxml')).toEqual(carrier);
      }),
      { numRuns: RUNS / 4 },
    );
  });
});

describe('Any octets', () => {
  test('either decode or give a published code', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('+xml', '+wbxml'), (octets, type) => {
        expectAnswer(decodeMessage(octets, type));
        expectAnswer(decodeProvisioning(octets));
        expectAnswer(decodeTnds({ kind: 'octets', octets }));
      }),
      { numRuns: RUNS },
    );
  });

  test('behind a good header too', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom('02a4016a006d', '020b6a00', '0200006a1b2d2f2f4f4d412f2f4454442d444d2d44444620312e322f2f454e00'),
        (octets, head) => {
          const document = new Uint8Array(Buffer.concat([Buffer.from(head, 'hex'), octets]));
          expectAnswer(decodeMessage(document, '+wbxml'));
          expectAnswer(decodeProvisioning(document));
          expectAnswer(decodeTnds({ kind: 'octets', octets: document }));
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describeShared('Reference messages that were damaged', () => {
  const folder = sharedPath('vectors', 'dm1');
  const originals = readdirSync(folder)
    .filter((file) => file.endsWith('xml'))
    .map((file) => readFileSync(`${folder}/${file}`));
  const damage = fc.record({
    original: fc.nat({ max: originals.length - 1 }),
    edits: fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        drop: fc.nat({ max: 8 }),
        put: fc.uint8Array({ maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });

  test('either decode, and can be encoded again, or give a published code', () => {
    fc.assert(
      fc.property(damage, ({ original, edits }) => {
        let octets = originals[original] ?? Buffer.alloc(0);
        for (const { at, drop, put } of edits) {
          const position = Math.floor(at * octets.length);
          octets = Buffer.concat([octets.subarray(0, position), put, octets.subarray(position + drop)]);
        }
        const decoded = decodeMessage(octets, '');
        expectAnswer(decoded);
        if (!decoded.ok) return;
        for (const encoding of FORMS)
          expect(decodeMessage(encodeMessage(decoded.value.message, encoding), '')).toMatchObject({ ok: true });
      }),
      { numRuns: RUNS },
    );
  });
});
