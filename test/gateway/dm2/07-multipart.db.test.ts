import { by, describeDm2, TYPES, uri } from '../support/spoken-dm2';

const status = '{"Status":[{"sc":200},{"sc":200},{"sc":200}]}';
const part = (head: readonly string[], body: string): string => [...head, '', body].join('\r\n');
const bodyOf = (...parts: readonly string[]): string => `--B\r\n${parts.join('\r\n--B\r\n')}\r\n--B--\r\n`;
const package3 = part(['Content-Disposition: form-data', `Content-Type: ${TYPES.next}`], status);
const data = (name: string, type: string, body: string): string =>
  part([`Content-Disposition: form-data; name="${name}"`, `Content-Type: ${type}`], body);
const unit = data('1', 'text/plain', 'kWh');
const note = data('2', TYPES.moJson, JSON.stringify({ ClientURI: uri('Note'), MOData: { Note: 'é' } }));

describeDm2('7 Data of GET', ({ device }) => {
  const answeredBy = async (body: string, type = 'multipart/form-data; boundary=B') => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('Unit'), by.get('Note')], { onFailure: 'CONTINUE' });
    await phone.begins();
    await phone.posts(body, { type });
    return { http: phone.answer?.status, ...(await operation.now()) };
  };

  test.each([
    ['named by the index of their status', bodyOf(package3, unit, note)],
    ['in any order, Package#3 known by its type', bodyOf(note, unit, package3)],
    ['with preamble, epilogue and no end of line behind', `preamble\r\n${bodyOf(package3, unit, note).trimEnd()}`],
    ['with a first part that has a name', bodyOf(package3.replace('form-data', 'form-data; name="x"'), unit, note)],
    [
      'with header names in another case, and an unknown header',
      bodyOf(
        package3,
        unit.replace('Content-Type', 'content-type').replace('Content-Disposition', 'X-Y: z\r\nCONTENT-DISPOSITION'),
        note,
      ),
    ],
    [
      'with parts for what has none',
      bodyOf(package3, unit, note, data('0', 'text/plain', 'x'), data('9', 'text/plain', 'x')),
    ],
  ])('parts %s', async (_, body) => {
    expect(await answeredBy(body)).toMatchObject({
      state: 'SUCCEEDED',
      commands: [{ result: 'kWh' }, { result: 'é' }],
    });
  });

  test('a boundary may stand in quotes', async () => {
    expect(await answeredBy(bodyOf(package3, unit, note), 'multipart/form-data; boundary="B"')).toMatchObject({
      state: 'SUCCEEDED',
    });
  });

  test('octets come as they are, also what looks like a delimiter', async () => {
    const phone = await device();
    const operation = await phone.isAsked([by.get('Key')]);
    await phone.begins();
    const octets = '\r\n--B \r\n\u0000\u00ff--B-';
    const parts = [package3.replace(',{"sc":200}]', ']'), data('1', 'application/octet-stream', octets)];
    await phone.posts(Buffer.from(`--Bx\r\n${parts.join('\r\n--Bx\r\n')}\r\n--Bx--`, 'latin1'), {
      type: 'multipart/form-data; boundary=Bx',
    });
    expect(await operation.now()).toMatchObject({
      commands: [{ result: Buffer.from(octets, 'latin1').toString('base64') }],
    });
  });

  test('200 without its part is an error of that command alone', async () => {
    expect(await answeredBy(bodyOf(package3, note))).toMatchObject({
      state: 'FAILED',
      commands: [{ outcome: 'DEVICE_ERROR' }, { result: 'é' }],
    });
  });

  test('data of another address, or of no form, is an error of that command alone', async () => {
    const other = data('2', TYPES.moJson, JSON.stringify([{ ClientURI: uri('Unit'), MOData: { Unit: 'x' } }]));
    expect(await answeredBy(bodyOf(package3, unit, other))).toMatchObject({
      commands: [{ result: 'kWh' }, { outcome: 'DEVICE_ERROR' }],
    });
  });

  test.each([
    ['cut off', bodyOf(package3, unit, note).slice(0, -8)],
    ['without Package#3', bodyOf(unit, note)],
    ['of no parts', 'x'],
  ])('a body %s is HTTP 400, and nothing of it counts', async (_, body) => {
    expect(await answeredBy(body)).toMatchObject({ http: 400, commands: [{ state: 'SENT' }, { state: 'SENT' }] });
  });
});
