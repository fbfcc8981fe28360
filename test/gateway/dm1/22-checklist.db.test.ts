/**
 * The checklist of section 22. Where its points are shown (files of this folder by their number); those that no other
 * file shows have their dialogue here.
 *
 *  1 media types, 200, length, no caching, no reliance on connections ......... 12
 *  2 versions mirrored, 505 and 513 ........................................... 01
 *  3 SessionID and MsgID echoed, CmdIDs, Target and Source, RespURI ........... 03
 *  4 Status elements first, in order, for what needs one ...................... 02 (2.4)
 *  5 authentication before anything else, two challenges, strangers alike ..... 02 (2.6), 11; ../dm1-refused
 *  6 212 and the next nonce; HMAC signs each message .......................... 11
 *  7 the server's credential, one resend, nonces kept ......................... 11
 *  8 DevInfo of the first message ............................................. 15; whose it is: here
 *  9 no command before the client's Final ..................................... 02 (2.3), 09
 * 10 Final in every other message ............................................. 02, 08
 * 11 one package in flight; nothing stops on failure by itself ................ 02 (2.3, 2.5)
 * 12 MaxMsgSize, MaxObjSize, chunks ........................................... 03, 08
 * 13 Atomic and Sequence in one message; Format and Data in each Item ......... 02 (2.3), 04 (4.3), 05
 * 14 Status and Results found by their references; 202 stays open ............. 02 (2.5), 05, 18, 21
 * 15 generic alerts and client events answered and told once .................. 09
 * 16 the end of a session, 1223, silence ...................................... 02 (2.1, 2.2), 09 (9.4)
 * 17 resends, restarts, strangers ............................................. 02 (2.7)
 * 18 relative URIs, properties, lists, ACLs, TNDS ............................. 06, 07, 14
 * 19 both forms of XML and WBXML, edge cases .................................. 04, 13, 21; ../bad-input
 * 20 notification and bootstrap, ServerID = AAuthName of SRVCRED .............. 16, 17
 * 21 nothing secret is logged ................................................. here
 */
import { createLog } from '../../../src/cli/log';
import { startTestGateway } from '../../support/gateway';
import { basicCred, chalOf, hmacHeader, md5Cred, nonceFor } from '../support/proofs';
import { PUBLIC_URL, SpokenDevice, alert, by, describeSection, devInfo } from '../support/spoken';
import { SERVER_ID, ask, createAccount, register } from '../support/world';

describeSection('22 What a server must do', ({ device }) => {
  test('8. who a device is, its credential says and not Source: another device with a right one of its own is refused', async () => {
    const login = (username: string): { type: 'BASIC'; username: string; secret: string } => ({
      type: 'BASIC',
      username,
      secret: `secret of ${username}`,
    });
    const [one, other] = [await device({ clientAuth: login('one') }), await device({ clientAuth: login('other') })];
    const operation = await one.isAsked([by.exec('./Vendor/A')]);
    const cred = basicCred({ user: 'other', secret: 'secret of other' });
    await one.begins({ user: 'other', cred });
    expect(one.heard).toEqual(['401 SyncHdr', '401 Alert', '401 Replace', 'Final']);
    expect(await operation.now()).toMatchObject({ state: 'QUEUED' });
    await other.begins({ user: 'other', cred });
    expect(other.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Replace', 'Final']);
    // Nor does a session that runs let in who knows its address and not its credential.
    await one.begins({ cred: basicCred({ user: 'one', secret: 'secret of one' }) });
    expect(one.heard).toContain('Exec ./Vendor/A');
    await one.says([one.accepts(), one.judges(0, 200)], { source: { locUri: other.deviceId } } as object);
    expect(one.heard).toEqual(['407 SyncHdr', 'Final']);
    expect(await operation.now()).toMatchObject({ state: 'RUNNING' });
  });
});

describe('22 What a server must do, point 21', () => {
  test('no secret, nonce, credential or address of a session is logged, at whatever level', async () => {
    const lines: string[] = [];
    const log = createLog('trace', { write: (line) => void lines.push(line) });
    const gateway = await startTestGateway({ env: { MOQL_PUBLIC_URL: PUBLIC_URL, LOG_LEVEL: 'trace' }, log });
    const client = { user: 'user of the device', secret: 'secret of the device' };
    const server = { user: SERVER_ID, secret: 'secret of the server' };
    const hidden = [client.secret, server.secret];
    try {
      const accountId = await createAccount(gateway);
      for (const type of ['BASIC', 'DIGEST_MD5', 'HMAC'] as const) {
        const deviceId = `IMEI:49015420323751${type.length}`;
        const login = ({ user: username, secret }: typeof client): object => ({ type, username, secret });
        await register(gateway, { deviceId, accountId, clientAuth: login(client), serverAuth: login(server) });
        const phone = new SpokenDevice(deviceId, 'xml', [{ ...gateway, deviceUrl: gateway.url }], {});
        await phone.isAsked([by.get('./Vendor/A', 0)]);
        await phone.begins();
        const again = [phone.accepts(407), alert('1', '1201'), devInfo('2', deviceId)];
        const nonce = type === 'BASIC' ? new Uint8Array() : nonceFor(phone);
        const cred = type === 'BASIC' ? basicCred(client) : md5Cred(client, nonce);
        const http = { 'x-syncml-hmac': hmacHeader(client, nonce, new Uint8Array()) };
        await phone.says(again, type === 'HMAC' ? { http } : { cred });
        hidden.push(phone.reply.header.respUri?.split('/').at(-1) ?? '', Buffer.from(nonce).toString('base64'));
        hidden.push(
          ...[cred, phone.reply.header.cred].flatMap((one) => (one?.data.kind === 'text' ? one.data.text : [])),
        );
        const chal = chalOf('syncml:auth-md5', Buffer.from('nonce of the device!'));
        await phone.says([{ ...phone.accepts(401), chal }, alert('1', '1222')]);
        await phone.posts(Buffer.from(`<SyncML><Cred>${client.secret}`));
      }
      const { bootstrapDevice: made } = await ask<{ bootstrapDevice: { url: string } }>(
        gateway,
        'mutation ($input: BootstrapDeviceInput!) { bootstrapDevice(input: $input) { url } }',
        { input: { deviceId: 'IMEI:490154203237515', profile: 'CP', security: { method: 'USERPIN', pin: '3141592' } } },
      );
      await fetch(made.url.replace(PUBLIC_URL, gateway.url));
      hidden.push(made.url.split('/').at(-1) ?? '', '3141592', Buffer.from('nonce of the device!').toString('base64'));
    } finally {
      await gateway.close();
    }
    expect(lines.join('')).toContain('message refused');
    for (const secret of hidden.filter((text) => text !== '')) expect(lines.join('')).not.toContain(secret);
  });
});
