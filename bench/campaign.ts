/** `campaign.accept`: a campaign over many devices is made, against the bare statement that makes its rows. */
import { loadDemoCatalogue } from '../schema/catalogue/load';
import { DdfLibrary } from '../schema/ddf/library';
import { Rights } from '../src/access/rights';
import { createCampaigns } from '../src/management/campaigns/campaigns';
import { openDatabase, type Database } from '../src/store/database';
import { migrate } from '../src/store/migrate';
import { definitionsOf } from './ddf-files';
import { figure, ratios, type Bench } from './figure';

const NAME = 'campaign.accept';
const DEVICES = 100_000;
const CALLER = { principal: 'key:bench', name: 'bench', admin: true };

export async function campaignFigures(bench: Bench): Promise<void> {
  if (!bench.wants(NAME)) return;
  const db = await openDatabase({ memory: true });
  try {
    await migrate(db.sql);
    const devices = bench.quick ? DEVICES / 10 : DEVICES;
    await db.sql.query(`INSERT INTO account (server_id) VALUES ('dm.example')`);
    await db.sql.query(
      `INSERT INTO device (device_id, account_id, protocol, tags)
       SELECT 'IMEI:' || n, a.id, 'DM_1_2', '{fleet}' FROM account a, generate_series(1, $1::int) AS n`,
      [devices],
    );
    const campaigns = new Accepting(db, devices);
    const accepted: number[] = [];
    const bare: number[] = [];
    for (let round = -1; round < (bench.quick ? 3 : 5); round += 1) {
      // In changing order: what the first one leaves behind is the second one's burden.
      const took = { accept: 0, bare: 0 };
      for (const which of round % 2 === 0 ? (['accept', 'bare'] as const) : (['bare', 'accept'] as const))
        took[which] = await campaigns[which]();
      if (round < 0) continue;
      accepted.push(took.accept);
      bare.push(took.bare);
    }
    bench.note(`a campaign over ${devices} devices chosen by a tag, on the embedded database in memory`);
    bench.tell(figure(`${NAME}.time`, 'ms', accepted));
    bench.tell(figure(`${NAME}.floor`, 'ms', bare));
    bench.tell(figure(`${NAME}.time_to_insert`, 'ratio', ratios(accepted, bare), '<= 2'));
  } finally {
    await db.close();
  }
}

class Accepting {
  private readonly library = new DdfLibrary(definitionsOf(loadDemoCatalogue().map(({ text }) => text)));
  private readonly campaigns;

  constructor(
    private readonly db: Database,
    private readonly devices: number,
  ) {
    this.campaigns = createCampaigns({
      db,
      ddfs: { library: () => this.library },
      files: () => Promise.resolve([]),
      limits: { commands: 1_000, valueOctets: 2 ** 20, waitMs: 0, expiresInMs: 30 * 86_400_000 },
    });
  }

  /** Milliseconds until a campaign is made, with a row for each device. */
  async accept(): Promise<number> {
    const address = { moid: 'urn:oma:mo:ext-acme-meter', path: 'Interval' };
    const commands = [{ kind: 'replace', address, value: { int: 60 } }] as const;
    const condition = { kind: 'tag', tag: 'fleet' } as const;
    const rights = new Rights(true, [], Date.now());
    const began = performance.now();
    const { targets } = await this.campaigns.create({ name: 'bench', condition, commands }, {}, CALLER, rights);
    const took = performance.now() - began;
    if (targets !== this.devices) throw new Error('some devices were left out');
    await this.forget();
    return took;
  }

  /** The same rows by one statement. */
  async bare(): Promise<number> {
    const [row] = await this.db.sql.query<{ id: string }>(
      `INSERT INTO campaign (name, state, caller, commands, atomic, sequence, on_failure, expires_in_ms, rules, due_at, created_at)
       VALUES ('bare', 'PAUSED', 'bench', '[]', false, false, 'STOP', 0, '{}', now(), now()) RETURNING id`,
    );
    const began = performance.now();
    await this.db.sql.query(
      `INSERT INTO campaign_device (device_id, campaign_id) SELECT d.id, $1 FROM device d WHERE d.tags @> ARRAY['fleet']`,
      [row?.id],
    );
    const took = performance.now() - began;
    await this.forget();
    return took;
  }

  private async forget(): Promise<void> {
    await this.db.sql.exec('TRUNCATE campaign_device; DELETE FROM campaign; DELETE FROM event');
  }
}
