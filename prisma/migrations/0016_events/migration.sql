-- What changed in documents of management objects stands in events; webhooks and their deliveries.

-- One side of a changed node as an event tells it: `{ name: value }`, nothing for what is not there, and for values of more
-- than 1 kB their digest and length alone.
CREATE FUNCTION "moql_side" (name TEXT, value JSONB) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN value IS NULL OR (jsonb_typeof(value) = 'object' AND value <> '{}') THEN '{}'
    WHEN octet_length(value #>> '{}') > 1024 THEN jsonb_build_object(
      name || 'Sha256', encode(sha256(convert_to(value #>> '{}', 'UTF8')), 'hex'), name || 'Octets', octet_length(value #>> '{}'))
    ELSE jsonb_build_object(name, value) END
$$;

-- Leaves in which two documents differ: `{ "changes": [{ "path", "old", "new" }], "more": whether there are more than `most` }`,
-- in order of path; null where there are none. Names are joined by `/`, percent-encoded as in addresses. What is only in the
-- newer one counts where the older one was known as a whole.
CREATE FUNCTION "moql_changes" (older JSONB, newer JSONB, is_whole BOOLEAN, most INTEGER) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  WITH RECURSIVE node (level, path, a, b) AS (
    SELECT 0, '', older, newer WHERE older IS DISTINCT FROM newer
    UNION ALL
    SELECT n.level + 1, CASE WHEN n.level = 0 THEN '' ELSE n.path || '/' END || replace(replace(k.name, '%', '%25'), '/', '%2F'), k.a, k.b
    FROM node n CROSS JOIN LATERAL (
      SELECT COALESCE(x.key, y.key) AS name, x.value AS a, y.value AS b
      FROM jsonb_each(CASE WHEN jsonb_typeof(n.a) = 'object' THEN n.a ELSE '{}' END) x
      FULL JOIN jsonb_each(CASE WHEN jsonb_typeof(n.b) = 'object' THEN n.b ELSE '{}' END) y ON x.key = y.key
      WHERE x.value IS DISTINCT FROM y.value) k
  ), leaf AS (
    SELECT path, a, b FROM node WHERE (is_whole OR a IS NOT NULL)
      AND (jsonb_typeof(a) <> 'object' OR jsonb_typeof(b) <> 'object' OR (a = '{}' AND b IS NULL) OR (a IS NULL AND b = '{}'))
    LIMIT most + 1
  ), numbered AS (SELECT *, row_number() OVER () AS n FROM leaf)
  SELECT jsonb_build_object(
    'changes', jsonb_agg(jsonb_build_object('path', path) || moql_side('old', a) || moql_side('new', b) ORDER BY path COLLATE "C")
      FILTER (WHERE n <= most),
    'more', bool_or(n > most))
  FROM numbered HAVING count(*) > 0
$$;

-- The history of a management object, the newest first.
CREATE INDEX "event_history" ON "event" ("device_id", ("data" ->> 'family'), ("data" ->> 'miid'), "id") WHERE "type" = 'valuesChanged';
-- Rows lie in the order in which they came, so that the oldest are found by few pages.
CREATE INDEX "event_at" ON "event" USING brin ("at");

-- Where events are posted to, by its name in the configuration: the event up to which deliveries were made.
CREATE TABLE "webhook" (
  "name" TEXT PRIMARY KEY,
  "xact" BIGINT NOT NULL,
  "event_id" BIGINT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);

-- Events that are still to be posted, and those that were given up (DEAD). Of one device the first that waits goes, then the next.
CREATE TABLE "webhook_delivery" (
  "device_id" BIGINT NOT NULL,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "webhook" TEXT NOT NULL REFERENCES "webhook" ("name") ON DELETE CASCADE,
  "xact" BIGINT NOT NULL,
  "event_id" BIGINT NOT NULL,
  "type" TEXT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "data" JSONB NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'WAITING' CHECK ("state" IN ('WAITING', 'DEAD')),
  -- begun so far
  "attempts" INTEGER NOT NULL DEFAULT 0,
  -- not before this; while a process posts it, the time by which it must have been heard of again
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  "problem" TEXT,
  PRIMARY KEY ("device_id", "id")
);
CREATE INDEX "webhook_delivery_waiting" ON "webhook_delivery" ("webhook", "device_id", "id") WHERE "state" = 'WAITING';
CREATE INDEX "webhook_delivery_due" ON "webhook_delivery" ("webhook", "due_at") WHERE "state" = 'WAITING';
CREATE INDEX "webhook_delivery_dead" ON "webhook_delivery" ("webhook", "id") WHERE "state" = 'DEAD';
