import { ask, METER } from '../support/world';
import { by, describeDm2, uri } from '../support/spoken-dm2';

interface Alert {
  readonly type: string;
  readonly mark: string;
  readonly data: unknown;
  readonly source: unknown;
}

describeDm2('11 Generic alerts', ({ device, gateway }) => {
  const alertsOf = async (deviceId: string): Promise<readonly Alert[]> => {
    const { alerts } = await ask<{ alerts: { nodes: readonly Alert[] } }>(
      gateway(),
      `query ($id: ID!) { alerts(where: { deviceId: $id }) { nodes { type mark data source } } }`,
      { id: deviceId },
    );
    return alerts.nodes;
  };
  const door = {
    AlertType: 'com.example.alert.door',
    SourceURI: uri('Ops'),
    Mark: 'Critical',
    DataType: 'int',
    Data: 3,
  };

  test('come with either package, are kept with their source, and never answered', async () => {
    const phone = await device();
    await phone.isAsked([by.get('Unit')]);
    await phone.begins({ MOS: [{ MOID: METER, MIID: ['m1'] }], Alert: [door] });
    expect(phone.heard).toEqual([`GET ${uri('Unit')}`]);
    await phone.answers([200, 404], { alerts: [{ ...door, SourceURI: 'no uri', Data: { a: [1] } }] });
    const source = { moid: METER, miid: 'm1', path: 'Ops' };
    expect(await alertsOf(phone.deviceId)).toEqual(
      expect.arrayContaining([
        { type: door.AlertType, mark: 'critical', data: 3, source },
        {
          type: door.AlertType,
          mark: 'critical',
          data: { a: [1] },
          source: expect.objectContaining({ uri: 'no uri' }) as unknown,
        },
      ]),
    );
  });

  test('those that open a session are none of the device’s own; what is no alert is left out', async () => {
    const phone = await device();
    const opening = ['ServerInitiatedMgmt', 'ClientInitiatedMgmt', 'BootstrapComplete'];
    const Alert = [...opening.map((name) => ({ AlertType: `urn:oma:at:dm:2.0:${name}` })), {}, { AlertType: null }];
    expect(await phone.begins({ Alert })).toEqual([['END']]);
    expect(await alertsOf(phone.deviceId)).toEqual([]);
  });

  test.each([
    ['an object', { ResultCode: 1200 }],
    ['what DM 1.x said', { DM1x: '1200' }],
    ['the markup of DM 1.x', { DM1x: '<X><ResultCode>1200</ResultCode></X>' }],
    ['a bare number', 1200],
  ])('a result as %s ends the exec of its node', async (_, Data) => {
    const DCMO = 'urn:oma:mo:oma-dcmo:1.0';
    const phone = await device();
    await phone.begins({ MOS: [{ MOID: DCMO, MIID: ['cam'] }] });
    const operation = await phone.isAsked([by.exec('Operations/Disable', 'cam', DCMO)]);
    await phone.begins({});
    await phone.answers([200, 202], {
      alerts: [
        { AlertType: 'urn:oma:at:dcmo:1.0:OperationComplete', SourceURI: `${DCMO}/cam/Operations/Disable`, Data },
      ],
    });
    expect(await operation.now()).toMatchObject({ state: 'SUCCEEDED', commands: [{ result: 1200 }] });
  });

  test('a package that belongs to no session is answered END, and its alerts are kept', async () => {
    const phone = await device();
    await phone.answers([], { alerts: [door] });
    expect(phone.cmd).toEqual([['END']]);
    expect(await alertsOf(phone.deviceId)).toHaveLength(1);
  });

  test('text that no document can hold does not spoil the rest', async () => {
    const phone = await device();
    await phone.begins({ Alert: [{ AlertType: 'com.example.a\u0000b', Data: { 'x\ud800': '\u0000' } }, door] });
    const types = (await alertsOf(phone.deviceId)).map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(['com.example.a\ufffdb', door.AlertType]));
  });
});
