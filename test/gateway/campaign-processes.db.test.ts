import { describeWith, requireTool } from '../support/shared';
import { openDatabase, type Database } from '../../src/store/database';
import { makeHome, startGatewayProcess } from './support/gateway-process';
import type { GatewayProcess, Home } from './support/gateway-process';
import { METER, addMeter, ask, createAccount } from './support/world';

const DEVICES = 60;

describeWith('postgres', 'A campaign of two processes on one database, one of which is killed', () => {
  let home: Home;
  let db: Database;
  const gateways: GatewayProcess[] = [];

  beforeAll(async () => {
    home = await makeHome(requireTool('postgres'));
    for (let n = 0; n < 2; n += 1) gateways.push(await startGatewayProcess(home));
    db = await openDatabase({ databaseUrl: home.databaseUrl ?? '', poolSize: 2 });
  });
  afterAll(async () => {
    await db?.close();
    await Promise.all(gateways.map((gateway) => gateway.kill()));
    await home.remove();
  });

  test('starts every device once, and goes on where the other one left it', async () => {
    const [first, second] = gateways as [GatewayProcess, GatewayProcess];
    await addMeter(first);
    await createAccount(first);
    await db.sql.query(
      `INSERT INTO device (device_id, account_id, protocol, tags) SELECT 'IMEI:' || n, a.id, 'DM_1_2', '{many}'
       FROM account a, generate_series(1, $1::int) AS n`,
      [DEVICES],
    );
    const input = {
      name: 'many',
      where: { tag: 'many' },
      commands: [{ replace: { address: { moid: METER, path: 'Interval' }, value: { int: 5 } } }],
      pace: { maximumPerMinute: 20 },
    };
    const { createCampaign } = await ask<{ createCampaign: { id: string; targets: number } }>(
      first,
      'mutation ($input: CreateCampaignInput!) { createCampaign(input: $input) { id targets } }',
      { input },
    );
    expect(createCampaign.targets).toBe(DEVICES);
    const started = async (): Promise<{ devices: number; operations: number }> => {
      const [row] = await db.sql.query<{ devices: number; operations: number }>(
        `SELECT count(DISTINCT device_id)::int AS devices, count(*)::int AS operations FROM operation WHERE caller LIKE 'campaign:%'`,
      );
      return row ?? { devices: 0, operations: 0 };
    };
    // Both look at once, again and again.
    await Promise.all([first.passes(1_000), second.passes(1_000)]);
    await Promise.all([first.passes(60_000), second.passes(60_000)]);
    const before = await started();
    expect(before.operations).toBeGreaterThanOrEqual(15);
    expect(before.operations).toBeLessThan(DEVICES);
    // In the middle of its batch, as it may be.
    void first.passes(30_000).catch(() => undefined);
    await first.kill();
    for (let minutes = 0; minutes < 5; minutes += 1) await second.passes(61_000);
    expect(await started()).toEqual({ devices: DEVICES, operations: DEVICES });
    expect(
      await ask(second, 'query ($id: ID!) { campaign(id: $id) { progress { queued inProgress } } }', {
        id: createCampaign.id,
      }),
    ).toEqual({ campaign: { progress: { queued: 0, inProgress: DEVICES } } });
  });
});
