/** `dm2.read`: a GET of a large management object, from the octets of its Package#3 to where callers can read it. */
import type { Inbound } from '../adapters/adapter';
import { createDm2Adapter } from '../adapters/dm2';
import { writeMultipart } from '../adapters/dm2/multipart';
import { loadDemoCatalogue } from '../schema/catalogue/load';
import { DdfLibrary } from '../schema/ddf/library';
import { Turns } from '../src/management/turn';
import { openDatabase, type Database, type DatabaseOptions } from '../src/store/database';
import { migrate } from '../src/store/migrate';
import { createSecrets } from '../src/store/secrets';
import { databasePair } from './checkin/stage';
import { definitionsOf } from './ddf-files';
import { figure, ratios, type Bench } from './figure';

const NAME = 'dm2.read';
const MOID = 'urn:oma:mo:ext-acme-meter:1.0';
const FAMILY = 'urn:oma:mo:ext-acme-meter';
const DEVICE = 'urn:uuid:bench-mo-read';
/** Each has two leaves below it: 4,000 nodes. */
const TARIFFS = 1_333;
const CALLS = 6;

export async function readFigures(bench: Bench): Promise<void> {
  if (bench.wants(`${NAME}.embedded`)) await measure(bench, { memory: true });
  if (!bench.wants(`${NAME}.postgresql`)) return;
  const url = process.env['DATABASE_URL'];
  if (url === undefined) {
    bench.note('postgresql: left out, DATABASE_URL is not set');
    return;
  }
  const databases = await databasePair(bench, 'postgresql', url, 'read_');
  try {
    await measure(bench, { databaseUrl: databases.first['DATABASE_URL'] });
  } finally {
    await databases.remove();
  }
}

async function measure(bench: Bench, options: DatabaseOptions): Promise<void> {
  const db = await openDatabase(options);
  try {
    await migrate(db.sql);
    const device = await ReadDevice.registered(db);
    const rounds = bench.quick ? 5 : 9;
    const turns: number[] = [];
    const floors: number[] = [];
    for (let round = -2; round < rounds; round += 1) {
      const both = [0, 0] as [number, number];
      for (let call = 0; call < CALLS; call += 1) {
        both[0] += await device.answersGet();
        both[1] += await device.floor();
      }
      if (round < 0) continue;
      turns.push((both[0] * 1000) / CALLS);
      floors.push((both[1] * 1000) / CALLS);
    }
    bench.note(`an object of ${2 + 3 * TARIFFS} nodes: ${device.octets} octets of MO data`);
    bench.tell(figure(`${NAME}.${db.kind}.turn`, 'us', turns));
    bench.tell(figure(`${NAME}.${db.kind}.floor`, 'us', floors));
    bench.tell(figure(`${NAME}.${db.kind}.turn_to_floor`, 'ratio', ratios(turns, floors), '<= 2'));
  } finally {
    await db.close();
  }
}

/** What differs from read to read, so that no read brings what is stored already. */
function valuesOf(edition: number): object {
  const tariff = (n: number): object => ({ Start: String(1000 + n), Rate: (n % 97) / 100 + edition });
  return {
    Serial: `A-${edition}`,
    Tariff: Object.fromEntries(Array.from({ length: TARIFFS }, (_, n) => [`t${n}`, tariff(n)])),
  };
}

class ReadDevice {
  private edition = 0;
  private operation = 0;
  octets = 0;

  private constructor(
    private readonly db: Database,
    private readonly turns: Turns,
    private readonly key: string,
  ) {}

  static async registered(db: Database): Promise<ReadDevice> {
    const library = new DdfLibrary(definitionsOf(loadDemoCatalogue().map(({ text }) => text)));
    const quiet = (): void => undefined;
    const turns = new Turns({
      db,
      secrets: createSecrets('a key for figures'),
      ddfs: { library: () => library },
      settings: {
        baseUrl: () => 'https://dm.example',
        defaultServerId: 'dm.example',
        allowInsecureBasic: false,
        limits: {
          maxMsgSize: 65_536,
          maxObjSize: 4_194_304,
          maxFailures: 5,
          sessionExpiryMs: 300_000,
          transferExpiryMs: 1_800_000,
        },
        itemLifeMs: 60_000,
        // As it is served.
        exchanges: 'COMMANDS',
        discoveryBudget: { messages: 10, nodes: 1_000 },
      },
      log: {
        debug: quiet,
        warn: quiet,
        error: (detail) => {
          throw new Error(JSON.stringify(detail));
        },
      },
    });
    const [account] = await db.sql.query<{ id: string }>(
      `INSERT INTO account (server_id, auto_register, client_auth_type) VALUES ('dm.example', false, 'NONE') RETURNING id`,
    );
    const [row] = await db.sql.query<{ id: string }>(
      `INSERT INTO device (device_id, account_id, protocol, discovered_at, discover_requested)
       VALUES ($1, $2, 'DM_2_0', now(), false) RETURNING id`,
      [DEVICE, account?.id],
    );
    await db.sql.query(
      `INSERT INTO management_object (device_id, family, miid, moid, version, recognised_by)
       VALUES ($1, $2, 'm1', $3, '1.0', 'MOID')`,
      [row?.id, FAMILY, MOID],
    );
    return new ReadDevice(db, turns, row?.id ?? '');
  }

  /** A get is queued and sent; milliseconds from the octets of its answer until it is committed. */
  async answersGet(): Promise<number> {
    this.operation += 1;
    this.edition += 1;
    await this.db.sql.query(
      `WITH o AS (INSERT INTO operation (device_id, state, atomic, on_failure, caller, request_sha256, created_at, expires_at)
         VALUES ($1, 'QUEUED', false, 'STOP', 'bench', '', now(), now() + interval '1 day') RETURNING id)
       INSERT INTO command (device_id, operation_id, position, kind, moid, family, miid, path, request, repeatable, emulated)
       SELECT $1, o.id, 0, 'get', $2, $3, 'm1', '', '{}', false, false FROM o`,
      [this.key, MOID, FAMILY],
    );
    const first = await this.posts('/dm/2', 'application/vnd.oma.dm.initiation+json', { N: this.operation });
    const cont = commandsOf(first)[0]?.[1] ?? '';
    const data = JSON.stringify([{ ClientURI: `${MOID}/m1/`, MOData: { Meter: valuesOf(this.edition) } }]);
    this.octets = Buffer.byteLength(data);
    const { contentType, body } = writeMultipart([
      { mediaType: 'application/vnd.oma.dm.response+json', body: Buffer.from('{"Status":[{"sc":200},{"sc":200}]}') },
      { name: '1', mediaType: 'application/dmmo+json', body: Buffer.from(data) },
    ]);
    const began = performance.now();
    const reply = await this.posts(new URL(cont).pathname, contentType, body);
    const took = performance.now() - began;
    if (commandsOf(reply)[0]?.[0] !== 'END') throw new Error('the answer was not taken');
    await this.checkStored();
    return took;
  }

  /** The same document by `JSON.parse` and one UPDATE: milliseconds. */
  async floor(): Promise<number> {
    this.edition += 1;
    const body = Buffer.from(JSON.stringify(valuesOf(this.edition)));
    const began = performance.now();
    const values: unknown = JSON.parse(body.toString('utf8'));
    await this.db.sql.query(
      `UPDATE management_object SET "values" = $2::jsonb, observed_at = now() WHERE device_id = $1 AND family = $3`,
      [this.key, JSON.stringify(values), FAMILY],
    );
    const took = performance.now() - began;
    await this.checkStored();
    return took;
  }

  private async checkStored(): Promise<void> {
    const [row] = await this.db.sql.query<{ serial: string }>(
      `SELECT "values" ->> 'Serial' AS serial FROM management_object WHERE device_id = $1 AND family = $2`,
      [this.key, FAMILY],
    );
    if (row?.serial !== `A-${this.edition}`) throw new Error('callers would not find the values');
  }

  private posts(path: string, contentType: string, body: object): Promise<{ readonly body: Uint8Array }> {
    const octets = body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body));
    const token = /^\/dm\/2\/(.+)$/.exec(path)?.[1];
    const inbound: Inbound = {
      method: 'POST',
      path,
      ...(token === undefined ? {} : { token }),
      headers: { 'content-type': contentType, 'omadm-devid': DEVICE },
      body: octets,
      peer: { secure: true, loopback: true },
    };
    return this.turns.handle(adapter, inbound);
  }
}

const adapter = createDm2Adapter();

function commandsOf({ body }: { readonly body: Uint8Array }): readonly (readonly string[])[] {
  return (JSON.parse(Buffer.from(body).toString()) as { CMD: string[][] }).CMD;
}
