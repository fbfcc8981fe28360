/** The real clients that the simulator plays: their habits stand on the wire, and a server that provokes them sees them die. */
import type { BodyCommand } from '../../adapters/dm1/message';
import { clientNamed, DM1_CLIENTS } from '../../src/simulator';
import { Dm1Device, type Dm1DeviceOptions } from '../../src/simulator/dm1-device';
import type { SessionReport } from '../../src/simulator/report';
import {
  codesOf,
  DEVICE,
  exec,
  get,
  put,
  remove,
  resultsOf,
  rightDm1Server,
  SERVER_URL,
  type RightServerOptions,
} from './support/right-dm1-server';

const USER = { user: 'dev-0001', secret: 's3cret-Client' };
const METER = './Vendor/Acme/Meter';

function play(name: string, server: RightServerOptions = {}, options: Partial<Dm1DeviceOptions> = {}) {
  const client = clientNamed(name);
  if (client === undefined) throw new Error(`nobody plays ${name}`);
  const right = rightDm1Server(server);
  const device = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, client, ...USER, ...options }, right.transport);
  return { device, ...right };
}

const octetsOf = ({ messages }: SessionReport, at = 0): Buffer =>
  Buffer.from(messages.filter(({ direction }) => direction === 'out')[at]?.body ?? []);
const textOf = (report: SessionReport, at = 0): string => octetsOf(report, at).toString('utf8');

describe('every client', () => {
  test('tells the evidence of each habit', () => {
    for (const { habits } of DM1_CLIENTS)
      for (const { evidence } of habits) expect(evidence).toMatch(/^(?:dm1 \d+(?:\.\d+)?|client-quirks \d+)$/);
  });

  test.each(DM1_CLIENTS.flatMap((client) => client.forms.map((form) => [client.name, form] as const)))(
    '%s completes a session over %s with a server that does everything right',
    async (name, form) => {
      const { device, received } = play(
        name,
        { packages: [[get(`${METER}/Unit`), put('Replace', `${METER}/Unit`, 'MWh')], [exec(`${METER}/Ops/Reset`)]] },
        { wbxml: form === 'wbxml' },
      );
      expect(await device.connect()).toMatchObject({ ended: 'server', violations: [] });
      expect(Object.values(resultsOf(received))).toEqual(['kWh']);
      expect(codesOf(received, 'Exec')).toEqual(name === 'windows-mobile' ? ['200', '200'] : ['200']);
    },
  );
});

const ALERT: BodyCommand = { kind: 'Alert', cmdId: '', data: '1100', items: [{ data: { kind: 'text', text: 'x' } }] };
const HEADLESS: BodyCommand = { kind: 'Add', cmdId: '', items: [{ target: { locUri: `${METER}/Note` } }] };

describe('a client dies', () => {
  test.each<readonly [string, string, RightServerOptions, Partial<Dm1DeviceOptions>, RegExp]>([
    [
      'windows',
      'an answer without length (2)',
      { mutateWire: ({ headers }) => delete (headers as Record<string, string>)['content-length'] },
      {},
      /without Content-Length/,
    ],
    [
      'koneki',
      'no RespURI (4)',
      { mutate: (message) => void (message.header = { ...message.header, respUri: undefined }) },
      {},
      /waits for ever/,
    ],
    [
      'koneki',
      '200 where it waits for 212 (5)',
      {
        mutate: (message) =>
          void (message.body = message.body.map((one) =>
            one.kind === 'Status' && one.cmd === 'SyncHdr' ? { ...one, data: '200' } : one,
          )),
      },
      {},
      /repeats Package 1 for ever/,
    ],
    [
      'libdmclient',
      'a Status without CmdRef (6)',
      {
        mutate: (message) =>
          void (message.body = message.body.map((one) =>
            one.kind === 'Status' ? { ...one, cmdRef: undefined } : one,
          )),
      },
      {},
      /without CmdRef/,
    ],
    [
      'libdmclient',
      'a nonce with one = (7)',
      {
        client: { type: 'md5', ...USER },
        mutate: (message) =>
          void (message.body = message.body.map((one) =>
            one.kind === 'Status' && one.chal !== undefined
              ? { ...one, chal: { ...one.chal, nextNonce: { kind: 'text', text: 'MDEyMzQ1Njc=' } } }
              : one,
          )),
      },
      {},
      /single `=`/,
    ],
    ['libdmclient', 'an Add without Format (9)', { packages: [[HEADLESS]] }, {}, /without Format/],
    [
      'libdmclient',
      'a numeric reference (10)',
      { packages: [[get('./DevInfo/Man')]], mutateText: (text) => text.replace('DevInfo', '&#68;evInfo') },
      { wbxml: false },
      /numeric reference &#68;/,
    ],
    [
      'libdmclient',
      'a message beyond its buffer (11)',
      { packages: [[put('Replace', `${METER}/Unit`, 'x'.repeat(41_000))]] },
      {},
      /octets in a buffer of 40000/,
    ],
    [
      'libdmclient',
      'more questions than it can answer (11)',
      {
        packages: [
          Array.from({ length: 60 }, (_, n) => get(`${METER}/Tariff/x${n}`)),
          Array.from({ length: 250 }, () => get(`${METER}/Serial`)),
        ],
      },
      { wbxml: false, maxMsgSize: 65_536 },
      /its own answer|octets in a buffer/,
    ],
    [
      'koneki',
      'a message without Final (12)',
      { notFinal: [0], packages: [[get('./DevInfo/Man')]] },
      {},
      /without Final/,
    ],
    ['libdmclient', 'a user interaction of one Item (13)', { packages: [[ALERT]] }, {}, /with 1 Items/],
    [
      'libdmclient',
      'a Sequence (14)',
      { packages: [[{ kind: 'Sequence', cmdId: '', commands: [get('./DevInfo/Man')] }]] },
      {},
      /a Sequence/,
    ],
    [
      'koneki',
      'a Copy (14)',
      { packages: [[{ kind: 'Copy', cmdId: '', items: [{ target: { locUri: './A' }, source: { locUri: './B' } }] }]] },
      {},
      /a Copy/,
    ],
    ['windows', 'an address with a leading / (20)', { packages: [[get('/DevInfo/Man')]] }, {}, /the address \/DevInfo/],
    [
      'koneki',
      'children out of order (18)',
      { mutateText: (text) => text.replace(/(<CmdID>\d+<\/CmdID>)(<MsgRef>\d+<\/MsgRef>)/, '$2$1') },
      {},
      /order of the DTD/,
    ],
    [
      'android',
      'another version (20)',
      { mutate: (message) => void (message.header = { ...message.header, verProto: 'DM/1.3' }) },
      {},
      /version 1.2 DM\/1.3/,
    ],
    [
      'android',
      'a long ServerID (20)',
      {
        mutate: (message) =>
          void (message.header = {
            ...message.header,
            source: { locUri: SERVER_URL, locName: 'a-server-identifier-of-24' },
          }),
      },
      {},
      /ServerID of 25 characters/,
    ],
  ])('%s: %s', async (name, _what, server, options, at) => {
    const { device } = play(name, server, { onViolation: 'note', ...options });
    const report = await device.connect();
    expect(report.ended).toBe('error');
    expect(report.died).toMatch(/^died at /);
    expect(report.died).toMatch(at);
  });
});

describe('habits on the wire', () => {
  test('windows: no declaration, single quotes, CRLF, an attribute of Microsoft, CmdID 2 first', async () => {
    const text = textOf(await play('windows').device.connect());
    expect(text).toMatch(/^<SyncML xmlns='SYNCML:SYNCML1.2'>/);
    expect(text).toContain('\r\n');
    expect(text).toContain('msft:originalerror="0x0"');
    expect(text).toMatch(/<SyncBody xmlns:msft="[^"]+">\s*<Alert>\s*<CmdID>2<\/CmdID>/);
  });

  test('windows: status 0 for a Delete that worked, and the first Item alone is answered', async () => {
    const { device, received } = play('windows', {
      packages: [[remove(`${METER}/Tariff/day`), get('./DevInfo/Man', './DevInfo/Mod')]],
    });
    await device.connect();
    expect(codesOf(received, 'Delete')).toEqual(['0']);
    expect(resultsOf(received)).toEqual({ './DevInfo/Man': 'Acme' });
  });

  test('libdmclient: NUL octets in the XML of DevInfo, and the first part of an object for the whole of it', async () => {
    const chunk: BodyCommand = {
      kind: 'Replace',
      cmdId: '',
      items: [
        {
          target: { locUri: `${METER}/Unit` },
          meta: { format: 'chr', size: '8' },
          data: { kind: 'text', text: 'half' },
          moreData: true,
        },
      ],
    };
    const { device, received } = play(
      'libdmclient',
      { packages: [[chunk]], notFinal: [0] },
      { wbxml: false, onViolation: 'note' },
    );
    const report = await device.connect();
    expect(octetsOf(report).includes(0)).toBe(true);
    expect(codesOf(received, 'Replace')).toEqual(['200']);
    expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Unit'])?.value).toBe('half');
    expect(received.every(({ final }) => final)).toBe(true);
  });

  test('libdmclient: the octets of a notified SessionID swapped', async () => {
    const { device, received } = play('libdmclient');
    await device.connect({ initiatedBy: 'server', sessionId: '102' });
    expect(received[0]?.header.sessionId).toBe('201');
  });

  test('koneki: DwV, a Replace for each leaf, Basic in every message', async () => {
    const { device, received } = play('koneki', { packages: [[get('./DevInfo/Man')]] });
    await device.connect();
    const replaces = received[0]?.body.filter(({ kind }) => kind === 'Replace');
    expect(replaces).toHaveLength(5);
    expect(JSON.stringify(replaces)).toContain('./DevInfo/DwV');
    expect(received.map(({ header }) => header.cred?.meta?.type)).toEqual(['syncml:auth-basic', 'syncml:auth-basic']);
  });

  test('hs20: 212 without CmdRef, TargetRef after Data, Chr, 501 for Delete, DevDetail in an alert', async () => {
    const { device, received } = play('hs20', { packages: [[get('./DevInfo/Man'), remove(`${METER}/Tariff/day`)]] });
    const text = textOf(await device.connect(), 1);
    expect(received[1]?.body[0]).toMatchObject({ cmd: 'SyncHdr', data: '212' });
    expect(received[1]?.body[0]).not.toHaveProperty('cmdRef', '0');
    expect(text).toMatch(/<Data>200<\/Data><TargetRef>/);
    expect(text).toContain('>Chr</Format>');
    expect(codesOf(received, 'Delete')).toEqual(['501']);
    expect(JSON.stringify(received[0]?.body)).toContain(
      '&lt;NodeName&gt;DevDetail'.replace(/&lt;/g, '<').replace(/&gt;/g, '>'),
    );
  });

  test('symbian: header values as OPAQUE and the namespace as an attribute, in DM 1.1.2', async () => {
    const { device, received } = play('symbian');
    const octets = octetsOf(await device.connect());
    expect(octets.subarray(0, 5).toString('hex')).toBe('029f536a00');
    expect(octets.subarray(5, 10).toString('hex')).toBe('ed04000353');
    expect(octets.includes(Buffer.from([0x71, 0xc3, 0x03, ...Buffer.from('1.1')]))).toBe(true);
    expect(received[0]?.header).toMatchObject({ verDtd: '1.1', verProto: 'DM/1.1' });
    expect(device.tree.find(['SyncML', 'DMAcc', 'acc1', 'ServerPW'])).toBeDefined();
  });

  test('samsung and android: the header of the reference toolkit', async () => {
    for (const name of ['samsung', 'android'])
      expect(
        octetsOf(await play(name).device.connect())
          .subarray(0, 5)
          .toString('hex'),
      ).toBe('0200006a1d');
  });

  test('samsung: SessionIDs in lower case', async () => {
    const { device, received } = play('samsung');
    for (let session = 0; session < 10; session += 1) await device.connect();
    expect(received.at(-1)?.header.sessionId).toBe('a');
  });

  test('windows-mobile: two Statuses for a command and none for an Atomic', async () => {
    const { device, received } = play('windows-mobile', {
      packages: [[{ kind: 'Atomic', cmdId: '', commands: [put('Replace', `${METER}/Unit`, 'MWh')] }]],
    });
    await device.connect();
    expect([codesOf(received, 'Atomic'), codesOf(received, 'Replace')]).toEqual([[], ['200', '200']]);
  });

  test('funambol: every command in the opposite order, and all Statuses with one CmdID', async () => {
    const { device, received } = play('funambol', { packages: [[get('./DevInfo/Man')]] });
    await device.connect();
    expect(received[1]?.body.map(({ kind, cmdId }) => `${kind} ${cmdId}`)).toEqual([
      'Results 3',
      'Status 1',
      'Status 1',
    ]);
  });
});
