import { applyTurn } from '../../src/store/turn-apply';
import { loadTurn } from '../../src/store/turn-load';
import { loadWork } from '../../src/store/turn-work';
import { NOTHING_WRITTEN, writeTurn } from '../../src/store/turn-write';
import { insertOperation, loadOperation, loadTarget } from '../../src/store/operations';
import { testDatabase } from '../support/database';
import type { Database } from '../../src/store/database';

describe('the statements of a turn', () => {
  let db: Database;
  let device: string;
  const now = new Date('2026-11-23T12:00:00.000Z');

  beforeAll(async () => {
    db = await testDatabase();
    const [account] = await db.sql.query<{ id: string }>(
      `INSERT INTO account (server_id) VALUES ('dm.example') RETURNING id`,
    );
    const [row] = await db.sql.query<{ id: string }>(
      `INSERT INTO device (device_id, account_id) VALUES ('IMEI:490154203237518', $1) RETURNING id`,
      [account?.id],
    );
    device = row?.id ?? '';
  });
  afterAll(() => db.close());

  const empty = { commands: [], operations: [], documents: [], gone: [], alerts: [] };
  const nothing = { ...NOTHING_WRITTEN, device: { ...NOTHING_WRITTEN.device, contact: true } };
  const session = {
    protocol: 'DM_1_2',
    key: 'A1',
    token: 'T',
    phase: 'awaiting',
    messageNo: 1,
    state: '{"a":{},"n":[]}',
    sha256: '00',
    reply: { status: 200, headers: { 'content-type': 'x' }, body: new Uint8Array([0, 1, 255]) },
    expiresAt: new Date(now.getTime() + 1000),
    endReason: null,
  };

  test('a device that nobody knows gives a row without device', async () => {
    expect(await loadTurn(db.sql, 'IMEI:0', undefined, true)).toMatchObject({
      device_key: null,
      account_key: null,
      session_id: null,
      work_waiting: false,
    });
  });

  test('a session that begins is written with its reply, and loaded again', async () => {
    expect(await writeTurn(db.sql, device, now, { ...nothing, session })).toBe(true);
    const row = await loadTurn(db.sql, 'IMEI:490154203237518', undefined, false);
    expect(row).toMatchObject({
      device_key: device,
      session_version: 1,
      last_sha256: '00',
      last_status: 200,
      last_headers: { 'content-type': 'x' },
      session_ended: false,
    });
    expect([...(row.last_body ?? [])]).toEqual([0, 1, 255]);
    expect(row.last_at).toEqual(now);
  });

  test('a session is written only over the version that was loaded', async () => {
    const { session_id } = await loadTurn(db.sql, 'IMEI:490154203237518', undefined, false);
    const was = { id: session_id ?? '', version: 1 };
    expect(await writeTurn(db.sql, device, now, { ...nothing, session: { ...session, was } })).toBe(true);
    expect(await writeTurn(db.sql, device, now, { ...nothing, session: { ...session, was } })).toBe(false);
  });

  test('a session that supersedes another ends it', async () => {
    const { session_id } = await loadTurn(db.sql, 'IMEI:490154203237518', undefined, false);
    expect(
      await writeTurn(db.sql, device, now, { ...nothing, session: { ...session, supersedes: session_id ?? '' } }),
    ).toBe(true);
    expect(await db.sql.query('SELECT end_reason FROM session WHERE id = $1', [session_id])).toEqual([
      { end_reason: 'SUPERSEDED' },
    ]);
  });

  test('a nonce that changes keeps the one before, and failures stay unless they are counted', async () => {
    const nonce = (octet: number): string => Buffer.alloc(16, octet).toString('base64');
    await writeTurn(db.sql, device, now, {
      ...nothing,
      credentials: [{ direction: 'CLIENT', nonce: nonce(1), failures: 2, lockedUntil: null }],
    });
    await writeTurn(db.sql, device, now, { ...nothing, credentials: [{ direction: 'CLIENT', nonce: nonce(2) }] });
    const { client } = await loadTurn(db.sql, 'IMEI:490154203237518', undefined, false);
    expect(client).toMatchObject({ nonce: nonce(2), previousNonce: nonce(1), failures: 2 });
  });

  test('documents are merged, set and cut at any path, and members named by numbers stay members', async () => {
    const change = {
      family: 'f',
      miid: 'm',
      moid: 'f:1.0',
      version: '1.0',
      place: './F',
      recognisedBy: 'MOID',
      meta: {},
      properties: {},
      cleared: [],
      observed: true,
      complete: false,
      validator: null,
    };
    await applyTurn(db.sql, device, now, {
      ...empty,
      documents: [
        {
          ...change,
          patches: [
            { p: ['A', '1', 'B'], o: 'set', v: 7 },
            { p: [], o: 'merge', v: { A: { '1': { C: 'x' } }, D: true } },
            { p: ['E'], o: 'set', v: { F: 1 } },
            { p: ['E'], o: 'merge', v: { G: 2 } },
          ],
        },
      ],
    });
    await applyTurn(db.sql, device, now, {
      ...empty,
      documents: [{ ...change, recognisedBy: null, patches: [{ p: ['A', '1', 'B'], o: 'del' }] }],
    });
    expect(await db.sql.query('SELECT "values", recognised_by FROM management_object')).toEqual([
      { values: { A: { '1': { C: 'x' } }, D: true, E: { F: 1, G: 2 } }, recognised_by: 'MOID' },
    ]);
    await applyTurn(db.sql, device, now, { ...empty, gone: [{ family: 'f', miid: 'm' }] });
    expect(await db.sql.query('SELECT 1 FROM management_object')).toEqual([]);
  });

  test('an operation is accepted once under its key, found as work, sent and answered', async () => {
    const command = {
      position: 0,
      kind: 'get',
      moid: 'f:1.0',
      family: 'f',
      miid: null,
      path: 'A',
      uri: null,
      request: {},
      repeatable: false,
      emulated: false,
    };
    const operation = {
      atomic: false,
      onFailure: 'STOP' as const,
      caller: 'key:1',
      idempotencyKey: 'k',
      requestSha256: 'h',
      createdAt: now,
      expiresAt: new Date(now.getTime() + 60_000),
      commands: [command, { ...command, position: 1 }],
      blobs: [],
    };
    const first = await insertOperation(db.sql, device, operation);
    expect(await insertOperation(db.sql, device, operation)).toEqual({ ...first, isNew: false });
    const [work] = await loadWork(db.sql, device, 10, now, 1_000);
    expect(work).toMatchObject({
      id: first.id,
      onFailure: 'STOP',
      commands: [{ position: 0, state: 'QUEUED' }, { position: 1 }],
    });
    await writeTurn(db.sql, device, now, {
      ...nothing,
      commands: [{ operation: first.id, position: 0, state: 'SENT', carrier: 'Get', sent: true }],
      operations: [{ id: first.id, state: 'RUNNING', ended: false }],
    });
    const { active } = await loadTurn(db.sql, 'IMEI:490154203237518', undefined, true);
    expect(active).toMatchObject([
      { id: first.id, state: 'RUNNING', commands: [{ state: 'SENT' }, { state: 'QUEUED' }] },
    ]);
    await applyTurn(db.sql, device, now, {
      ...empty,
      commands: [
        {
          operation: first.id,
          position: 0,
          state: 'ANSWERED',
          outcome: 'OK',
          code: 200,
          result: 'text',
          meta: { '': { format: 'chr' } },
          answered: true,
        },
        { operation: first.id, position: 1, state: 'SKIPPED' },
      ],
      operations: [{ id: first.id, state: 'SUCCEEDED', ended: true }],
    });
    expect(await loadOperation(db.sql, device, first.id)).toMatchObject({
      state: 'SUCCEEDED',
      endedAt: now,
      commands: [
        { state: 'ANSWERED', outcome: 'OK', statusCode: 200, result: 'text', carrier: 'Get' },
        { state: 'SKIPPED', result: null },
      ],
    });
    expect(await loadTarget(db.sql, 'IMEI:490154203237518')).toMatchObject({ key: device, mos: [] });
  });
});
