import { readFileSync } from 'node:fs';

import {
  basicCredential,
  credentialText,
  digestOf,
  equalsSecretly,
  hmacOf,
  md5Credential,
  nonceOctets,
  nonceText,
  readBasic,
  readHmacHeader,
  verifyBasic,
  verifyHmac,
  verifyMd5,
  writeHmacHeader,
} from '../../../../adapters/dm1/credential';
import type { Data } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';

type Row = Readonly<Record<string, string | boolean | number | null>>;
const text = (value: string): Data => ({ kind: 'text', text: value });
const hex = (value: unknown): Uint8Array => new Uint8Array(Buffer.from(String(value), 'hex'));

describeShared('Credentials against the reference values', () => {
  const vectors = JSON.parse(readFileSync(sharedPath('vectors', 'dm1', 'auth-vectors.json'), 'utf8')) as Readonly<
    Record<'basic' | 'md5' | 'hmac' | 'hmac_header_forms', readonly Row[]> & Record<'md5_nonce_misreadings', Row>
  >;

  test('are 7 basic, 10 md5 and 6 HMAC values and 9 header forms', () => {
    const { basic, md5, hmac, hmac_header_forms } = vectors;
    expect([basic, md5, hmac, hmac_header_forms].map((rows) => rows.length)).toEqual([7, 10, 6, 9]);
  });

  test('basic', () => {
    for (const row of vectors.basic) {
      const [user, password] = [String(row['username']), String(row['password'])];
      expect(basicCredential(user, password)).toBe(row['cred']);
      expect(verifyBasic(text(String(row['cred'])), user, password)).toBe(true);
      expect(verifyBasic(text(String(row['cred'])), user, `${password}x`)).toBe(false);
      if (!user.includes(':')) expect(readBasic(text(String(row['cred'])))).toEqual({ user, password });
    }
  });

  test('md5, with the nonce as octets', () => {
    for (const row of vectors.md5) {
      const digest = digestOf(String(row['username']), String(row['password']));
      const nonce = hex(row['nonce_hex']);
      expect(digest).toBe(row['h_user_pw_b64']);
      expect(md5Credential(digest, nonce)).toBe(row['cred']);
      expect(nonceText(nonce)).toBe(row['next_nonce_text']);
      expect(Buffer.from(nonceOctets(text(nonceText(nonce))))).toEqual(Buffer.from(nonce));
      expect(verifyMd5(text(String(row['cred'])), digest, [hex('ffff'), nonce])).toBe(true);
      expect(verifyMd5(text(String(row['cred'])), digest, [hex('ffff')])).toBe(false);
    }
  });

  test('a nonce that the client misread is refused', () => {
    const row = vectors.md5_nonce_misreadings;
    const digest = digestOf(String(row['username']), String(row['password']));
    const accepts = (key: string): boolean => verifyMd5(text(String(row[key])), digest, [hex(row['nonce_hex'])]);
    expect(accepts('correct')).toBe(true);
    expect(['nonce_used_as_its_base64_text', 'nonce_used_as_upper_hex_text', 'nonce_empty'].map(accepts)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test('HMAC over the exact octets of the body', () => {
    for (const row of vectors.hmac) {
      const body = row['body_file']
        ? readFileSync(sharedPath('vectors', 'dm1', String(row['body_file'])))
        : hex(row['body_hex']);
      const digest = digestOf(String(row['username']), String(row['password']));
      const nonce = hex(row['nonce_hex']);
      const mac = hmacOf(digest, nonce, body);
      expect(mac).toBe(row['mac']);
      expect(writeHmacHeader({ username: String(row['username']), mac })).toBe(row['header']);
      const credential = readHmacHeader(String(row['header']));
      expect(credential && verifyHmac(credential, digest, [nonce], body)).toBe(true);
      expect(credential && verifyHmac(credential, digest, [nonce], Buffer.concat([body, hex('00')]))).toBe(false);
    }
  });

  test('forms of the HMAC header', () => {
    for (const row of vectors.hmac_header_forms) {
      const wanted = row['accept'] ? { username: row['username'], mac: row['mac'] } : undefined;
      expect(readHmacHeader(String(row['header']))).toEqual(wanted);
    }
  });
});

describe('Credentials', () => {
  test('user names with quotes and backslashes survive the HMAC header', () => {
    for (const username of ['Robert "Bob" Jordan', 'a\\b', 'x, mac=y', 'ünï']) {
      expect(readHmacHeader(writeHmacHeader({ username, mac: 'bWFj' }))).toEqual({ username, mac: 'bWFj' });
    }
  });

  test('a header that is overlong, repeats a parameter or is no list is refused', () => {
    for (const header of [
      `username="${'a'.repeat(5000)}", mac=b`,
      'mac=a, mac=b, username="u"',
      'username="u" mac=a',
      'username="u, mac=a',
      ',,,',
    ]) {
      expect(readHmacHeader(header)).toBeUndefined();
    }
  });

  test('a nonce is decoded exactly once, for it may itself be base64 text', () => {
    const inner = 'TmV2ZXI=';
    expect(Buffer.from(nonceOctets(text(Buffer.from(inner).toString('base64')))).toString()).toBe(inner);
  });

  test('NextNonce that is no base64 text, or came as octets, is the nonce itself', () => {
    expect(Buffer.from(nonceOctets(text('no*nce'))).toString()).toBe('no*nce');
    expect(nonceOctets({ kind: 'octets', octets: hex('deadbeef') })).toEqual(hex('deadbeef'));
  });

  test('a credential that came as raw octets is compared as base64', () => {
    const digest = digestOf('u', 'p');
    const octets = new Uint8Array(Buffer.from(md5Credential(digest, hex('')), 'base64'));
    expect(verifyMd5({ kind: 'octets', octets }, digest, [hex('')])).toBe(true);
    expect(credentialText(text(' YTo=\n'))).toBe('YTo=');
  });

  test('an empty basic credential has no user', () => {
    expect(readBasic(text(''))).toBeUndefined();
    expect(readBasic(text('***'))).toBeUndefined();
    expect(verifyBasic(text(''), 'u', 'p')).toBe(false);
  });

  test('texts of any lengths can be compared', () => {
    expect(equalsSecretly('', '')).toBe(true);
    expect(equalsSecretly('a', 'ab')).toBe(false);
  });
});
