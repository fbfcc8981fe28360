import { readFileSync } from 'node:fs';

import { assert, constantFrom, integer, property, string, uint8Array } from 'fast-check';

import { dm1Documents } from '../../../adapters/dm1';
import {
  NOTIFICATION_TYPE,
  notificationPush,
  notificationSms,
  ONE_SMS_OCTETS,
  readNotification,
  sessionIdOf,
  verifyNotification,
  writeNotification,
  type Notification,
} from '../../../adapters/dm1/notification';
import { smsUserData } from '../../../adapters/wap/push';
import { describeShared, sharedPath } from '../../support/shared';
import { account, credential } from './accounts';

const UI_MODES = ['UNSPECIFIED', 'BACKGROUND', 'INFORMATIVE', 'INTERACTIVE'] as const;
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const hexOf = (octets: Uint8Array | undefined): string => Buffer.from(octets ?? []).toString('hex');

interface Case {
  readonly name: string;
  readonly server_id: string;
  readonly password: string;
  readonly nonce_hex: string;
  readonly version: '1.0' | '1.1';
  readonly ui_mode: number;
  readonly initiator: number;
  readonly session_id: number;
  readonly session_id_text: string;
  readonly vendor_body_hex: string;
  readonly future_bits: number;
  readonly message_hex: string;
  readonly push_pdu_hex: string;
  readonly sms_user_data_hex: string;
  readonly expect: 'accept' | 'reject';
}

function notificationOf(row: Case): Notification {
  const uiMode = UI_MODES[row.ui_mode] ?? 'UNSPECIFIED';
  return {
    version: row.version,
    uiMode,
    initiatedBy: row.initiator === 1 ? 'SERVER' : 'USER',
    sessionNo: row.session_id,
    serverId: row.server_id,
    ...(row.vendor_body_hex === '' ? {} : { vendor: hex(row.vendor_body_hex) }),
  };
}

describeShared('Package 0 against the reference values (dm1 16)', () => {
  const { cases } = JSON.parse(readFileSync(sharedPath('vectors', 'dm1', 'package0-vectors.json'), 'utf8')) as {
    readonly cases: readonly Case[];
  };
  const named = cases.map((row) => [row.name, row] as const);
  const written = named.filter(([, row]) => row.expect === 'accept' && row.future_bits === 0);

  test('are 17, 11 of them to be accepted, of which 10 are as we write them', () => {
    expect([cases.length, cases.filter((row) => row.expect === 'accept').length, written.length]).toEqual([17, 11, 10]);
  });

  test.each(written)('%s is written octet for octet, with its push and its short message', (_name, row) => {
    const made = writeNotification(notificationOf(row), row.password, hex(row.nonce_hex));
    if (!made.ok) throw new Error(made.message);
    expect(hexOf(made.value)).toBe(row.message_hex);
    expect(sessionIdOf(row.session_id)).toBe(row.session_id_text);
    expect(hexOf(notificationPush(made.value))).toBe(row.push_pdu_hex);
    const sms = notificationSms(made.value);
    if (made.value.length <= ONE_SMS_OCTETS) expect(sms.map(hexOf)).toEqual([row.sms_user_data_hex]);
    else expect(sms.map((part) => hexOf(part.subarray(12))).join('')).toBe(row.push_pdu_hex);
  });

  test.each(named)('%s is judged as expected by a device', (_name, row) => {
    // The password that the device has: that of the case, unless the case is about another one.
    const password = row.name === 'wrong-password' ? 's3cret-Server' : row.password;
    const octets = hex(row.message_hex);
    const read = readNotification(octets);
    const good = read.ok && verifyNotification(octets, read.value.serverId, password, [hex(row.nonce_hex)]);
    expect(good).toBe(row.expect === 'accept');
    if (good) expect(read.value).toEqual(notificationOf(row));
  });
});

describe('A notification (dm1 16)', () => {
  const plain: Notification = {
    version: '1.1',
    uiMode: 'BACKGROUND',
    initiatedBy: 'SERVER',
    sessionNo: 0xa1,
    serverId: 'mgmt.example.net',
  };

  test('of any content is read as it was written, and fits its digest alone', () => {
    const notifications = property(
      constantFrom('1.0' as const, '1.1' as const),
      constantFrom(...UI_MODES),
      constantFrom('USER' as const, 'SERVER' as const),
      integer({ min: 1, max: 0xffff }),
      string({ minLength: 1, maxLength: 60, unit: 'grapheme' }).filter((name) => Buffer.byteLength(name) <= 255),
      uint8Array({ minLength: 1, maxLength: 40 }),
      uint8Array({ maxLength: 32 }),
      integer({ min: 0, max: 10_000 }),
      (version, uiMode, initiatedBy, sessionNo, serverId, vendor, nonce, flip) => {
        const notification = { version, uiMode, initiatedBy, sessionNo, serverId, vendor };
        const made = writeNotification(notification, 'secret', nonce);
        if (!made.ok) throw new Error(made.message);
        expect(readNotification(made.value)).toEqual({ ok: true, value: notification });
        expect(verifyNotification(made.value, serverId, 'secret', [hex('ff'), nonce])).toBe(true);
        const changed = Uint8Array.from(made.value);
        const at = flip % (changed.length * 8);
        changed[at >> 3] = (changed[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(verifyNotification(changed, serverId, 'secret', [nonce])).toBe(false);
      },
    );
    assert(notifications, { numRuns: 300 });
  });

  test('of any octets is read or refused', () => {
    assert(
      property(uint8Array({ maxLength: 80 }), (octets) => {
        const read = readNotification(octets);
        expect(read.ok || read.code.startsWith('PACKAGE0_')).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['NOTIFICATION_SESSION', { sessionNo: 0 }],
    ['NOTIFICATION_SESSION', { sessionNo: 0x1_0000 }],
    ['NOTIFICATION_SESSION', { sessionNo: 1.5 }],
    ['NOTIFICATION_SERVER_ID', { serverId: '' }],
    ['NOTIFICATION_SERVER_ID', { serverId: 'a'.repeat(256) }],
    ['NOTIFICATION_SERVER_ID', { serverId: 'é'.repeat(128) }],
  ])('that cannot be told is refused: %s %j', (code, change) => {
    expect(writeNotification({ ...plain, ...change }, 'secret', hex(''))).toMatchObject({ ok: false, code });
  });

  test('of 127 octets fits into one short message, one more takes two that say where they belong', () => {
    const fitting = new Uint8Array(ONE_SMS_OCTETS).fill(7);
    expect(ONE_SMS_OCTETS).toBe(127);
    expect(notificationSms(fitting).map((part) => part.length)).toEqual([140]);
    const parts = notificationSms(new Uint8Array(ONE_SMS_OCTETS + 1).fill(7), 0x5a);
    expect(parts.map((part) => hexOf(part.subarray(0, 12)))).toEqual([
      '0b05040b84c00200035a0201',
      '0b05040b84c00200035a0202',
    ]);
    expect(parts.map((part) => part.length <= 140)).toEqual([true, true]);
  });

  test('beyond 255 short messages there is no way', () => {
    expect(() => smsUserData(new Uint8Array(128 * 255 + 1))).toThrow(RangeError);
    expect(smsUserData(new Uint8Array(128 * 255))).toHaveLength(255);
  });
});

describe('A wake-up of a device', () => {
  const wakeUp = { sessionNo: 0x102, initiatedBy: 'SERVER', uiMode: 'BACKGROUND' } as const;
  const nonce = hex('808182838485868788898a8b8c8d8e8f');
  const known = account({ serverAuth: credential('DIGEST_MD5', 'mgmt.example.net', 's3cret-Server', nonce) });
  const device = { deviceId: 'IMEI:490154203237518' };

  test.each([
    ['DM_1_1_2', '1.0'],
    ['DM_1_2', '1.1'],
    ['DM_1_3', '1.1'],
    [undefined, '1.1'],
  ] as const)('that speaks %s has version %s', (protocol, version) => {
    const made = dm1Documents.wake({ account: known, device: { ...device, ...(protocol && { protocol }) } }, wakeUp);
    if (!made.ok) throw new Error(made.message);
    expect([made.match, made.document.mediaType]).toEqual(['102', NOTIFICATION_TYPE]);
    expect(readNotification(made.document.octets)).toMatchObject({ ok: true, value: { version, sessionNo: 0x102 } });
    expect(verifyNotification(made.document.octets, 'mgmt.example.net', 's3cret-Server', [nonce])).toBe(true);
  });

  test.each([
    ['OCTETS', '00000000'],
    ['CHARACTERS', '30783030303030303030'],
  ] as const)('for resynchronisation is made over 0x00000000 as %s (16.5)', (resync, expected) => {
    const made = dm1Documents.wake({ account: known, device }, { ...wakeUp, resync });
    if (!made.ok) throw new Error(made.message);
    const fits = (tried: Uint8Array): boolean =>
      verifyNotification(made.document.octets, 'mgmt.example.net', 's3cret-Server', [tried]);
    expect([fits(hex(expected)), fits(nonce), fits(hex(''))]).toEqual([true, false, false]);
  });

  test('needs a secret of the server', () => {
    expect(dm1Documents.wake({ account: account({ serverAuth: credential('NONE') }), device }, wakeUp)).toMatchObject({
      ok: false,
      field: 'serverAuth',
    });
  });
});
