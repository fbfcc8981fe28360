import type { BodyCommand, Status } from '../../adapters/dm1/message';
import { DM1_RULES, type Dm1Rule } from '../../src/simulator/dm1/rules';
import { Dm1Device, type Dm1DeviceOptions } from '../../src/simulator/dm1-device';
import {
  codesOf,
  DEVICE,
  exec,
  get,
  put,
  rightDm1Server,
  SERVER_URL,
  type Loose,
  type RightServerOptions,
} from './support/right-dm1-server';

const USER = { user: 'dev-0001', secret: 's3cret-Client' };
const UNIT = './Vendor/Acme/Meter/Unit';

interface Case {
  readonly rule: Dm1Rule;
  readonly what: string;
  readonly server: RightServerOptions;
  readonly device?: Partial<Dm1DeviceOptions>;
}

/** Changes the Status elements of the first answer. */
function statuses(change: (all: Status[], rest: BodyCommand[]) => readonly BodyCommand[]): RightServerOptions {
  return {
    packages: [[get('./DevInfo/Man')]],
    mutate: (message, turn) => {
      if (turn > 0) return;
      const all = message.body.filter((command): command is Status => command.kind === 'Status');
      message.body = change(
        all,
        message.body.filter(({ kind }) => kind !== 'Status'),
      );
    },
  };
}

const edit = (at: number, change: Partial<Status>): RightServerOptions =>
  statuses((all, rest) => [...all.map((status, index) => (index === at ? { ...status, ...change } : status)), ...rest]);

const header = (
  change: (message: Loose, turn: number) => Partial<Loose['header']>,
  packages: RightServerOptions['packages'] = [],
): RightServerOptions => ({
  packages,
  mutate: (message, turn) => void (message.header = { ...message.header, ...change(message, turn) }),
});

const sends = (...commands: BodyCommand[]): RightServerOptions => ({ packages: [commands] });
const text = (
  from: string | RegExp,
  to: string,
  packages: RightServerOptions['packages'] = [[get('./DevInfo/Man')]],
): RightServerOptions => ({ packages, mutateText: (xml) => xml.replace(from, to) });
const refusing = (change: (message: Loose) => void): RightServerOptions => ({
  client: { type: 'md5', ...USER },
  mutate: (message, turn) => void (turn === 0 && change(message)),
});
const chunk = (size: string | undefined, data = 'aaaa', more = true): BodyCommand => ({
  kind: 'Replace',
  cmdId: '',
  items: [
    {
      target: { locUri: UNIT },
      meta: { format: 'chr', size },
      data: { kind: 'text', text: data },
      ...(more ? { moreData: true } : {}),
    },
  ],
});
const SMALL = 900;
const longAnswer = (change: (message: Loose) => void): RightServerOptions => ({
  maxMsgSize: SMALL,
  packages: [['Man', 'Mod', 'DmV', 'Lang', 'DevId'].map((name) => get(`./DevInfo/${name}`))],
  mutate: (message, turn) => void (turn === 1 && change(message)),
});

const CASES: readonly Case[] = [
  {
    rule: 'HTTP_STATUS',
    what: 'HTTP 401 for refused credentials',
    server: { mutateWire: (response) => void (response.status = 401) },
  },
  {
    rule: 'HTTP_CONTENT_TYPE',
    what: 'another media type than asked in',
    server: { mutateWire: (response) => void (response.headers = { ...response.headers, 'content-type': 'text/xml' }) },
  },
  {
    rule: 'HTTP_CONTENT_LENGTH',
    what: 'no Content-Length',
    server: {
      mutateWire: (response) =>
        void (response.headers = {
          'content-type': response.headers['content-type'] ?? '',
          'cache-control': 'no-store',
        }),
    },
  },
  {
    rule: 'HTTP_CONTENT_LENGTH',
    what: 'a chunked answer',
    server: {
      mutateWire: (response) => void (response.headers = { ...response.headers, 'transfer-encoding': 'chunked' }),
    },
  },
  {
    rule: 'HTTP_CACHE_CONTROL',
    what: 'an answer that may be cached',
    server: {
      mutateWire: (response) => void (response.headers = { ...response.headers, 'cache-control': 'max-age=60' }),
    },
  },
  { rule: 'UNREADABLE', what: 'a body that is cut off', server: { mutateText: (xml) => xml.slice(0, -20) } },
  {
    rule: 'UNREADABLE',
    what: 'an entity that does not exist',
    server: text('<Data>Get</Data>', '<Data>&nbsp;</Data>', [[put('Replace', UNIT, 'Get')]]),
  },
  {
    rule: 'XML_REFERENCE',
    what: 'a numeric reference',
    server: text('<Data>Get</Data>', '<Data>&#71;et</Data>', [[put('Replace', UNIT, 'Get')]]),
  },
  {
    rule: 'XML_ORDER',
    what: 'Data before Meta',
    server: text(/(<Meta>.{0,90}<\/Meta>)(<Data>Get<\/Data>)/, '$2$1', [[put('Replace', UNIT, 'Get')]]),
  },
  { rule: 'XML_ORDER', what: 'a command after Final', server: text(/(<Get>.{0,200}<\/Get>)(<Final ?\/>)/, '$2$1') },
  {
    rule: 'XML_UNUSED_ELEMENT',
    what: 'NoResp',
    server: text('<Get><CmdID>4</CmdID>', '<Get><CmdID>4</CmdID><NoResp/>'),
  },
  {
    rule: 'CRED_IN_COMMAND',
    what: 'Cred in a Get',
    server: text('<Get><CmdID>4</CmdID>', '<Get><CmdID>4</CmdID><Cred><Data>eA==</Data></Cred>'),
  },
  {
    rule: 'MESSAGE_TOO_LARGE',
    what: 'a message over MaxMsgSize',
    server: sends(put('Replace', UNIT, 'x'.repeat(2000))),
    device: { maxMsgSize: 2000 },
  },
  {
    rule: 'NAMESPACE',
    what: 'another namespace',
    server: { mutate: (message) => void (message.namespace = 'SYNCML:SYNCML1.1') },
  },
  { rule: 'VERSION', what: 'another VerProto', server: header(() => ({ verProto: 'DM/1.1' })) },
  { rule: 'SESSION_ID', what: 'another SessionID', server: header(() => ({ sessionId: '99' })) },
  {
    rule: 'MSG_ID',
    what: 'a MsgID that does not rise',
    server: header(() => ({ msgId: '1' }), [[get('./DevInfo/Man')]]),
  },
  { rule: 'HEADER_TARGET', what: 'another device', server: header(() => ({ target: { locUri: 'IMEI:1' } })) },
  { rule: 'HEADER_SOURCE', what: 'no server address', server: header(() => ({ source: { locUri: '' } })) },
  { rule: 'RESP_URI', what: 'no RespURI', server: header(() => ({ respUri: undefined })) },
  { rule: 'RESP_URI', what: 'a relative RespURI', server: header(() => ({ respUri: '/dm/1/token' })) },
  {
    rule: 'RESP_URI',
    what: 'a RespURI that changes',
    server: header((_, turn) => ({ respUri: `${SERVER_URL}/t${turn}` }), [[get('./DevInfo/Man')]]),
  },
  { rule: 'CMD_ID', what: 'a CmdID 0', server: edit(1, { cmdId: '0' }) },
  { rule: 'CMD_ID', what: 'a CmdID twice', server: edit(1, { cmdId: '1' }) },
  {
    rule: 'STATUS_SYNCHDR_MISSING',
    what: 'no Status for SyncHdr',
    server: statuses((all, rest) => [...all.slice(1), ...rest]),
  },
  {
    rule: 'STATUS_ALERT_MISSING',
    what: 'no Status for the Alert',
    server: statuses((all, rest) => [...all.filter(({ cmd }) => cmd !== 'Alert'), ...rest]),
  },
  {
    rule: 'STATUS_REPLACE_MISSING',
    what: 'no Status for the Replace',
    server: statuses((all, rest) => [...all.filter(({ cmd }) => cmd !== 'Replace'), ...rest]),
  },
  {
    rule: 'STATUS_TWICE',
    what: 'two Statuses for the Alert',
    server: statuses((all, rest) => [
      ...all.slice(0, 2),
      { ...(all[1] as Status), cmdId: '77' },
      ...all.slice(2),
      ...rest,
    ]),
  },
  {
    rule: 'STATUS_ORDER',
    what: 'the Replace answered before the Alert',
    server: statuses(([hdr, alert, replace], rest) => [hdr as Status, replace as Status, alert as Status, ...rest]),
  },
  {
    rule: 'STATUS_ORDER',
    what: 'a Status behind a command',
    server: statuses(([hdr, alert, replace], rest) => [hdr as Status, alert as Status, ...rest, replace as Status]),
  },
  { rule: 'STATUS_MSG_REF', what: 'a wrong MsgRef', server: edit(1, { msgRef: '7' }) },
  { rule: 'STATUS_CMD_REF', what: 'a wrong CmdRef', server: edit(1, { cmdRef: '9' }) },
  { rule: 'STATUS_CMD', what: 'a wrong Cmd', server: edit(1, { cmd: 'Get' }) },
  { rule: 'STATUS_REFS', what: 'a wrong TargetRef', server: edit(0, { targetRefs: ['https://elsewhere.example/'] }) },
  { rule: 'STATUS_CODE', what: 'a code that is no number', server: edit(1, { data: 'OK' }) },
  {
    rule: 'STATUS_NOT_DUE',
    what: '200 for Results',
    server: {
      packages: [[get('./DevInfo/Man')]],
      mutate: (message, turn) => {
        if (turn === 1)
          message.body = [
            ...message.body,
            {
              kind: 'Status',
              cmdId: '50',
              msgRef: '2',
              cmdRef: '3',
              cmd: 'Results',
              targetRefs: [],
              sourceRefs: [],
              data: '200',
              items: [],
            },
          ];
      },
    },
  },
  {
    rule: 'REFUSAL_COMMANDS',
    what: 'a command beside a refusal',
    server: refusing((message) => void (message.body = [...message.body, { ...get('./DevInfo/Man'), cmdId: '9' }])),
    device: USER,
  },
  {
    rule: 'REFUSAL_INCOMPLETE',
    what: 'a refusal that takes the Alert',
    server: refusing(
      (message) =>
        void (message.body = message.body.map((command) =>
          command.kind === 'Status' && command.cmd === 'Alert' ? { ...command, data: '200' } : command,
        )),
    ),
    device: USER,
  },
  {
    rule: 'REFUSAL_CODE',
    what: '401 for a message without credential',
    server: refusing(
      (message) => void (message.body = message.body.map((command) => ({ ...command, data: '401' }) as Status)),
    ),
    device: USER,
  },
  {
    rule: 'CHALLENGE',
    what: 'a nonce of 8 octets',
    server: refusing(
      (message) =>
        void (message.body = message.body.map((command) =>
          command.kind === 'Status' && command.chal !== undefined
            ? { ...command, chal: { ...command.chal, nextNonce: { kind: 'text', text: 'EBESExQVFhc=' } } }
            : command,
        )),
    ),
    device: USER,
  },
  {
    rule: 'NEXT_NONCE_MISSING',
    what: 'no nonce for the next session',
    server: {
      client: { type: 'md5', ...USER },
      mutate: (message, turn) => {
        if (turn === 1)
          message.body = message.body.map((command) =>
            command.kind === 'Status' ? { ...command, chal: undefined } : command,
          );
      },
    },
    device: USER,
  },
  {
    rule: 'SERVER_CREDENTIAL',
    what: 'a server that does not know its secret',
    server: { packages: [[get('./DevInfo/Man')]], own: { user: 'mgmt', secret: 'wrong' } },
    device: { serverUser: 'mgmt', serverSecret: 'right' },
  },
  {
    rule: 'FINAL_MISSING',
    what: 'no Final',
    server: { packages: [[get('./DevInfo/Man')]], mutate: (message) => void (message.final = false) },
  },
  {
    rule: 'FINAL_UNEXPECTED',
    what: 'Final in a next-message response',
    server: longAnswer((message) => void (message.final = true)),
  },
  { rule: 'FINAL_UNEXPECTED', what: 'Final with MoreData', server: sends(chunk('12')) },
  {
    rule: 'COMMANDS_BEFORE_FINAL',
    what: 'a command while the package is unfinished',
    server: longAnswer((message) => void (message.body = [...message.body, { ...get('./DevInfo/Man'), cmdId: '90' }])),
  },
  {
    rule: 'NEXT_MESSAGE_MISSING',
    what: 'no Alert 1222',
    server: longAnswer((message) => void (message.body = message.body.filter(({ kind }) => kind !== 'Alert'))),
  },
  {
    rule: 'NOT_FOR_CLIENT',
    what: 'Results',
    server: sends({
      kind: 'Results',
      cmdId: '',
      msgRef: '1',
      cmdRef: '1',
      items: [{ data: { kind: 'text', text: 'x' } }],
    }),
  },
  { rule: 'ALERT_CODE', what: 'Alert 1226', server: sends({ kind: 'Alert', cmdId: '', data: '1226', items: [] }) },
  {
    rule: 'UI_ALERT_ITEMS',
    what: 'a display without text',
    server: sends({ kind: 'Alert', cmdId: '', data: '1100', items: [{ data: { kind: 'text', text: 'MINDT=1' } }] }),
  },
  {
    rule: 'CORRELATOR',
    what: 'a Correlator in an Alert',
    server: sends({
      kind: 'Alert',
      cmdId: '',
      data: '1100',
      correlator: 'c',
      items: [{}, { data: { kind: 'text', text: 'x' } }],
    }),
  },
  { rule: 'ITEM_MISSING', what: 'a Get without Item', server: sends({ kind: 'Get', cmdId: '', items: [] }) },
  {
    rule: 'ITEM_TARGET',
    what: 'a Get without Target',
    server: sends({ kind: 'Get', cmdId: '', items: [{ data: { kind: 'text', text: 'x' } }] }),
  },
  {
    rule: 'ITEM_FORMAT',
    what: 'a Replace without Format',
    server: sends({
      kind: 'Replace',
      cmdId: '',
      items: [{ target: { locUri: UNIT }, data: { kind: 'text', text: 'x' } }],
    }),
  },
  {
    rule: 'ITEM_FORMAT',
    what: 'Format on the command in place of the Item',
    server: sends({
      kind: 'Add',
      cmdId: '',
      meta: { format: 'chr' },
      items: [{ target: { locUri: UNIT }, data: { kind: 'text', text: 'x' } }],
    }),
  },
  {
    rule: 'ITEM_DATA',
    what: 'an Add without Data',
    server: sends({ kind: 'Add', cmdId: '', items: [{ target: { locUri: UNIT }, meta: { format: 'node' } }] }),
  },
  { rule: 'LOC_URI', what: 'a LocURI that begins with a slash', server: sends(get('/DevInfo')) },
  {
    rule: 'ATOMIC_CONTENT',
    what: 'Get inside Atomic',
    server: sends({ kind: 'Atomic', cmdId: '', commands: [get('./DevInfo/Man')] }),
  },
  {
    rule: 'ATOMIC_CONTENT',
    what: 'Exec inside Atomic',
    server: sends({ kind: 'Atomic', cmdId: '', commands: [exec('./Vendor/Acme/Meter/Ops/Reset')] }),
  },
  { rule: 'CONTAINER_EMPTY', what: 'an empty Sequence', server: sends({ kind: 'Sequence', cmdId: '', commands: [] }) },
  {
    rule: 'MORE_DATA',
    what: 'a first chunk without Size',
    server: { notFinal: [0], packages: [[chunk(undefined)], [chunk(undefined, 'bbbb', false)]] },
  },
  {
    rule: 'MORE_DATA',
    what: 'a command behind a chunk',
    server: { notFinal: [0], packages: [[chunk('8'), get('./DevInfo/Man')]] },
  },
  {
    rule: 'MORE_DATA',
    what: 'another command in place of the next chunk',
    server: { notFinal: [0], packages: [[chunk('8')], [get('./DevInfo/Man')]] },
  },
  {
    rule: 'OBJECT_TOO_LARGE',
    what: 'an object over MaxObjSize',
    server: sends(put('Replace', UNIT, 'x'.repeat(200))),
    device: { maxObjSize: 100 },
  },
  { rule: 'AUTHENTICATED_CODE', what: '200 without HMAC', server: edit(0, { data: '200' }) },
  {
    rule: 'REPEAT',
    what: 'a message that comes twice is handled twice',
    server: sends(get('./DevInfo/Man')),
    device: { repeats: true, onViolation: 'note' },
  },
];

describe('A DM 1.2 device rejects what the facts forbid', () => {
  test.each(CASES.map((one) => [`${one.rule}: ${one.what}`, one] as const))(
    '%s',
    async (_, { rule, server, device }) => {
      const simulated = new Dm1Device(
        { url: SERVER_URL, deviceId: DEVICE, ...device },
        rightDm1Server(server).transport,
      );
      const report = await simulated.connect();
      expect(report.violations.map((violation) => violation.rule)).toContain(rule);
      const found = report.violations.find((violation) => violation.rule === rule);
      expect(found).toMatchObject({ protocol: 'dm1', section: DM1_RULES[rule].section });
    },
  );

  test('every rule has a case', () => {
    const tested = new Set(CASES.map(({ rule }) => rule));
    expect(Object.keys(DM1_RULES).filter((rule) => !tested.has(rule as Dm1Rule))).toEqual([]);
  });

  test('a server that keeps the rules is never blamed', async () => {
    const { transport, received } = rightDm1Server({
      packages: [[get('./DevInfo/Man'), put('Replace', UNIT, 'm3')]],
      client: { type: 'md5', ...USER },
    });
    const report = await new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, ...USER }, transport).connect();
    expect(report).toMatchObject({ violations: [], ended: 'server' });
    expect(codesOf(received, 'Replace')).toEqual(['200']);
  });

  test('the session ends at the first violation and nothing is executed', async () => {
    const { transport, received } = rightDm1Server({
      packages: [[put('Replace', UNIT, 'm3')]],
      mutate: (message) => void (message.header = { ...message.header, sessionId: '99' }),
    });
    const device = new Dm1Device({ url: SERVER_URL, deviceId: DEVICE }, transport);
    expect((await device.connect()).ended).toBe('error');
    expect(received).toHaveLength(1);
    expect(device.tree.find(['Vendor', 'Acme', 'Meter', 'Unit'])?.value).toBe('kWh');
  });

  test('a device told to note violations goes on', async () => {
    const { transport, received } = rightDm1Server({
      packages: [[put('Replace', UNIT, 'm3')]],
      mutate: (message) => void (message.header = { ...message.header, respUri: undefined }),
    });
    const report = await new Dm1Device({ url: SERVER_URL, deviceId: DEVICE, onViolation: 'note' }, transport).connect();
    expect(report.ended).toBe('server');
    expect(report.violations.map(({ rule }) => rule)).toEqual(['RESP_URI', 'RESP_URI']);
    expect(codesOf(received, 'Replace')).toEqual(['200']);
  });
});
