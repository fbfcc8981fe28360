import { assert, boolean, integer, option, property, record, string, subarray, uint8Array } from 'fast-check';

import type { PreferredConnection } from '../../../adapters/adapter';
import { dm2Documents } from '../../../adapters/dm2';
import {
  package0Push,
  package0Sms,
  readPackage0,
  verifyPackage0,
  writePackage0,
  type NotificationAuth,
  type Package0,
} from '../../../adapters/dm2/notification';
import { describeShared } from '../../support/shared';
import { account, credential } from '../dm1/accounts';
import { json } from './vectors';

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'));
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

interface Case {
  readonly name: string;
  readonly options: readonly { readonly number: number; readonly value_hex: string }[];
  readonly secret_hex?: string;
  readonly auth_data_hex?: string;
  readonly client_holds_secret_hex?: string | null;
  readonly client_holds_auth_data_hex?: string;
  readonly message_hex: string;
  readonly wsp_push_hex: string;
  readonly sms_user_data_hex: string;
  readonly expect: 'accept' | 'drop' | 'either';
  readonly reads?: {
    readonly server_id?: string;
    readonly connections?: readonly PreferredConnection[];
    readonly notification_id?: number;
    readonly timestamp?: number;
    readonly req_mos?: boolean;
  };
}

function fieldsOf({ reads = {} }: Case): Package0 {
  const { server_id: serverId, connections, notification_id: notificationId, timestamp, req_mos: asks } = reads;
  return {
    ...(serverId === undefined ? {} : { serverId }),
    ...(connections === undefined ? {} : { connections }),
    ...(notificationId === undefined ? {} : { notificationId }),
    ...(timestamp === undefined ? {} : { timestamp }),
    requestsMos: asks === true,
  };
}

function authOf(secret: string | null | undefined, data: string | undefined): NotificationAuth | undefined {
  return secret == null ? undefined : { secret: hex(secret), data: hex(data ?? '') };
}

/** What a client does: drops what it cannot read, or cannot check although it is signed. */
function isTaken(row: Case, octets: Uint8Array): boolean {
  const read = readPackage0(octets);
  if (!read.ok) return false;
  const isOther = 'client_holds_secret_hex' in row;
  const auth = isOther
    ? authOf(row.client_holds_secret_hex, row.client_holds_auth_data_hex)
    : authOf(row.secret_hex, row.auth_data_hex);
  return !read.value.isSigned || (auth !== undefined && verifyPackage0(octets, auth));
}

/** Those that this server would send as they are: what it does not send are times of other lengths and options of others. */
const NOT_SENT = new Set([
  'timestamp-8-bytes',
  'timestamp-ascii',
  'unknown-option-7',
  'unknown-option-21',
  'reserved-bits-set',
]);

describeShared('Package#0 against the reference values (dm2 3)', () => {
  const { cases } = json<{ cases: readonly Case[] }>('package0-vectors.json');
  const named = cases.map((row) => [row.name, row] as const);
  const written = named.filter(([name, row]) => row.expect === 'accept' && !NOT_SENT.has(name));

  test('are 28, of which 9 are as we write them', () => expect([named.length, written.length]).toEqual([28, 9]));

  test.each(written)('%s is written octet for octet', (_name, row) => {
    const made = writePackage0(fieldsOf(row), authOf(row.secret_hex, row.auth_data_hex));
    expect(made.ok && hexOf(made.value)).toBe(row.message_hex);
  });

  test.each(named)('%s is carried by its push and short messages', (_name, row) => {
    const octets = hex(row.message_hex);
    expect(hexOf(package0Push(octets))).toBe(row.wsp_push_hex);
    const sms = package0Sms(octets).map(hexOf);
    if (sms.length === 1) expect(sms).toEqual([row.sms_user_data_hex]);
    // A push that no single short message takes: the header of each part has 12 octets.
    else expect(sms.map((part) => part.slice(24)).join('')).toBe(row.wsp_push_hex);
  });

  test.each(named.filter(([, row]) => row.expect !== 'either'))(
    '%s is judged as expected by a device',
    (_name, row) => {
      const octets = hex(row.message_hex);
      expect(isTaken(row, octets)).toBe(row.expect === 'accept');
      if (row.expect === 'accept') expect(readPackage0(octets)).toMatchObject({ ok: true, value: fieldsOf(row) });
    },
  );
});

describe('Package#0', () => {
  const anyConnections = subarray<PreferredConnection>(['CELLULAR', 'WIRELINE', 'WLAN', 'ANY_AVAILABLE'], {
    minLength: 1,
  });
  const anyFields = record(
    {
      serverId: string({ unit: 'grapheme', minLength: 1, maxLength: 300 }).filter((text) => !text.startsWith('\ufeff')),
      connections: anyConnections,
      notificationId: integer({ min: 0, max: 0xffff }),
      timestamp: integer({ min: 0, max: 0xffff_ffff }),
      requestsMos: boolean(),
    },
    { requiredKeys: ['requestsMos'] },
  );
  const anyAuth = record({ secret: uint8Array({ maxLength: 64 }), data: uint8Array({ maxLength: 32 }) });

  test('what is written is read as it was meant, and fits its secret', () => {
    assert(
      property(anyFields, option(anyAuth, { nil: undefined }), (fields, auth) => {
        const made = writePackage0(fields, auth);
        if (!made.ok) throw new Error(made.message);
        expect(readPackage0(made.value)).toEqual({ ok: true, value: { ...fields, isSigned: auth !== undefined } });
        expect(auth !== undefined && verifyPackage0(made.value, auth)).toBe(auth !== undefined);
      }),
    );
  });

  test('one octet that was changed is told by the digest, whichever it is', () => {
    const auth = { secret: Buffer.from('secret'), data: Uint8Array.of(1, 2) };
    assert(
      property(anyFields, integer({ min: 0, max: 10_000 }), integer({ min: 1, max: 255 }), (fields, at, bits) => {
        const made = writePackage0(fields, auth);
        if (!made.ok) throw new Error(made.message);
        const changed = Uint8Array.from(made.value);
        changed[at % changed.length] = (changed[at % changed.length] ?? 0) ^ bits;
        expect(verifyPackage0(changed, auth)).toBe(false);
      }),
    );
  });

  test('any octets are read or refused, and a part of one is never taken for the whole', () => {
    assert(
      property(uint8Array({ maxLength: 400 }), (octets) => {
        expect(typeof readPackage0(octets).ok).toBe('boolean');
      }),
    );
    assert(
      property(anyFields, integer({ min: 0, max: 10_000 }), (fields, length) => {
        const made = writePackage0(fields, { secret: Uint8Array.of(1), data: new Uint8Array() });
        if (!made.ok) throw new Error(made.message);
        expect(readPackage0(made.value.subarray(0, length % made.value.length)).ok).toBe(false);
      }),
    );
  });

  test.each<[string, Package0, string]>([
    ['an empty server', { serverId: '', requestsMos: true }, 'FIELD_SERVER_ID'],
    ['a server of 4096 octets', { serverId: 'x'.repeat(4096), requestsMos: true }, 'FIELD_SERVER_ID'],
    ['an identifier of three octets', { notificationId: 65_536, requestsMos: true }, 'FIELD_NOTIFICATION_ID'],
    ['a negative identifier', { notificationId: -1, requestsMos: true }, 'FIELD_NOTIFICATION_ID'],
    ['a connection twice', { connections: ['WLAN', 'WLAN'], requestsMos: true }, 'FIELD_CONNECTIONS'],
    ['any connection first', { connections: ['ANY_AVAILABLE', 'WLAN'], requestsMos: true }, 'FIELD_CONNECTIONS'],
    ['a time after 2106', { timestamp: 2 ** 32, requestsMos: true }, 'FIELD_TIMESTAMP'],
  ])('%s is not sent', (_what, fields, code) => {
    expect(writePackage0(fields)).toMatchObject({ ok: false, code });
  });
});

describe('The document of a notification', () => {
  const request = { sessionNo: 0x1a2b, initiatedBy: 'SERVER', uiMode: 'BACKGROUND', now: 1_750_000_000_999 } as const;
  const of = (change: Parameters<typeof account>[0] = {}): Parameters<typeof dm2Documents.wake>[0] => ({
    account: account({
      serverId: 'dm.acme.test',
      serverAuth: credential('DIGEST_MD5', '', 'pump-noti-secret', hex('00112233445566778899aabbccddeeff')),
      ...change,
    }),
    device: { deviceId: 'IMEI:1', protocol: 'DM_2_0' },
  });

  test('is signed with the secret of the server over the data that its account has (dm2 3.4)', () => {
    const made = dm2Documents.wake(of(), { ...request, connections: ['WLAN', 'CELLULAR', 'ANY_AVAILABLE'] });
    if (!made.ok) throw new Error(made.message);
    expect(made.match).toBe('1A2B');
    expect(made.document.mediaType).toBe('application/vnd.syncml.dm.notification');
    expect(Buffer.from(made.document.octets).toString('base64')).toBe(
      'IwAQDGRtLmFjbWUudGVzdBADAgEAEAIaKxAgYUtiJsAXGcG7Bca+MMIm86Z/hS8Y9mboWQsv9jb1MgYQBGhO4YAQAA==',
    );
  });

  test.each([
    ['serverAuth', { serverAuth: credential('NONE') }, {}],
    ['resync', {}, { resync: 'OCTETS' }],
    ['vendor', {}, { vendor: Uint8Array.of(1) }],
    ['connections', {}, { connections: ['WLAN', 'WLAN'] }],
  ] as const)('is not made where %s stands against it', (field, change, more) => {
    expect(dm2Documents.wake(of(change), { ...request, ...more })).toMatchObject({ ok: false, field });
  });
});
