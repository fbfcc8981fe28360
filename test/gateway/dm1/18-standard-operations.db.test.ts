import type { AlertCommand, Item } from '../../../adapters/dm1/message';
import { by, describeSection } from '../support/spoken';
import type { SpokenDevice } from '../support/spoken';
import { ask, FUMO } from '../support/world';
import type { CommandAnswer } from '../support/world';

const SCOMO = 'urn:oma:mo:oma-scomo:1.0';
const LAWMO = 'urn:oma:mo:oma-lawmo:1.0';
const DCMO = 'urn:oma:mo:oma-dcmo:1.0';
const DIAGMON = 'urn:oma:mo:oma-diagmon:1.0';
const FW = 'org.openmobilealliance.dm.firmwareupdate';
const INSTALL = 'Download/app/Operations/DownloadInstall';

/** A device with one of each object, none where another device would have it. */
const TREE = {
  types: { './Fw': FUMO, './Sw': SCOMO, './Lock': LAWMO, './Camera': DCMO, './Probe': DIAGMON },
  nodes: {
    '.': ['DevInfo', 'Fw', 'Sw', 'Lock', 'Camera', 'Probe'],
    './DevInfo': ['Man'],
    './DevInfo/Man': 'Acme',
    './Fw': ['Download', 'Update', 'DownloadAndUpdate'],
    './Fw/Download': ['PkgURL'],
    './Fw/Download/PkgURL': '',
    './Fw/Update': [],
    './Fw/DownloadAndUpdate': [],
    './Sw': ['Download'],
    './Sw/Download': ['app'],
    './Sw/Download/app': ['Operations'],
    './Sw/Download/app/Operations': ['DownloadInstall'],
    './Sw/Download/app/Operations/DownloadInstall': '',
    './Lock': ['Operations'],
    './Lock/Operations': ['FullyLock', 'Wipe'],
    './Lock/Operations/FullyLock': '',
    './Lock/Operations/Wipe': '',
    './Camera': ['Operations'],
    './Camera/Operations': ['Disable'],
    './Camera/Operations/Disable': '',
    './Probe': ['Operations'],
    './Probe/Operations': ['Start'],
    './Probe/Operations/Start': '',
  },
} as const;

const told = (type: string, source: string, data: string, format = 'chr'): Item => ({
  source: { locUri: source },
  meta: { type, format },
  data: { kind: 'text', text: data },
});
const scomo = (code: number): Item =>
  told(
    'urn:oma:at:scomo:1.0:OperationComplete',
    `./Sw/${INSTALL}`,
    `<ResultCode>${code}</ResultCode><Identifier>app</Identifier>`,
    'xml',
  );
const end = (items: readonly Item[], correlator?: string): AlertCommand => ({
  kind: 'Alert',
  cmdId: '7',
  data: '1226',
  items,
  ...(correlator === undefined ? {} : { correlator }),
});

describeSection('18 FUMO, SCOMO, LAWMO, DCMO, DiagMon', ({ device, gateway }) => {
  let phone: SpokenDevice;
  beforeAll(async () => {
    phone = await device({ discovery: true });
    await phone.begins();
    for (let n = 0; n < 30 && phone.commands.length > 0; n += 1) await phone.answersTree(TREE);
  });

  interface Accepted {
    readonly correlator: string;
    now(): Promise<{ readonly state: string; readonly command: CommandAnswer | undefined }>;
  }

  /** A caller executes a node, and the device answers its Exec 202. */
  async function accepted(moid: string, path: string): Promise<Accepted> {
    const operation = await phone.isAsked([{ exec: { address: { moid, path } } }]);
    await phone.begins();
    const [exec] = phone.commands;
    if (exec?.kind !== 'Exec') throw new Error(`no Exec: ${phone.heard.join(', ')}`);
    await phone.says([phone.accepts(), phone.judges(0, 202)]);
    return {
      correlator: exec.correlator ?? '',
      now: async () => {
        const { state, commands } = await operation.now();
        return { state, command: commands[0] };
      },
    };
  }

  test.each([
    ['FUMO', FUMO, 'Update', told(`${FW}.update`, './Fw', '200'), 200],
    ['FUMO, by a success of the vendor', FUMO, 'Download', told(`${FW}.download`, './Fw', '250', 'int'), 250],
    ['SCOMO', SCOMO, INSTALL, scomo(1200), 1200],
    [
      'LAWMO',
      LAWMO,
      'Operations/Wipe',
      told('urn:oma:at:lawmo:1.0:OperationComplete', './Lock/Operations/Wipe', '1202'),
      1202,
    ],
    [
      'DCMO',
      DCMO,
      'Operations/Disable',
      told('urn:oma:at:dcmo:1.0:OperationComplete', './Camera/Operations/Disable', '1200'),
      1200,
    ],
    [
      'DiagMon',
      DIAGMON,
      'Operations/Start',
      told('urn:oma:at:diagmon:1.0:OperationComplete', './Probe/Operations/Start', '1200', 'int'),
      1200,
    ],
  ] as const)(
    '%s: 202 is accepted; the end comes in another session by an alert of the object, with the Correlator of the Exec',
    async (_mo, moid, path, item, code) => {
      const exec = await accepted(moid, path);
      expect(exec.correlator).not.toBe('');
      expect(phone.heard).toEqual(['212 SyncHdr', 'Final']);
      expect(await exec.now()).toMatchObject({ state: 'RUNNING', command: { state: 'ACCEPTED', statusCode: 202 } });
      await phone.begins({}, [end([item], exec.correlator)]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Alert', '200 Replace', 'Final']);
      expect(await exec.now()).toMatchObject({
        state: 'SUCCEEDED',
        command: { outcome: 'OK', statusCode: code, result: code },
      });
    },
  );

  test.each([
    [402, 'FUMO: corrupted package', 'BAD_VALUE', FUMO, 'Update', told(`${FW}.update`, './Fw', '402')],
    [401, 'FUMO: user cancelled', 'USER_REFUSED', FUMO, 'Update', told(`${FW}.update`, './Fw/Update', '401')],
    [502, 'FUMO: out of memory', 'DEVICE_FULL', FUMO, 'Update', told(`${FW}.update`, './Fw', '502')],
    [1405, 'SCOMO: install failed', 'DEVICE_ERROR', SCOMO, INSTALL, scomo(1405)],
    [1413, 'SCOMO: environment not supported', 'UNSUPPORTED', SCOMO, INSTALL, scomo(1413)],
    [
      1402,
      'LAWMO: full lock failed',
      'DEVICE_ERROR',
      LAWMO,
      'Operations/FullyLock',
      told('urn:oma:at:lawmo:1.0:OperationComplete', './Lock/Operations/FullyLock', '1402'),
    ],
    [
      1401,
      'DCMO: user refused',
      'USER_REFUSED',
      DCMO,
      'Operations/Disable',
      told('urn:oma:at:dcmo:1.0:OperationComplete', './Camera/Operations/Disable', '1401'),
    ],
    [
      1400,
      'DiagMon: client error',
      'DEVICE_ERROR',
      DIAGMON,
      'Operations/Start',
      told('urn:oma:at:diagmon:1.0:OperationComplete', './Probe/Operations/Start', '1400'),
    ],
  ] as const)('%i, %s: %s, also where the source alone tells which Exec it was', async (...given) => {
    const [code, , outcome, moid, path, item] = given;
    const exec = await accepted(moid, path);
    await phone.begins({}, [end([item])]);
    expect(await exec.now()).toMatchObject({ state: 'FAILED', command: { outcome, statusCode: code, result: code } });
  });

  test('18.1: PkgURL is written before Download is executed, which waits for the answer', async () => {
    const url = { address: { moid: FUMO, path: 'Download/PkgURL' }, value: { text: 'https://fw.example/1' } };
    const exec = { address: { moid: FUMO, path: 'Download' } };
    const operation = await phone.isAsked([{ replace: url }, { exec }]);
    await phone.begins();
    expect(phone.heard.slice(3)).toEqual(['Replace ./Fw/Download/PkgURL', 'Final']);
    await phone.says([phone.accepts(), phone.judges(0, 200)]);
    expect(phone.heard).toEqual(['212 SyncHdr', 'Exec ./Fw/Download', 'Final']);
    await phone.says([phone.accepts(), phone.judges(0, 200)]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED' });
  });

  test.each([
    [250, FUMO, 'Update', 'OK'],
    [408, FUMO, 'Update', 'UNSUPPORTED'],
    [410, FUMO, 'Update', 'DEVICE_ERROR'],
    [1407, SCOMO, INSTALL, 'BAD_VALUE'],
    [1201, LAWMO, 'Operations/Wipe', 'OK'],
  ])('%i as the Status of an Exec is the outcome itself: %s %s is %s', async (code, moid, path, outcome) => {
    const operation = await phone.isAsked([{ exec: { address: { moid, path } } }]);
    await phone.begins();
    await phone.says([phone.accepts(), phone.judges(0, code)]);
    expect(await operation.now()).toMatchObject({ commands: [{ state: 'ANSWERED', outcome, statusCode: code }] });
  });

  test('progress, requests of the user and the first half of DownloadAndUpdate end nothing', async () => {
    const exec = await accepted(FUMO, 'DownloadAndUpdate');
    const types = ['com.acme.firmware.progress', `${FW}.userrequest`, `${FW}.devicerequest`, `${FW}.download`];
    for (const type of types) {
      await phone.begins({}, [end([told(type, './Fw', '200')], exec.correlator)]);
      expect(phone.heard).toEqual(['212 SyncHdr', '200 Alert', '200 Alert', '200 Replace', 'Final']);
      expect([type, await exec.now()]).toMatchObject([type, { state: 'RUNNING', command: { state: 'ACCEPTED' } }]);
    }
    await phone.begins({}, [end([told(`${FW}.downloadandupdate`, './Fw', '200')], exec.correlator)]);
    expect(await exec.now()).toMatchObject({ state: 'SUCCEEDED' });
    const { alerts } = await ask<{ alerts: { nodes: readonly { type: string }[] } }>(
      gateway(),
      'query ($id: ID!) { alerts(where: { deviceId: $id }, first: 500) { nodes { type } } }',
      { id: phone.deviceId },
    );
    expect(alerts.nodes.map(({ type }) => type)).toEqual(expect.arrayContaining(types));
  });

  test('the end of another object, of another Exec or of one that ended already changes nothing', async () => {
    const exec = await accepted(LAWMO, 'Operations/FullyLock');
    const done = told('urn:oma:at:lawmo:1.0:OperationComplete', './Lock/Operations/FullyLock', '1200');
    await phone.begins({}, [
      end([scomo(1405)], exec.correlator),
      end([{ ...done, source: { locUri: './Lock/Operations/Wipe' } }]),
      end([done], 'another'),
    ]);
    expect(await exec.now()).toMatchObject({ command: { state: 'ACCEPTED' } });
    await phone.begins({}, [end([done], exec.correlator)]);
    const failed = { ...done, data: { kind: 'text', text: '1402' } } as const;
    await phone.begins({}, [end([failed], exec.correlator)]);
    expect(await exec.now()).toMatchObject({ state: 'SUCCEEDED', command: { outcome: 'OK', result: 1200 } });
  });

  test('18.2: one Item for each component is one end, and the first that failed counts', async () => {
    const exec = await accepted(SCOMO, INSTALL);
    await phone.begins({}, [end([scomo(1200), scomo(1407), scomo(1405)], exec.correlator)]);
    expect(await exec.now()).toMatchObject({ state: 'FAILED', command: { outcome: 'BAD_VALUE', result: 1407 } });
  });

  test('a DM 1.1.2 client has no Correlator: the source alone tells the Exec', async () => {
    const old = await device({ version: '1.1.2' });
    const operation = await old.isAsked([by.exec('./Vendor/Run')]);
    await old.begins();
    const [exec] = old.commands;
    expect(exec).toMatchObject({ kind: 'Exec' });
    expect(exec).not.toHaveProperty('correlator');
    await old.says([old.accepts(), old.judges(0, 202)]);
    await old.begins({}, [{ ...end([told('com.acme.run.done', './Vendor/Run', '200')]), data: '1224' }]);
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ outcome: 'OK' }] });
  });
});
