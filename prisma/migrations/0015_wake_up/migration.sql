-- By which bearers devices are woken, the preferred one first: names of the configuration as a JSON array. The device's
-- count, else its account's, else the configuration's.
ALTER TABLE "account" ADD COLUMN "bearers" JSONB;
ALTER TABLE "device" ADD COLUMN "bearers" JSONB;
-- By what a device can be reached.
ALTER TABLE "device" ADD COLUMN "msisdn" TEXT;
ALTER TABLE "device" ADD COLUMN "udp_address" TEXT;

-- Wake-ups, one open one a device at most.
CREATE TABLE "wake_up" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  -- DUE, SENT (a bearer took it), ANSWERED (the device came), FAILED (given up), CANCELLED (nothing waits any more)
  "state" TEXT NOT NULL DEFAULT 'DUE',
  -- who wanted it where no work waits
  "asked_by" TEXT,
  -- those to try, as they were when it was made
  "bearers" JSONB NOT NULL,
  -- the one of them whose turn it is, and how often that one was taken
  "bearer" TEXT NOT NULL,
  "sendings" INTEGER NOT NULL DEFAULT 0,
  -- SessionID or NOTIFICATION-ID of a sending that perhaps went out: it is sent once more
  "notification" TEXT,
  "due_at" TIMESTAMPTZ(3) NOT NULL,
  -- some process sends it until then
  "taken_until" TIMESTAMPTZ(3),
  "accepted_at" TIMESTAMPTZ(3),
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "ended_at" TIMESTAMPTZ(3),
  PRIMARY KEY ("device_id", "id")
);
CREATE UNIQUE INDEX "wake_up_open" ON "wake_up" ("device_id") WHERE "ended_at" IS NULL;
CREATE INDEX "wake_up_due" ON "wake_up" ("bearer", "due_at") WHERE "ended_at" IS NULL;
CREATE INDEX "wake_up_ended" ON "wake_up" ("ended_at") WHERE "ended_at" IS NOT NULL;

CREATE TABLE "wake_up_attempt" (
  "device_id" BIGINT NOT NULL,
  "wake_up_id" BIGINT NOT NULL,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "bearer" TEXT NOT NULL,
  -- when it was handed to the bearer, and how long that took
  "at" TIMESTAMPTZ(3) NOT NULL,
  "took_ms" INTEGER NOT NULL,
  -- ACCEPTED, REFUSED, FAILED
  "outcome" TEXT NOT NULL,
  "message_id" TEXT,
  "reason" TEXT,
  -- what the bearer told later
  "is_delivered" BOOLEAN,
  "report" TEXT,
  "reported_at" TIMESTAMPTZ(3),
  PRIMARY KEY ("device_id", "wake_up_id", "id"),
  FOREIGN KEY ("device_id", "wake_up_id") REFERENCES "wake_up" ("device_id", "id") ON DELETE CASCADE
);
CREATE INDEX "wake_up_attempt_message" ON "wake_up_attempt" ("bearer", "message_id")
  WHERE "message_id" IS NOT NULL AND "reported_at" IS NULL;

-- Rate limits over all processes: seconds since 1970 at which a bearer may be used next.
CREATE TABLE "bearer_pace" (
  "bearer" TEXT PRIMARY KEY,
  "next_at" DOUBLE PRECISION NOT NULL
);
