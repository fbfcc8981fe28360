import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  decodeMessage,
  decodeProvisioning,
  encodedSize,
  encodeMessage,
  measure,
  type ProvisioningElement,
} from '../../../../adapters/dm1/codec';
import type { Encoding, Message } from '../../../../adapters/dm1/message';
import { describeShared, describeWith, requireTool, sharedPath } from '../../../support/shared';
import {
  comparable,
  messageOf,
  withEmbeddedLabelled,
  withoutNamespaces,
  withoutTypeEndings,
  withTrimmedData,
} from './comparing';

const folder = sharedPath('vectors', 'dm1');
const read = (file: string): Uint8Array => readFileSync(join(folder, file));
const decode = (file: string): Message => messageOf(read(file), file.endsWith('.xml') ? 'xml' : 'wbxml');

const PROVISIONING = '66-bootstrap-cp-profile';
/** Files in which the codec that made the WBXML took white space off text. */
const TRIMMED = ['11-pkg3-every-format', '54-whitespace-comments', '55-cdata-entities'];
/** Files with an embedded document, whose Type the codec rewrote. */
const RELABELLED = ['15', '16', '17', '18', '64', '65', '67'];
const NO_NAMESPACE = '57-doctype-no-namespace';

const FORMS: readonly Encoding[] = [
  { form: 'xml' },
  { form: 'wbxml', publicId: 'number' },
  { form: 'wbxml', publicId: 'text' },
];

describeShared('The reference messages', () => {
  const files = readdirSync(folder);
  const names = files.filter((file) => file.endsWith('.xml')).map((file) => file.slice(0, -4));
  const twins = files.filter((file) => file.endsWith('.wbxml')).sort();
  const messages = names.filter((name) => name !== PROVISIONING);

  test('are 73 in XML, 73 in WBXML and 6 in other WBXML forms', () => {
    expect(names).toHaveLength(73);
    expect(twins).toHaveLength(79);
    expect(twins.filter((file) => file.split('.').length > 2)).toHaveLength(6);
  });

  test.each(twins.filter((file) => !file.startsWith(PROVISIONING)))(
    '%s decodes to the same message as its XML twin',
    (file) => {
      const name = file.replace(/(\.fpi|\.strtbl|\.keepws)?\.wbxml$/, '');
      let twin = decode(`${name}.xml`);
      let message = decode(file);
      if (RELABELLED.includes(name.slice(0, 2)))
        [twin, message] = [withoutTypeEndings(twin), withoutTypeEndings(message)];
      if (TRIMMED.includes(name) && !file.includes('.keepws'))
        [twin, message] = [withTrimmedData(twin), withTrimmedData(message)];
      if (name === NO_NAMESPACE) {
        expect(twin.namespace).toBeUndefined();
        [twin, message] = [withoutNamespaces(twin), withoutNamespaces(message)];
      }
      expect(message).toEqual(twin);
    },
  );

  test('an XML document and its WBXML twin tell how they travelled', () => {
    const encodingOf = (file: string): unknown => {
      const decoded = decodeMessage(read(file), 'application/octet-stream');
      return decoded.ok ? decoded.value.encoding : decoded;
    };
    expect(encodingOf('01-pkg1-nocred.xml')).toEqual({ form: 'xml' });
    expect(encodingOf('01-pkg1-nocred.wbxml')).toEqual({ form: 'wbxml', publicId: 'number' });
    expect(encodingOf('01-pkg1-nocred.fpi.wbxml')).toEqual({ form: 'wbxml', publicId: 'text' });
  });

  test.each(messages)('%s survives being encoded in each form', (name) => {
    const message = decode(`${name}.xml`);
    for (const encoding of FORMS) {
      const again = messageOf(encodeMessage(message, encoding), encoding.form);
      expect(comparable(again, encoding)).toEqual(comparable(message, encoding));
    }
  });

  test.each(messages)('%s has the size that its commands announce', (name) => {
    const message = decode(`${name}.xml`);
    for (const encoding of FORMS) {
      const sum = message.body.reduce(
        (size, command) => size + encodedSize(command, encoding),
        measure({ ...message, body: [] }, encoding),
      );
      const whole = measure(message, encoding);
      expect(sum).toBeGreaterThanOrEqual(whole);
      expect(sum).toBeLessThanOrEqual(whole + 64);
    }
  });

  test('a provisioning document is no SyncML message', () => {
    for (const form of ['xml', 'wbxml'] as const) {
      expect(decodeMessage(read(`${PROVISIONING}.${form}`), form)).toMatchObject({ ok: false, code: 'NOT_SYNCML' });
    }
  });

  test('the provisioning document decodes attribute by attribute', () => {
    const decoded = decodeProvisioning(read(`${PROVISIONING}.wbxml`));
    expect(decoded).toMatchObject({ ok: true });
    if (decoded.ok) expect(provisioningText(decoded.value)).toBe(provisioningXml(read(`${PROVISIONING}.xml`)));
  });

  describeWith('libwbxml', 'read by another codec', () => {
    let directory: string;
    beforeAll(() => {
      directory = mkdtempSync(join(tmpdir(), 'moql-wbxml-'));
    });
    afterAll(() => rmSync(directory, { recursive: true, force: true }));

    test.each(messages)('%s, as we write it in WBXML, is the same message', (name) => {
      // The label of an embedded document is its sender's, and this reader believes it.
      const message = withEmbeddedLabelled(decode(`${name}.xml`));
      for (const publicId of ['number', 'text'] as const) {
        const [input, output] = [join(directory, `${name}.wbxml`), join(directory, `${name}.xml`)];
        writeFileSync(input, encodeMessage(message, { form: 'wbxml', publicId }));
        execFileSync(requireTool('libwbxml'), ['-k', '-m', '0', '-o', output, input], { stdio: 'pipe' });
        const again = messageOf(readFileSync(output), 'xml');
        const steps = (m: Message): Message => withoutNamespaces(withoutTypeEndings(m));
        expect(steps(again)).toEqual(steps(message));
      }
    });

    test.each(messages)('%s, as we write it in XML, becomes the same message in WBXML', (name) => {
      const message = decode(`${name}.xml`);
      const [input, output] = [join(directory, `${name}.in.xml`), join(directory, `${name}.out.wbxml`)];
      writeFileSync(
        input,
        encodeMessage({ ...message, namespace: message.namespace ?? 'SYNCML:SYNCML1.2' }, { form: 'xml' }),
      );
      execFileSync(
        requireTool('libwbxml').replace('wbxml2xml', 'xml2wbxml'),
        ['-k', '-n', '-v', '1.2', '-o', output, input],
        { stdio: 'pipe' },
      );
      const again = messageOf(readFileSync(output), 'wbxml');
      const steps = (m: Message): Message => withoutNamespaces(withoutTypeEndings(m));
      expect(steps(again)).toEqual(steps(message));
    });
  });
});

function provisioningText(element: ProvisioningElement): string {
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${value}"`);
  const open = `<${element.name}${attributes.join('')}`;
  if (element.name === 'parm') return `${open}/>`;
  return `${open}>${element.children.map(provisioningText).join('')}</${element.name}>`;
}

function provisioningXml(octets: Uint8Array): string {
  const text = Buffer.from(octets).toString('utf8');
  return text.slice(text.indexOf('<wap-')).replace(/>\s+</g, '><').trim();
}
