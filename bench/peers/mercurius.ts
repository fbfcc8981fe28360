/** As quick as one gets by hand: Mercurius with jit, and one statement that gives all of a list. Nothing is checked, nothing is limited. */
import { fastify } from 'fastify';
import mercurius from 'mercurius';
import { Pool } from 'pg';

import { databaseUrl, LOOPBACK, serve, type Served } from './served';
import { devInfoOf, fumoOf, scomoOf } from './views';

const SCHEMA = `
type Query { devices(first: Int!): DeviceConnection! }
type DeviceConnection { nodes: [Device!]! }
type Device { deviceId: ID! devInfo: DevInfo fumo: Fumo scomo: Scomo }
type DevInfo { devId: String man: String mod: String dmV: String lang: String }
type Fumo { pkgName: String pkgVersion: String state: Int }
type Scomo { inventory: Inventory! }
type Inventory { deployed: Deployed! }
type Deployed { items: [Component!]! }
type Component {
  nodeName: String! id: String name: String version: String description: String status: Int state: Int envType: String
}`;

const STATEMENT = `SELECT d.device_id AS "deviceId", i."values" AS dev_info, f."values" AS fumo, s."values" AS scomo
FROM (SELECT id, device_id FROM device ORDER BY id LIMIT $1) d
LEFT JOIN management_object i ON i.device_id = d.id AND i.family = 'urn:oma:mo:oma-dm-devinfo'
LEFT JOIN management_object f ON f.device_id = d.id AND f.family = 'urn:oma:mo:oma-fumo'
LEFT JOIN management_object s ON s.device_id = d.id AND s.family = 'urn:oma:mo:oma-scomo'
ORDER BY d.id`;

interface Row {
  readonly deviceId: string;
  readonly dev_info: unknown;
  readonly fumo: unknown;
  readonly scomo: unknown;
}

async function start(): Promise<Served> {
  const pool = new Pool({ connectionString: databaseUrl() });
  const devices = async (_root: unknown, { first }: { readonly first: number }): Promise<object> => {
    const { rows } = await pool.query<Row>({ name: 'devices', text: STATEMENT, values: [first] });
    return {
      nodes: rows.map(({ deviceId, dev_info: devInfo, fumo, scomo }) => ({
        deviceId,
        devInfo: devInfo === null ? null : devInfoOf(devInfo),
        fumo: fumo === null ? null : fumoOf(fumo),
        scomo: scomo === null ? null : scomoOf(scomo),
      })),
    };
  };
  const app = fastify();
  await app.register(mercurius, { schema: SCHEMA, resolvers: { Query: { devices } }, jit: 1 });
  const close = async (): Promise<void> => {
    await app.close();
    await pool.end();
  };
  return { url: await app.listen(LOOPBACK), close };
}

serve(start);
