import { resealAll } from '../../src/management/reseal';
import type { Database } from '../../src/store/database';
import { createSecrets } from '../../src/store/secrets';
import { ask, contact, createAccount, register, simulated, hangUp } from '../gateway/support/world';
import { startTestGateway } from '../support/gateway';
import { testDatabase } from '../support/database';

const OLD = 'the key of yesterday';
const NEW = 'the key of today';

/** Every sealed text of the store. */
const SEALED = `SELECT client_secret AS sealed FROM account WHERE client_secret IS NOT NULL
  UNION ALL SELECT server_secret FROM account WHERE server_secret IS NOT NULL
  UNION ALL SELECT secret FROM device_credential WHERE secret IS NOT NULL
  UNION ALL SELECT document FROM bootstrap_document
  UNION ALL SELECT secret FROM peer
  UNION ALL SELECT detail ->> 'sealed' FROM delegation WHERE detail ? 'sealed'
  UNION ALL SELECT result ->> 'sealed' FROM command WHERE result ? 'sealed'`;

const closing: (() => Promise<void>)[] = [];
afterAll(async () => {
  hangUp();
  for (const close of closing.splice(0)) await close();
});

test('a gateway with another secret key opens what the old one sealed, and seals it anew', async () => {
  const db = await testDatabase();
  // A database that two gateways have, one after the other: the first must not close it.
  const kept = new Proxy({} as Database, {
    get(_target, name): unknown {
      if (name === 'close') return () => Promise.resolve();
      const member: unknown = Reflect.get(db, name, db);
      return typeof member === 'function' ? (member.bind(db) as unknown) : member;
    },
  });
  closing.push(() => db.close());
  const first = await startTestGateway({ db: kept, env: { MOQL_SECRET_KEY: OLD } });
  closing.unshift(first.close);
  const accountId = await createAccount(first, {
    clientAuth: { type: 'HTTP_DIGEST', username: 'fleet', secret: 'of the fleet' },
  });
  const deviceId = 'IMEI:20';
  const { user: username, secret } = simulated('dm2', '', deviceId).options;
  await register(first, {
    deviceId,
    accountId,
    protocol: 'DM_2_0',
    clientAuth: { type: 'DIGEST_MD5', username, secret },
  });
  const { bootstrapDevice } = await ask<{ bootstrapDevice: { url: string; document: { octets: string } } }>(
    first,
    `mutation ($id: ID!) { bootstrapDevice(input: { deviceId: $id, profile: MO, moids: ["*"] }) { url document { octets } } }`,
    { id: deviceId },
  );
  await ask(
    first,
    `mutation { createPeer(input: { name: "p", url: "https://peer.example", deviceUrl: "https://peer.example/dm/1",
      serverId: "peer", secret: "0123456789abcdef0123456789abcdef" }) { id } }`,
  );
  const old = createSecrets(OLD);
  await db.sql.query(
    `INSERT INTO operation (device_id, caller, expires_at, state) SELECT id, 't', now(), 'SUCCEEDED' FROM device`,
  );
  await db.sql.query(
    `INSERT INTO command (device_id, operation_id, position, kind, state, result)
     SELECT device_id, id, 0, 'show', 'ANSWERED', jsonb_build_object('sealed', $1::text) FROM operation`,
    [old.encrypt('a PIN', 'command/answer')],
  );
  await first.close();

  const second = await startTestGateway({
    db: kept,
    env: { MOQL_SECRET_KEY: NEW, MOQL_SECRET_KEY_PREVIOUS: OLD },
  });
  closing.unshift(second.close);
  const texts = await db.sql.query<{ sealed: string }>(SEALED);
  expect(texts.length).toBeGreaterThanOrEqual(6);
  for (const { sealed } of texts) expect(sealed).toMatch(/^v1\./);
  // A token that was handed out before still names its device.
  const path = new URL(bootstrapDevice.url).pathname;
  const octets = Buffer.from(await (await fetch(`${second.deviceUrl}${path}`)).arrayBuffer());
  expect(octets.toString('base64')).toBe(bootstrapDevice.document.octets);
  await second.close();

  // The old key is needed no more.
  expect(await resealAll(db.sql, createSecrets(NEW))).toEqual({ resealed: 0, unopened: 0 });
  expect((await resealAll(db.sql, old)).unopened).toBe(texts.length);
  const third = await startTestGateway({ db: kept, env: { MOQL_SECRET_KEY: NEW } });
  closing.unshift(third.close);
  await contact(simulated('dm2', third.deviceUrl, deviceId));
}, 60_000);
