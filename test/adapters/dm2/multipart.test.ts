import fc from 'fast-check';

import { readMultipart, writeMultipart } from '../../../adapters/dm2/multipart';

describe('Multipart bodies', () => {
  test('what is written is read octet for octet, whatever the parts hold', () => {
    const part = fc.record(
      { name: fc.stringMatching(/^[0-9a-z]{1,5}$/), body: fc.uint8Array({ maxLength: 200 }) },
      { requiredKeys: ['body'] },
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
        const written = writeMultipart(parts.map((one) => ({ ...one, mediaType: 'text/plain' })));
        const read = readMultipart(written.contentType, written.body);
        if (!read.ok) throw new Error(read.message);
        expect(read.value.map(({ name, body }) => ({ name, body: Buffer.from(body).toString('hex') }))).toEqual(
          parts.map(({ name, body }) => ({ name, body: Buffer.from(body).toString('hex') })),
        );
      }),
    );
  });

  test.each([
    ['no boundary parameter', 'multipart/form-data', '--b--\r\n', 'NO_BOUNDARY'],
    ['no delimiter at all', 'multipart/form-data; boundary=b', 'text', 'TRUNCATED'],
    ['cut off inside a part', 'multipart/form-data; boundary=b', '--b\r\nA: b\r\n\r\ntext', 'TRUNCATED'],
    ['headers without end', 'multipart/form-data; boundary=b', '--b\r\nA: b\r\n--b--\r\n', 'BAD_HEAD'],
    ['headers that are none', 'multipart/form-data; boundary=b', '--b\r\nab\r\n\r\nx\r\n--b--\r\n', 'BAD_HEAD'],
  ])('%s is refused', (_, contentType, body, code) => {
    expect(readMultipart(contentType, Buffer.from(body))).toMatchObject({ ok: false, code });
  });

  test('a body of nothing but look-alikes of the delimiter is read in one pass', () => {
    const body = Buffer.from('\r\n--b   x'.repeat(200_000));
    expect(readMultipart('multipart/form-data; boundary=b', body)).toMatchObject({ ok: false, code: 'TRUNCATED' });
  });

  test('more parts than any Package#3 needs are refused', () => {
    const body = Buffer.from(`${'--b\r\n\r\n\r\n'.repeat(5000)}--b--\r\n`);
    expect(readMultipart('multipart/form-data; boundary=b', body)).toMatchObject({ ok: false, code: 'TOO_MANY_PARTS' });
  });
});
