-- Events in partitions by time, those of changed values apart, for they are kept for another time. Partitions of a day are
-- made ahead, and dropped as a whole after the retention time. What finds none stands in a `…_rest` until one is made.
ALTER TABLE "event" RENAME TO "event_before";
ALTER TABLE "event_before" RENAME CONSTRAINT "event_pkey" TO "event_before_pkey";
DROP INDEX "event_order";
DROP INDEX "event_history";
DROP INDEX "event_at";

CREATE TABLE "event" (
  "device_id" BIGINT NOT NULL DEFAULT 0,
  "id" BIGSERIAL,
  "xact" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "type" TEXT NOT NULL,
  "data" JSONB NOT NULL DEFAULT '{}',
  -- when its transaction began, by the database's clock alone: never given, so that it follows the order of transactions
  "written_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("device_id", "id", "type", "written_at")
) PARTITION BY LIST ("type");
CREATE INDEX "event_order" ON "event" ("xact", "id");

CREATE TABLE "event_values" PARTITION OF "event" FOR VALUES IN ('valuesChanged') PARTITION BY RANGE ("written_at");
CREATE TABLE "event_values_rest" PARTITION OF "event_values" DEFAULT;
-- The history of a management object, the newest first.
CREATE INDEX "event_history" ON "event_values" ("device_id", ("data" ->> 'family'), ("data" ->> 'miid'), "id");
CREATE TABLE "event_other" PARTITION OF "event" DEFAULT PARTITION BY RANGE ("written_at");
CREATE TABLE "event_other_rest" PARTITION OF "event_other" DEFAULT;

INSERT INTO "event" ("device_id", "id", "xact", "at", "type", "data", "written_at")
  SELECT "device_id", "id", "xact", "at", "type", "data", "at" FROM "event_before";
SELECT setval(pg_get_serial_sequence('event', 'id'), GREATEST(1, (SELECT max("id") FROM "event_before")),
  EXISTS (SELECT FROM "event_before"));
DROP TABLE "event_before";

-- When the event was written up to which deliveries were made: none that follows is more than a day older.
ALTER TABLE "webhook" ADD COLUMN "written_at" TIMESTAMPTZ(3) NOT NULL DEFAULT '-infinity';
ALTER TABLE "webhook" ALTER COLUMN "written_at" SET DEFAULT now();
