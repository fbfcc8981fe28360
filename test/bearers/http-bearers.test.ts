import { createHmac } from 'node:crypto';

import { PapBearer, readPapResponse } from '../../src/bearers/pap';
import { WebhookBearer } from '../../src/bearers/webhook';
import { GOES_ON, Peer, push } from './support';

const TO = { deviceId: 'IMEI:493005100592800', msisdn: '+491700000001', udpAddress: '192.0.2.1' };
const SECRET = 'a secret of the webhook';
const NOW = 1_795_816_147_000;

let peer: Peer;
let url: string;

beforeEach(async () => {
  peer = new Peer();
  url = await peer.listen();
});
afterEach(() => peer.close());

const webhook = (): WebhookBearer =>
  new WebhookBearer('hook', { url: `${url}/wake?tenant=1`, secret: SECRET, timeoutMs: 300 }, () => NOW);
const pap = (): PapBearer =>
  new PapBearer('ppg', {
    url: `${url}/wappush`,
    username: 'moql',
    password: 'p:w',
    domain: 'ppg.example',
    timeoutMs: 300,
  });

describe('A webhook', () => {
  test('is posted the octets and what is known of the device, signed with a time', async () => {
    peer.answer = { status: 202, body: '{"id":"m-1"}' };
    const sent = push();
    expect(await webhook().send(sent, TO, GOES_ON)).toEqual({ outcome: 'ACCEPTED', messageId: 'm-1' });
    const [taken] = peer.taken;
    expect(taken?.url).toBe('/wake?tenant=1');
    const body = taken?.body.toString('utf8') ?? '';
    expect(JSON.parse(body)).toEqual({
      type: 'wakeUp',
      bearer: 'hook',
      ...TO,
      mediaType: sent.mediaType,
      octets: Buffer.from(sent.octets).toString('base64'),
      wsp: Buffer.from(sent.wsp).toString('base64'),
      sms: sent.sms.map((part) => Buffer.from(part).toString('base64')),
    });
    const digest = createHmac('sha256', SECRET)
      .update(`${NOW / 1000}.${body}`)
      .digest('hex');
    expect(taken?.headers['x-moql-signature']).toBe(`t=${NOW / 1000},v1=${digest}`);
  });

  test.each([
    [400, 'REFUSED'],
    [404, 'REFUSED'],
    [408, 'FAILED'],
    [429, 'FAILED'],
    [500, 'FAILED'],
    [503, 'FAILED'],
  ])('that answers %i makes it %s', async (status, outcome) => {
    peer.answer = { status };
    expect(await webhook().send(push(), TO, GOES_ON)).toEqual({ outcome, reason: `HTTP ${status}` });
  });

  test('is not followed where it redirects', async () => {
    peer.answer = { status: 307, location: `${url}/elsewhere` };
    expect(await webhook().send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
    expect(peer.taken.map((taken) => taken.url)).toEqual(['/wake?tenant=1']);
  });

  test('that does not answer in time, or is not there, makes it FAILED', async () => {
    peer.answer = undefined;
    expect(await webhook().send(push(), TO, GOES_ON)).toEqual({ outcome: 'FAILED', reason: 'no answer within 300 ms' });
    const gone = new WebhookBearer('hook', { url: 'http://127.0.0.1:1/', secret: SECRET, timeoutMs: 300 });
    expect(await gone.send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'FAILED' });
  });

  test('is left when the gateway stops', async () => {
    peer.answer = undefined;
    const stop = new AbortController();
    const sending = webhook().send(push(), TO, stop.signal);
    stop.abort();
    expect(await sending).toEqual({ outcome: 'FAILED', reason: 'the gateway is being stopped' });
  });
});

const response = (code: string, desc = ''): string =>
  `<?xml version="1.0"?><!DOCTYPE pap PUBLIC "-//WAPFORUM//DTD PAP 1.0//EN" "http://www.wapforum.org/DTD/pap_1.0.dtd">
<pap><push-response push-id="x"><response-result code="${code}" desc="${desc}"></response-result></push-response></pap>`;

describe('A push proxy gateway', () => {
  test('is posted a control document and the notification, and its code is read', async () => {
    peer.answer = { status: 202, body: response('1001', 'accepted') };
    const sent = push();
    const outcome = await pap().send(sent, TO, GOES_ON);
    const [taken] = peer.taken;
    expect(taken?.headers.authorization).toBe(`Basic ${Buffer.from('moql:p:w').toString('base64')}`);
    const boundary = /^multipart\/related; boundary="([^"]+)"; type="application\/xml"$/.exec(
      taken?.headers['content-type'] ?? '',
    )?.[1];
    const [before, control, content, after] = taken?.body.toString('latin1').split(`--${boundary ?? '?'}`) ?? [];
    expect([before, after]).toEqual(['', '--\r\n']);
    const pushId = /push-id="([^"]+@ppg\.example)"/.exec(control ?? '')?.[1];
    expect(outcome).toEqual({ outcome: 'ACCEPTED', messageId: pushId });
    expect(control).toContain('address-value="WAPPUSH=+491700000001/TYPE=PLMN@ppg.example"');
    expect(content).toBe(
      `\r\nContent-Type: ${sent.mediaType}\r\nX-Wap-Application-Id: x-wap-application:syncml.dm\r\n\r\n${Buffer.from(
        sent.octets,
      ).toString('latin1')}\r\n`,
    );
  });

  test.each([
    ['1000', 'ACCEPTED'],
    ['2000', 'REFUSED'],
    ['2002', 'REFUSED'],
    ['3000', 'FAILED'],
    ['3001', 'REFUSED'],
    ['4001', 'FAILED'],
    ['5000', 'FAILED'],
  ])('that tells code %s makes it %s', async (code, outcome) => {
    peer.answer = { status: 202, body: response(code, 'why') };
    expect(await pap().send(push(), TO, GOES_ON)).toMatchObject(
      outcome === 'ACCEPTED' ? { outcome } : { outcome, reason: `PAP ${code}: why` },
    );
  });

  test.each([
    ['a document of another kind', '<html/>'],
    ['broken XML', '<pap><push-response'],
    ['nothing', ''],
  ])('that answers with %s makes it FAILED', async (_what, body) => {
    peer.answer = { status: 200, body };
    expect(await pap().send(push(), TO, GOES_ON)).toEqual({
      outcome: 'FAILED',
      reason: 'HTTP 200 without a push response',
    });
  });

  test('that knows not who asks, or redirects, makes it REFUSED; so does a device without a number', async () => {
    peer.answer = { status: 401 };
    expect(await pap().send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
    peer.answer = { status: 302, location: `${url}/elsewhere` };
    expect(await pap().send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
    expect(await pap().send(push(), { deviceId: 'IMEI:1' }, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
    expect(peer.taken).toHaveLength(2);
  });

  test('may tell a bad message, and a long answer is read in part', () => {
    expect(readPapResponse('<pap><badmessage-response code="2000" desc="bad"/></pap>')).toEqual({
      code: 2000,
      description: 'bad',
    });
    expect(readPapResponse('<pap><response-result code="x"/></pap>')).toBeUndefined();
  });
});
