/** What the gateways have stored by the end of a round. */
import { Client } from 'pg';

export interface StoredCommand {
  readonly position: number;
  readonly kind: string;
  readonly state: string;
  readonly outcome: string | null;
  readonly error: string | null;
  readonly path: string;
}

export interface StoredOperation {
  readonly key: string;
  readonly device: string;
  readonly deviceId: string;
  readonly idempotencyKey: string | null;
  readonly caller: string;
  readonly state: string;
  readonly isEnded: boolean;
  readonly commands: readonly StoredCommand[];
}

export interface StoredEvent {
  /** `TRANSACTION.NUMBER` */
  readonly place: string;
  readonly device: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Stored {
  readonly operations: readonly StoredOperation[];
  /** In the order in which they are served. */
  readonly events: readonly StoredEvent[];
  /** Text of each alert, by DevId. */
  readonly alerts: ReadonlyMap<string, readonly string[]>;
  /** Values of the object, as one document a device, by DevId. */
  readonly documents: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly openSessions: number;
  readonly openWakeUps: number;
  readonly waitingDeliveries: number;
  readonly deadDeliveries: number;
}

export async function readStored(databaseUrl: string, family: string): Promise<Stored> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  const rows = async <T>(text: string, values: unknown[] = []): Promise<T[]> =>
    (await client.query(text, values)).rows as T[];
  const count = async (text: string): Promise<number> => Number((await rows<{ n: string }>(text))[0]?.n);
  try {
    const operations = await rows<StoredOperation>(
      `SELECT o.id::text AS key, o.device_id::text AS device, d.device_id AS "deviceId", o.idempotency_key AS "idempotencyKey",
         o.caller, o.state, o.ended_at IS NOT NULL AS "isEnded",
         (SELECT json_agg(json_build_object('position', c.position, 'kind', c.kind, 'state', c.state, 'outcome', c.outcome,
            'error', c.error, 'path', c.path) ORDER BY c.position)
          FROM command c WHERE c.device_id = o.device_id AND c.operation_id = o.id) AS commands
       FROM operation o JOIN device d ON d.id = o.device_id ORDER BY o.device_id, o.id`,
    );
    const events = await rows<StoredEvent>(
      `SELECT xact || '.' || id AS place, device_id::text AS device, type, data FROM event ORDER BY xact, id`,
    );
    const alerts = new Map<string, string[]>();
    for (const { deviceId, text } of await rows<{ deviceId: string; text: string }>(
      `SELECT d.device_id AS "deviceId", a.data::text AS text FROM alert a JOIN device d ON d.id = a.device_id`,
    ))
      alerts.set(deviceId, [...(alerts.get(deviceId) ?? []), text]);
    const documents = await rows<{ deviceId: string; values: Record<string, unknown> }>(
      `SELECT d.device_id AS "deviceId", m."values" FROM management_object m JOIN device d ON d.id = m.device_id WHERE m.family = $1`,
      [family],
    );
    return {
      operations,
      events,
      alerts,
      documents: new Map(documents.map(({ deviceId, values }) => [deviceId, values])),
      openSessions: await count('SELECT count(*) AS n FROM session WHERE ended_at IS NULL'),
      openWakeUps: await count('SELECT count(*) AS n FROM wake_up WHERE ended_at IS NULL'),
      waitingDeliveries: await count(`SELECT count(*) AS n FROM webhook_delivery WHERE state = 'WAITING'`),
      deadDeliveries: await count(`SELECT count(*) AS n FROM webhook_delivery WHERE state <> 'WAITING'`),
    };
  } finally {
    await client.end();
  }
}

/** How much is still to be done: operations, devices of campaigns, wake-ups, webhook deliveries. */
export async function countOpen(databaseUrl: string): Promise<number> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(`SELECT (SELECT count(*) FROM operation WHERE ended_at IS NULL)
      + (SELECT count(*) FROM campaign_device WHERE state = 'QUEUED') + (SELECT count(*) FROM wake_up WHERE ended_at IS NULL)
      + (SELECT count(*) FROM webhook_delivery WHERE state = 'WAITING')
      + (SELECT count(*) FROM event e, webhook w WHERE (e.xact, e.id) > (w.xact, w.event_id)) AS n`);
    return Number((rows as { n: string }[])[0]?.n ?? 0);
  } finally {
    await client.end();
  }
}
