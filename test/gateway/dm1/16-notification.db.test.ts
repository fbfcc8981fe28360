import { createHash } from 'node:crypto';

import { chalOf, h64, md5Cred } from '../support/proofs';
import { alert, by, describeSection, devInfo } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { SERVER_ID, ask } from '../support/world';

const SERVER = { user: SERVER_ID, secret: 'secret of the server' };
const NONCE = Uint8Array.from({ length: 16 }, (_, index) => 0x80 + index);
const DIGEST_OCTETS = 16;

/** H(B64(H(server identifier:password)):nonce:B64(H(trigger))) as raw octets. */
function digestOf(trigger: Uint8Array, nonce: Uint8Array): string {
  const secret = h64(`${SERVER.user}:${SERVER.secret}`);
  return createHash('md5')
    .update(`${secret}:`)
    .update(nonce)
    .update(`:${h64(trigger)}`)
    .digest('hex');
}

interface Prepared {
  readonly sessionId: string;
  readonly octets: Buffer;
  readonly mediaType: string;
  readonly wsp: Buffer;
  readonly sms: readonly Buffer[];
}

describeSection('16 Package 0 (notification)', ({ device, gateway, passes }) => {
  async function prepare({ deviceId }: SpokenDevice, input: object = {}): Promise<Prepared> {
    const { prepareNotification: made } = await ask<{
      prepareNotification: {
        sessionId: string;
        document: { octets: string; mediaType: string; wsp: string; sms: readonly string[] };
      };
    }>(
      gateway(),
      `mutation ($input: PrepareNotificationInput!) { prepareNotification(input: $input) {
        sessionId document { octets mediaType wsp sms } } }`,
      { input: { deviceId, ...input } },
    );
    const octetsOf = (base64: string): Buffer => Buffer.from(base64, 'base64');
    const { octets, mediaType, wsp, sms } = made.document;
    return {
      sessionId: made.sessionId,
      octets: octetsOf(octets),
      mediaType,
      wsp: octetsOf(wsp),
      sms: sms.map(octetsOf),
    };
  }

  /** A device that proved nothing, was proved to, and gave a nonce for the next time. */
  async function acquainted(version: '1.1.2' | '1.2' = '1.2'): Promise<SpokenDevice> {
    const { user: username, secret } = SERVER;
    const phone = await device({ serverAuth: { type: 'DIGEST_MD5', username, secret }, version });
    await phone.isAsked([by.get('./Vendor/A', 0)]);
    await phone.begins();
    const status = { ...phone.accepts(), chal: chalOf('syncml:auth-md5', NONCE) };
    await phone.says([status, phone.judges(0, 404)]);
    return phone;
  }

  /** A session that the device says to be the notified one. */
  async function comes(phone: SpokenDevice, sessionId: string, code = '1200'): Promise<void> {
    phone.sessionId = sessionId;
    await phone.says([alert('1', code), devInfo('2', phone.deviceId)], { msgId: '1', atEndpoint: true });
  }

  async function answeredBy({ deviceId }: SpokenDevice): Promise<number> {
    const { events } = await ask<{ events: { nodes: readonly unknown[] } }>(
      gateway(),
      'query ($id: ID!) { events(where: { deviceId: $id, type: "wakeUpAnswered" }) { nodes { data } } }',
      { id: deviceId },
    );
    return events.nodes.length;
  }

  describe('16.1 Layout, 16.2 Digest', () => {
    test.each([
      [{ uiMode: 'INFORMATIVE', initiator: 'SERVER' }, '1.2', '02e8000000'],
      [{ uiMode: 'BACKGROUND', initiator: 'USER' }, '1.2', '02d0000000'],
      [{ uiMode: 'INTERACTIVE', initiator: 'SERVER', vendor: 'AQID' }, '1.2', '02f8000000'],
      [{ uiMode: 'UNSPECIFIED', initiator: 'USER' }, '1.1.2', '0280000000'],
    ] as const)(
      '%j to a device of DM %s begins with %s, and its digest is made over the nonce of the device',
      async (input, version, head) => {
        const phone = await acquainted(version);
        const { octets } = await prepare(phone, { sessionId: '00A1', ...input });
        const trigger = octets.subarray(DIGEST_OCTETS);
        const vendor = 'vendor' in input ? '010203' : '';
        expect(trigger.toString('hex')).toBe(
          `${head}00a1${SERVER_ID.length.toString(16).padStart(2, '0')}${Buffer.from(SERVER_ID).toString('hex')}${vendor}`,
        );
        expect(octets.subarray(0, DIGEST_OCTETS).toString('hex')).toBe(digestOf(trigger, NONCE));
      },
    );

    test.each([
      ['OCTETS', new Uint8Array(4)],
      ['CHARACTERS', Buffer.from('0x00000000')],
    ] as const)('16.5 for resynchronisation (%s) the digest is made over 0x00000000', async (resync, nonce) => {
      const { octets } = await prepare(await acquainted(), { resync });
      const trigger = octets.subarray(DIGEST_OCTETS);
      expect(octets.subarray(0, DIGEST_OCTETS).toString('hex')).toBe(digestOf(trigger, nonce));
    });

    test('the nonce is not used up: the credential in the session that follows is made over the same', async () => {
      const phone = await acquainted();
      const { sessionId } = await prepare(phone);
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await comes(phone, sessionId);
      expect(phone.reply.header.cred?.data).toEqual(md5Cred(SERVER, NONCE).data);
    });
  });

  describe('16.3 Session', () => {
    test('Alert 1200 under the SessionID of the notification gets the work', async () => {
      const phone = await acquainted();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      const { sessionId, octets } = await prepare(phone);
      expect(octets.readUInt16BE(DIGEST_OCTETS + 5)).toBe(Number.parseInt(sessionId, 16));
      await comes(phone, sessionId);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Get ./Vendor/A', 'Final']);
      expect(phone.reply.header.sessionId).toBe(sessionId);
      expect(await answeredBy(phone)).toBe(1);
    });

    test.each([
      ['whose octets came swapped', '201', '1200'],
      ['that the device began by itself meanwhile', '7', '1201'],
    ])('a session %s gets the work as well', async (_what, sessionId, code) => {
      const phone = await acquainted();
      await phone.isAsked([by.get('./Vendor/A', 0)]);
      await prepare(phone, { sessionId: '0102' });
      await comes(phone, sessionId, code);
      expect(phone.heard).toContain('Get ./Vendor/A');
    });

    test('two notifications have two sessions; one that was lost is sent again with the same, octet for octet', async () => {
      const phone = await acquainted();
      const first = await prepare(phone);
      await passes(60_000);
      const second = await prepare(phone);
      expect(second.sessionId).not.toBe(first.sessionId);
      expect(second.octets).not.toEqual(first.octets);
      expect(await prepare(phone, { sessionId: second.sessionId })).toEqual(second);
    });
  });

  test('16.4 it is carried by one short message to port 2948, as a WSP push', async () => {
    const { octets, wsp, sms, mediaType } = await prepare(await acquainted());
    expect(mediaType).toBe('application/vnd.syncml.notification');
    expect(wsp.toString('hex')).toBe(`010603c4af87${octets.toString('hex')}`);
    expect(sms.map((part) => part.toString('hex'))).toEqual([`0605040b84c002${wsp.toString('hex')}`]);
  });
});
