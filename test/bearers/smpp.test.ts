import type { AddressInfo, Server } from 'node:net';

import { createServer, type Pdu, type Session } from 'smpp';

import type { DeliveryReport } from '../../src/bearers/bearer';
import { SmppBearer, readReceipt, type SmppSettings } from '../../src/bearers/smpp';
import { GOES_ON, push, QUIET } from './support';

const TO = { deviceId: 'IMEI:1', msisdn: '+491700000001' };

/** A short message centre that answers as it is told. */
class Centre {
  readonly heard: Pdu[] = [];
  readonly sessions: Session[] = [];
  bindStatus = 0;
  /** Undefined: no answer. */
  submit: ((pdu: Pdu, nth: number) => number | undefined) | undefined = () => 0;
  answersEnquiries = true;
  readonly #awaited: { readonly command: string; readonly tell: (pdu: Pdu) => void }[] = [];
  #server: Server;
  #submitted = 0;

  constructor() {
    this.#server = this.#make();
  }

  #make(): Server {
    return createServer((session) => {
      this.sessions.push(session);
      session.on('error', () => undefined);
      session.on('pdu', (pdu: Pdu) => {
        this.heard.push(pdu);
        this.#answer(session, pdu);
        for (const one of this.#awaited.splice(0))
          if (one.command === pdu.command) one.tell(pdu);
          else this.#awaited.push(one);
      });
    });
  }

  #answer(session: Session, pdu: Pdu): void {
    if (pdu.command.startsWith('bind_')) session.send(pdu.response({ command_status: this.bindStatus }));
    if (pdu.command === 'unbind') session.send(pdu.response());
    if (pdu.command === 'enquire_link' && this.answersEnquiries) session.send(pdu.response());
    if (pdu.command !== 'submit_sm') return;
    const nth = ++this.#submitted;
    const status = this.submit?.(pdu, nth);
    if (status !== undefined) session.send(pdu.response({ command_status: status, message_id: `m${nth}` }));
  }

  next(command: string): Promise<Pdu> {
    return new Promise((tell) => this.#awaited.push({ command, tell }));
  }

  count(command: string): number {
    return this.heard.filter((pdu) => pdu.command === command).length;
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks all connections and, until it listens again, takes no more. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const session of this.sessions.splice(0)) session.destroy();
    await closed;
    this.#server = this.#make();
  }
}

let centre: Centre;
let port: number;
let bearer: SmppBearer;
let reports: DeliveryReport[];

function bearerWith(settings: Partial<SmppSettings> = {}): SmppBearer {
  const whole: SmppSettings = {
    host: '127.0.0.1',
    port,
    tls: false,
    systemId: 'moql',
    password: 'pass',
    systemType: 'VMA',
    mode: 'transceiver',
    source: '4321',
    sourceTon: 3,
    sourceNpi: 0,
    dataCoding: 4,
    window: 10,
    receipts: true,
    enquireLinkMs: 60_000,
    reconnectMs: 20,
    timeoutMs: 400,
    ...settings,
  };
  return new SmppBearer('sms', whole, { log: QUIET, random: () => 0.5, reported: (report) => reports.push(report) });
}

beforeEach(async () => {
  reports = [];
  centre = new Centre();
  port = await centre.listen();
  bearer = bearerWith();
});
afterEach(async () => {
  await bearer.close();
  await centre.stop();
});

const submitted = (): readonly Pdu[] => centre.heard.filter((pdu) => pdu.command === 'submit_sm');
/** User data as it was sent: header and text, which the library takes apart. */
const textOf = (pdu: Pdu | undefined): Buffer => (pdu?.['short_message'] as { message: Buffer }).message;

describe('A short message through SMPP', () => {
  test('goes out on a bound connection as binary data to port 2948', async () => {
    const sent = push();
    expect(await bearer.send(sent, TO, GOES_ON)).toEqual({ outcome: 'ACCEPTED', messageId: 'm1' });
    expect(centre.heard[0]).toMatchObject({
      command: 'bind_transceiver',
      system_id: 'moql',
      password: 'pass',
      system_type: 'VMA',
      interface_version: 0x34,
    });
    const [message] = submitted();
    expect(message).toMatchObject({
      source_addr: '4321',
      source_addr_ton: 3,
      destination_addr: '491700000001',
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      esm_class: 0x40,
      data_coding: 4,
      registered_delivery: 1,
    });
    expect(textOf(message).equals(Buffer.from(sent.wsp))).toBe(true);
    expect((message?.['short_message'] as { udh: Buffer[] }).udh).toEqual([Buffer.from('05040b84c002', 'hex')]);
  });

  test('that is long is several, in order, on the same connection', async () => {
    const sent = push(`long.${'x'.repeat(180)}.example`);
    expect(sent.sms.length).toBeGreaterThan(1);
    expect(await bearer.send(sent, TO, GOES_ON)).toMatchObject({ outcome: 'ACCEPTED' });
    await bearer.send(push(), TO, GOES_ON);
    expect(submitted()).toHaveLength(sent.sms.length + 1);
    expect(Buffer.concat(submitted().slice(0, -1).map(textOf)).equals(Buffer.from(sent.wsp))).toBe(true);
    expect(centre.count('bind_transceiver')).toBe(1);
  });

  test('stops at a part that is refused', async () => {
    centre.submit = () => 0x0b;
    expect(await bearer.send(push('x'.repeat(200)), TO, GOES_ON)).toEqual({
      outcome: 'REFUSED',
      reason: 'SMPP 0x0000000B',
    });
    expect(submitted()).toHaveLength(1);
  });

  test.each([
    [0x58, 'FAILED'],
    [0x14, 'FAILED'],
    [0x08, 'FAILED'],
    [0x0b, 'REFUSED'],
    [0x45, 'REFUSED'],
  ])('answered with status %i is %s', async (status, outcome) => {
    centre.submit = () => status;
    expect(await bearer.send(push(), TO, GOES_ON)).toMatchObject({ outcome });
  });

  test('that is not answered is FAILED', async () => {
    centre.submit = undefined;
    bearer = bearerWith({ timeoutMs: 50 });
    expect(await bearer.send(push(), TO, GOES_ON)).toEqual({
      outcome: 'FAILED',
      reason: 'no answer of the short message centre',
    });
  });

  test('waits for its place in the window', async () => {
    bearer = bearerWith({ window: 2, timeoutMs: 5000 });
    const answers: (() => void)[] = [];
    centre.submit = () => undefined;
    const sendings = [1, 2, 3].map(() => bearer.send(push(), TO, GOES_ON));
    await centre.next('submit_sm');
    if (submitted().length < 2) await centre.next('submit_sm');
    // An answered enquiry shows that nothing more was sent meanwhile.
    const [session] = centre.sessions;
    await new Promise<void>((resolve) => session?.enquire_link(() => resolve()));
    expect(submitted()).toHaveLength(2);
    centre.submit = () => 0;
    const third = centre.next('submit_sm');
    for (const pdu of submitted()) answers.push(() => session?.send(pdu.response({ message_id: 'late' })));
    for (const answer of answers) answer();
    await third;
    expect((await Promise.all(sendings)).map(({ outcome }) => outcome)).toEqual(['ACCEPTED', 'ACCEPTED', 'ACCEPTED']);
  });

  test('needs a number', async () => {
    expect(await bearer.send(push(), { deviceId: 'IMEI:1' }, GOES_ON)).toMatchObject({ outcome: 'REFUSED' });
    expect(centre.sessions).toHaveLength(0);
  });
});

describe('The connection to a short message centre', () => {
  test('is made anew after a loss, and what waited for an answer is FAILED', async () => {
    await bearer.send(push(), TO, GOES_ON);
    centre.submit = undefined;
    const cut = bearer.send(push(), TO, GOES_ON);
    await centre.next('submit_sm');
    await centre.stop();
    expect(await cut).toMatchObject({ outcome: 'FAILED' });
    expect(await bearer.send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'FAILED' });
    centre.submit = () => 0;
    await centre.listen(port);
    await centre.next('bind_transceiver');
    expect(await bearer.send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'ACCEPTED' });
  });

  test('that is refused is told with its status', async () => {
    centre.bindStatus = 0x0e;
    expect(await bearer.send(push(), TO, GOES_ON)).toEqual({
      outcome: 'FAILED',
      reason: 'the bind was refused with status 0x0000000E',
    });
  });

  test('is given up when the centre answers no enquiry, or ends it', async () => {
    bearer = bearerWith({ enquireLinkMs: 30, timeoutMs: 60 });
    await bearer.send(push(), TO, GOES_ON);
    centre.answersEnquiries = false;
    await centre.next('bind_transceiver');
    centre.answersEnquiries = true;
    expect(await bearer.send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'ACCEPTED' });
    const again = centre.next('bind_transceiver');
    centre.sessions.at(-1)?.unbind(() => undefined);
    await again;
  });

  test('answers the enquiries of the centre, and is unbound at the end', async () => {
    await bearer.send(push(), TO, GOES_ON);
    const answer = await new Promise<Pdu>((resolve) => centre.sessions[0]?.enquire_link(resolve));
    expect(answer).toMatchObject({ command: 'enquire_link_resp', command_status: 0 });
    await bearer.close();
    expect(centre.count('unbind')).toBe(1);
    expect(await bearer.send(push(), TO, GOES_ON)).toMatchObject({ outcome: 'FAILED' });
  });
});

describe('A receipt', () => {
  const receipt = (text: string, more: object = {}): Pdu =>
    ({ command: 'deliver_sm', esm_class: 4, short_message: { message: text }, ...more }) as unknown as Pdu;

  test('tells what became of a message', async () => {
    await bearer.send(push(), TO, GOES_ON);
    const text = 'id:m1 sub:001 dlvrd:001 submit date:2611272148 done date:2611272149 stat:DELIVRD err:000 text:';
    const answered = await new Promise<Pdu>((resolve) =>
      centre.sessions[0]?.deliver_sm({ esm_class: 4, short_message: text }, resolve),
    );
    expect(answered).toMatchObject({ command: 'deliver_sm_resp', command_status: 0 });
    expect(reports).toEqual([{ bearer: 'sms', messageId: 'm1', isDelivered: true, state: 'DELIVRD' }]);
  });

  test.each<[string, Pdu, object | undefined]>([
    ['by its text', receipt('id:7 stat:UNDELIV err:1'), { messageId: '7', isDelivered: false, state: 'UNDELIV' }],
    [
      'by its options',
      receipt('', { receipted_message_id: Buffer.from('8\0'), message_state: 2 }),
      { messageId: '8', isDelivered: true, state: '2' },
    ],
    ['of no end', receipt('id:7 stat:ENROUTE'), undefined],
    ['without an identifier', receipt('stat:DELIVRD'), undefined],
    ['that is a message of a person', receipt('id:7 stat:DELIVRD', { esm_class: 0 }), undefined],
  ])('is read %s', (_how, pdu, expected) => {
    expect(readReceipt(pdu)).toEqual(expected);
  });
});
