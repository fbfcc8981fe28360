-- Campaigns: one change to many devices. What they are asked is stored once, and one narrow row a device tells how far it is;
-- its operation is made when its turn comes.

-- IANA name of the zone in which the device is; NULL: not known.
ALTER TABLE "device" ADD COLUMN "time_zone" TEXT;

CREATE TABLE "campaign" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "name" TEXT NOT NULL,
  "state" TEXT NOT NULL,
  -- of a completed one: SUCCEEDED or FAILED
  "verdict" TEXT,
  -- who made it; its operations count as asked by that principal
  "caller" TEXT NOT NULL,
  -- as its maker gave them; judged for each device when its operation is made
  "commands" JSONB NOT NULL,
  "atomic" BOOLEAN NOT NULL,
  "sequence" BOOLEAN NOT NULL,
  "on_failure" TEXT NOT NULL,
  "expires_in_ms" BIGINT NOT NULL,
  -- which devices were chosen; NULL: a list
  "condition" JSONB,
  -- { pace, windows, timeZone, abort, successPercentage, files }
  "rules" JSONB NOT NULL,
  -- when devices were started lately, as the pace reckons: { at, credit, recent }
  "paced" JSONB,
  "targets" INTEGER NOT NULL DEFAULT 0,
  -- why it was paused by the gateway itself
  "problem" TEXT,
  "start_at" TIMESTAMPTZ(3),
  "end_at" TIMESTAMPTZ(3),
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  "idempotency_key" TEXT,
  -- SHA-256 of the request, to tell a repeat from another request under the same key
  "request_sha256" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "started_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "campaign_state" CHECK ("state" IN ('SCHEDULED', 'IN_PROGRESS', 'PAUSED', 'CANCELLED', 'ABORTED', 'COMPLETED'))
);
CREATE INDEX "campaign_caller" ON "campaign" ("caller", "id");
CREATE UNIQUE INDEX "campaign_idempotency" ON "campaign" ("caller", "idempotency_key") WHERE "idempotency_key" IS NOT NULL;
CREATE INDEX "campaign_due" ON "campaign" ("due_at") WHERE "ended_at" IS NULL AND "state" <> 'PAUSED';

CREATE TABLE "campaign_device" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "campaign_id" BIGINT NOT NULL REFERENCES "campaign" ("id") ON DELETE CASCADE,
  "state" TEXT NOT NULL DEFAULT 'QUEUED',
  -- in which windows are reckoned; NULL: the campaign has none
  "time_zone" TEXT,
  "operation_id" BIGINT,
  -- why it did not succeed: outcome of a command or code of an error, status of the protocol, text
  "outcome" TEXT,
  "status_code" INTEGER,
  "reason" TEXT,
  PRIMARY KEY ("device_id", "campaign_id"),
  CONSTRAINT "campaign_device_state" CHECK ("state" IN
    ('QUEUED', 'IN_PROGRESS', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'REJECTED', 'CANCELLED'))
);
-- Progress is counted, and what is due found, in this index alone.
CREATE INDEX "campaign_device_progress" ON "campaign_device" ("campaign_id", "state", "device_id", "time_zone");
CREATE INDEX "campaign_device_operation" ON "campaign_device" ("device_id", "operation_id") WHERE "operation_id" IS NOT NULL;
CREATE INDEX "campaign_device_failed" ON "campaign_device" ("campaign_id", "state", "outcome", "status_code", "device_id")
  WHERE "state" IN ('FAILED', 'TIMED_OUT', 'REJECTED');

-- However an operation of a campaign ends (in a turn, by the clock, by a caller), its device's row says so in the same
-- transaction and within the same statement.
CREATE FUNCTION "moql_campaign_operation_ended" () RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  failed RECORD;
BEGIN
  SELECT c."outcome", c."status_code", left(c."error", 200) AS "reason" INTO failed FROM "command" c
    WHERE c."device_id" = NEW."device_id" AND c."operation_id" = NEW."id" AND NEW."state" <> 'SUCCEEDED'
      AND (c."state" = 'IN_DOUBT' OR c."outcome" <> 'OK')
    ORDER BY c."position" LIMIT 1;
  UPDATE "campaign_device" d SET
    "state" = CASE NEW."state" WHEN 'SUCCEEDED' THEN 'SUCCEEDED' WHEN 'EXPIRED' THEN 'TIMED_OUT'
      WHEN 'CANCELLED' THEN 'CANCELLED' WHEN 'SUPERSEDED' THEN 'CANCELLED' ELSE 'FAILED' END,
    "outcome" = CASE WHEN NEW."state" IN ('IN_DOUBT', 'SUPERSEDED') THEN NEW."state" ELSE failed."outcome" END,
    "status_code" = failed."status_code", "reason" = failed."reason"
  WHERE d."device_id" = NEW."device_id" AND d."operation_id" = NEW."id";
  RETURN NULL;
END $$;
CREATE TRIGGER "campaign_operation_ended" AFTER UPDATE OF "state", "ended_at" ON "operation" FOR EACH ROW
  WHEN (NEW."ended_at" IS NOT NULL AND NEW."caller" LIKE 'campaign:%' AND (OLD."ended_at" IS NULL OR OLD."state" <> NEW."state"))
  EXECUTE FUNCTION "moql_campaign_operation_ended" ();
