import { readFileSync } from 'node:fs';

import type { AlertCommand, BodyCommand, Item } from '../../../../adapters/dm1/message';
import { describeShared, sharedPath } from '../../../support/shared';
import { command, Dialogue, message, package1, status, TOKEN } from './dialogue';

const FW = 'org.openmobilealliance.dm.firmwareupdate.update';
const item = (type: string | undefined, data: string, more: Partial<Item> & { meta?: object } = {}): Item => ({
  ...more,
  meta: { ...(type === undefined ? {} : { type }), format: 'chr', ...more.meta },
  data: { kind: 'text', text: data },
});
const alert = (code: string, items: readonly Item[], more: Partial<AlertCommand> = {}): AlertCommand => ({
  kind: 'Alert',
  cmdId: '7',
  data: code,
  items,
  ...more,
});

describe.each(['xml', 'wbxml'] as const)('Alerts of clients, 9 (%s)', (form) => {
  function told(first: readonly BodyCommand[], header: object = {}): Dialogue {
    const device = new Dialogue({ form });
    device.sends(package1(1, header, first));
    return device;
  }
  const codeOf = (device: Dialogue): string | undefined =>
    device.statuses.find((one) => one.cmdRef === '7' && one.cmd === 'Alert')?.data;
  const raised = (device: Dialogue): object[] => device.all('alertRaised');

  test('9.3: 1226 is kept with type, mark, correlator, format, data, Source and Target', () => {
    const one = item(FW, '200', {
      meta: { mark: ' Critical ' },
      source: { locUri: 'FUMO/fw1' },
      target: { locUri: './FUMO/fw1/Update' },
    });
    const device = told([alert('1226', [one], { correlator: 'op-77' })]);
    expect(codeOf(device)).toBe('200');
    expect(raised(device)).toEqual([
      {
        kind: 'alertRaised',
        type: FW,
        mark: 'critical',
        correlator: 'op-77',
        format: 'chr',
        data: '200',
        source: { uri: './FUMO/fw1' },
        target: { uri: './FUMO/fw1/Update' },
        resultCode: 200,
      },
    ]);
  });

  test.each([
    [`Reversed-Domain-Name: ${FW}`, FW],
    [`reversed-domain-name:${FW} `, FW],
    ['Content-Type: text/plain', 'text/plain'],
    [`  ${FW}\n`, FW],
  ])('the type %j is %j', (type, plain) => {
    expect(raised(told([alert('1226', [item(type, '')])]))).toMatchObject([{ type: plain }]);
  });

  test.each([
    ['fatal', 'fatal'],
    ['HARMLESS', 'harmless'],
    ['urgent', 'informational'],
    [undefined, 'informational'],
  ])('the mark %j is %j', (mark, kept) => {
    const device = told([alert('1226', [item(FW, '', { meta: mark === undefined ? {} : { mark } })])]);
    expect(raised(device)).toMatchObject([{ mark: kept }]);
  });

  test('9.3: 1224 has an event for each of its Items', () => {
    const device = told([
      alert('1224', [item('com.acme/low', '12', { meta: { format: 'int' } }), item('com.acme/hot', '')]),
    ]);
    expect(codeOf(device)).toBe('200');
    expect(raised(device)).toMatchObject([
      { type: 'com.acme/low', format: 'int', data: 12 },
      { type: 'com.acme/hot', data: '' },
    ]);
    // A number is a result where the alert reports one, and data elsewhere.
    expect(raised(device).some((one) => 'resultCode' in one)).toBe(false);
  });

  test('18.2: Items about one exec are one report, whose last has the codes of all', () => {
    const component = (code: number, source = './SCM/Install'): Item =>
      item('urn:oma:at:scomo:1.0:OperationComplete', `<ResultCode>${code}</ResultCode><Identifier>c</Identifier>`, {
        source: { locUri: source },
        meta: { format: 'xml' },
      });
    const together = raised(told([alert('1226', [component(1200), component(1405)], { correlator: 'op-78' })]));
    expect(together).toMatchObject([
      { resultCode: 1200, final: false },
      { resultCode: 1405, resultCodes: [1200, 1405] },
    ]);
    expect(together[1]).not.toHaveProperty('final');
    const apart = raised(told([alert('1226', [component(1200, './A'), component(1405, './B')])]));
    expect(apart.some((one) => 'final' in one || 'resultCodes' in one)).toBe(false);
  });

  test.each<[string, AlertCommand, string]>([
    ['without Item', alert('1226', []), '412'],
    ['without Type', alert('1226', [item(FW, '200'), item(undefined, 'x')]), '412'],
    ['with a blank Type', alert('1224', [item(' ', 'x')]), '412'],
    ['of DM data synchronisation', alert('206', [item(FW, 'x')]), '406'],
    ['1221, which nobody assigned', alert('1221', []), '406'],
    ['without a code', alert('', []), '406'],
    ['1101, for the server alone asks people', alert('1101', [item(undefined, ''), item(undefined, 'Yes?')]), '406'],
    ['1104', alert('1104', []), '406'],
  ])('one %s is answered %s and not kept', (_, one, code) => {
    const device = told([one]);
    expect(codeOf(device)).toBe(code);
    expect(raised(device)).toEqual([]);
  });

  test("9.1: the session's own are not kept", () => {
    for (const code of ['1200', '1201', '1222', '1225']) {
      const device = told([alert(code, [])]);
      expect(codeOf(device)).toBe('200');
      expect(raised(device)).toEqual([]);
    }
    const device = told([]);
    device.sends(message(2, [alert('1223', [])]), { token: TOKEN });
    expect(raised(device)).toEqual([]);
  });

  test('9.3: several alerts in one message, and in a package 3', () => {
    const device = new Dialogue({ form });
    device.queue.push(command({ kind: 'get', at: { uri: './A' }, depth: 0 } as never));
    device.sends(package1());
    const first = alert('1226', [item('one', '')]);
    const second = alert('1226', [item('two', '')], { cmdId: '8' });
    device.sends(message(2, [status(1, '0', 'SyncHdr', 212), first, second]), { token: TOKEN });
    expect(raised(device)).toMatchObject([{ type: 'one' }, { type: 'two' }]);
    expect(device.statuses.map(({ cmdRef, data }) => [cmdRef, data])).toEqual([
      ['0', '212'],
      ['7', '200'],
      ['8', '200'],
    ]);
  });

  test('2.7: a message that is sent again raises its alerts once', () => {
    const device = new Dialogue({ form });
    const one = package1(1, {}, [alert('1226', [item(FW, '200')])]);
    device.sends(one);
    device.sends(one);
    expect(raised(device)).toHaveLength(1);
  });

  test.each([
    ['1.1.2', { verDtd: '1.1', verProto: 'DM/1.1' }, undefined, undefined],
    ['1.1.2, which fell back from 1.2', { verDtd: '1.1', verProto: 'DM/1.1' }, 'DM_1_2', undefined],
    ['1.2, which spoke 1.1.2 before', {}, 'DM_1_1_2', '7.0'],
  ] as const)('5: a client of DM %s: DM 1.1.2 has no Correlator', (_version, header, protocol, correlator) => {
    const device = new Dialogue({ form, ...(protocol === undefined ? {} : { device: { protocol } }) });
    device.queue.push(command({ kind: 'exec', at: { uri: './X' }, correlator: '7.0' } as never));
    device.sends(package1(1, header));
    expect(device.commands.map((one) => one.kind === 'Exec' && one.correlator)).toEqual([correlator]);
  });
});

describeShared('the vectors of client alerts', () => {
  test.each(
    ['xml', 'wbxml'].flatMap((form) => [
      [form, '42-alert-fumo', [{ correlator: 'op-77', resultCode: 200, source: { uri: './FwUpdate/Pkg1' } }]],
      [
        form,
        '43-alert-scomo-two-items',
        [
          { correlator: 'op-78', mark: 'warning', resultCode: 1200, target: { uri: './SCM/Inventory/Deployed/C1' } },
          { resultCodes: [1200, 1405], target: { uri: './SCM/Inventory/Deployed/C2' } },
        ],
      ],
      [
        form,
        '44-alert-devicerequest',
        [{ type: 'org.openmobilealliance.dm.firmwareupdate.userrequest', mark: 'critical', data: '' }],
      ],
      [form, '45-alert-1224', [{ type: 'com.example/events/battery-low', format: 'int', data: 12 }]],
    ]) as [string, string, object[]][],
  )('%s %s', (form, name, expected) => {
    const device = new Dialogue({ form: form as 'xml' });
    device.posts(readFileSync(sharedPath('vectors', 'dm1', `${name}.${form}`)));
    expect(device.all('alertRaised')).toMatchObject(expected);
    expect(device.statuses.map(({ data }) => data)).toEqual(['212', '200', '200', '200']);
  });
});
