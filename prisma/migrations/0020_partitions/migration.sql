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

-- Operations that ended a while ago, with their commands: moved here from `operation` and `command`, which hold what is open
-- and what ended lately. Partitions by the day of their end. No foreign key: each partition that comes or goes would
-- lock `device`.
CREATE TABLE "ended_operation" (
  "device_id" BIGINT NOT NULL,
  "id" BIGINT NOT NULL,
  "ended_at" TIMESTAMPTZ(3) NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "cancel_requested_at" TIMESTAMPTZ(3),
  "priority" INTEGER NOT NULL,
  "atomic" BOOLEAN NOT NULL,
  "sequence" BOOLEAN NOT NULL,
  "state" TEXT NOT NULL,
  "on_failure" TEXT NOT NULL,
  "caller" TEXT NOT NULL,
  "cancelled_by" TEXT,
  "idempotency_key" TEXT,
  "request_sha256" TEXT,
  PRIMARY KEY ("device_id", "id", "ended_at")
) PARTITION BY RANGE ("ended_at");
CREATE TABLE "ended_operation_rest" PARTITION OF "ended_operation" DEFAULT;
CREATE INDEX "ended_operation_idempotency" ON "ended_operation" ("device_id", "caller", "idempotency_key")
  WHERE "idempotency_key" IS NOT NULL;

CREATE TABLE "ended_command" (
  "device_id" BIGINT NOT NULL,
  "operation_id" BIGINT NOT NULL,
  -- of the operation
  "ended_at" TIMESTAMPTZ(3) NOT NULL,
  "sent_at" TIMESTAMPTZ(3),
  "answered_at" TIMESTAMPTZ(3),
  "position" INTEGER NOT NULL,
  "status_code" INTEGER,
  "repeatable" BOOLEAN NOT NULL,
  "emulated" BOOLEAN NOT NULL,
  "kind" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  "moid" TEXT,
  "family" TEXT,
  "miid" TEXT,
  "path" TEXT NOT NULL,
  "uri" TEXT,
  "request" JSONB NOT NULL,
  "outcome" TEXT,
  "error" TEXT,
  "result" JSONB,
  "result_meta" JSONB,
  "carrier" TEXT,
  PRIMARY KEY ("device_id", "operation_id", "position", "ended_at")
) PARTITION BY RANGE ("ended_at");
CREATE TABLE "ended_command_rest" PARTITION OF "ended_command" DEFAULT;

CREATE FUNCTION "moql_ended_device_deleted" () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "ended_command" WHERE "device_id" = OLD."id";
  DELETE FROM "ended_operation" WHERE "device_id" = OLD."id";
  RETURN NULL;
END $$;
CREATE TRIGGER "ended_device_deleted" AFTER DELETE ON "device" FOR EACH ROW EXECUTE FUNCTION "moql_ended_device_deleted" ();
