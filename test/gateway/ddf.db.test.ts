import { readFileSync, readdirSync } from 'node:fs';

import { decodeXml } from '../../schema/ddf/encoding';
import type { MoDefinition } from '../../schema/ddf/model';
import { readDdf } from '../../schema/ddf/read';
import type { SimulatedDevice } from '../../src/simulator';
import { describeShared, sharedPath } from '../support/shared';
import { plantOf } from './support/plant-of';
import { PROTOCOLS, addDdf, ask, contact, startWorld } from './support/world';
import type { World } from './support/world';

describeShared('Real DDF files', () => {
  const microsoft = ['20h2-DeviceStatusDDF.xml', '20h2-Storage_DDF.xml', 'feb2025-AssignedAccess.xml'];
  const oma = readdirSync(sharedPath('ddf', 'oma')).filter((name) => name.endsWith('.xml'));
  const octetsOf = (folder: string, name: string): Buffer => readFileSync(sharedPath('ddf', folder, name));

  let world: World;
  let mos: readonly MoDefinition[];

  beforeAll(async () => {
    world = await startWorld();
    mos = microsoft.flatMap((name) => {
      const read = readDdf(octetsOf('microsoft', name));
      if (!read.ok) throw new Error(`${name}: ${read.refusal.code}`);
      return read.document.mos;
    });
  });
  afterAll(() => world.close());

  test.each([...oma.map((name) => ['oma', name] as const), ...microsoft.map((name) => ['microsoft', name] as const)])(
    'are added: %s/%s',
    async (folder, name) => {
      const moids = await addDdf(world.gateway, decodeXml(octetsOf(folder, name)).text);
      expect(moids).toHaveLength(1);
    },
  );

  describe.each(PROTOCOLS)('and a %s device answers queries on their types:', (protocol) => {
    const deviceId = `urn:uuid:ddf-${protocol}`;
    let device: SimulatedDevice;

    beforeAll(async () => {
      const plants = mos.map((mo) =>
        plantOf(mo, mo.moid, protocol === 'dm2' ? `com.microsoft/1.0/MDM/${mo.root.name}` : undefined),
      );
      device = await world.device(protocol, deviceId, { plants });
      await contact(device);
    });

    const query = async (fields: string): Promise<unknown> =>
      (await ask<{ device: unknown }>(world.gateway, `{ device(deviceId: "${deviceId}") { ${fields} } }`)).device;

    test('OMA', async () => {
      const own =
        protocol === 'dm1' ? { serverId: 'dm.example', srvId: null } : { serverId: null, srvId: 'dm.example' };
      expect(
        await query(
          `devInfo { devId man mod lang bearer { nodeNames } }
           devDetail { devTyp lrgObj uri { maxDepth maxTotLen maxSegLen } }
           dmAcc { name serverId srvId appAddr { items { nodeName addrType } } mo { moid } }`,
        ),
      ).toEqual({
        devInfo: { devId: deviceId, man: 'Acme', mod: 'Widget 9', lang: 'en-GB', bearer: null },
        devDetail: { devTyp: 'meter', lrgObj: true, uri: { maxDepth: '24', maxTotLen: '1024', maxSegLen: '128' } },
        dmAcc: {
          name: 'Device care',
          ...own,
          appAddr: protocol === 'dm1' ? { items: [{ nodeName: 'addr1', addrType: 'URI' }] } : null,
          mo: { moid: `urn:oma:mo:oma-dm-dmacc:${protocol === 'dm1' ? '1.0' : '1.2'}` },
        },
      });
    });

    test('Microsoft', async () => {
      expect(
        await query(
          `msftStorage { disable }
           msftAssignedAccess { kioskModeApp status shellLauncher mo { miid freshness } }
           msftDeviceStatus {
             secureBootState domainName os { edition mode } battery { status estimatedRuntime }
             compliance { encryptionCompliance }
             cellularIdentities { items { nodeName imsi roamingStatus } }
             networkIdentifiers { items(nodeName: ["NetworkIdentifiers-1"]) { ipAddressV4 isConnected type } }
           }`,
        ),
      ).toEqual({
        msftStorage: { disable: true },
        msftAssignedAccess: {
          kioskModeApp: 'some KioskModeApp',
          status: 'some Status',
          shellLauncher: 'some ShellLauncher',
          mo: { miid: 'AssignedAccess', freshness: 'FRESH' },
        },
        msftDeviceStatus: {
          secureBootState: 7,
          domainName: 'some DomainName',
          os: { edition: 'Not available', mode: 7 },
          battery: { status: 7, estimatedRuntime: 7 },
          compliance: { encryptionCompliance: true },
          cellularIdentities: {
            items: [{ nodeName: 'CellularIdentities-1', imsi: 'some IMSI', roamingStatus: true }],
          },
          networkIdentifiers: { items: [{ ipAddressV4: 'some IPAddressV4', isConnected: true, type: 7 }] },
        },
      });
    });

    test('Microsoft, changed by a mutation of its type', async () => {
      await ask(
        world.gateway,
        `mutation { replaceMsftStorage(input: { deviceId: "${deviceId}", disable: false }) { id } }`,
      );
      await contact(device);
      expect(await query('msftStorage { disable }')).toEqual({ msftStorage: { disable: false } });
      expect(device.tree.find(['Vendor', 'MSFT', 'Storage', 'Disable'])?.value).toBe('false');
    });
  });
});
