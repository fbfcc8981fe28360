-- Profiles: desired values for the devices that a condition chooses, and how each device compares to them.

CREATE TABLE "profile" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "name" TEXT NOT NULL,
  -- the higher one wins where profiles want different values of one node; of equals the older
  "priority" INTEGER NOT NULL DEFAULT 0,
  "state" TEXT NOT NULL DEFAULT 'ACTIVE',
  -- who made it; its operations are made under that principal's rights
  "caller" TEXT NOT NULL,
  "condition" JSONB NOT NULL,
  -- [{ moid, family, miid, path, value }]
  "entries" JSONB NOT NULL,
  "max_age_ms" BIGINT NOT NULL,
  -- grows when what is desired, or who is to have it, changes
  "version" INTEGER NOT NULL DEFAULT 1,
  -- of a removed one: what its first writes found is written back
  "restores" BOOLEAN NOT NULL DEFAULT false,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "updated_at" TIMESTAMPTZ(3) NOT NULL,
  CONSTRAINT "profile_state" CHECK ("state" IN ('ACTIVE', 'PAUSED', 'REMOVED'))
);
CREATE INDEX "profile_caller" ON "profile" ("caller", "id");

CREATE TABLE "profile_device" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "profile_id" BIGINT NOT NULL REFERENCES "profile" ("id") ON DELETE CASCADE,
  "state" TEXT NOT NULL,
  -- [{ m: MOID, i: MIID, p: path, d: desired, f: [found] or [] where there is none, by: profile that wins }]
  "drift" JSONB NOT NULL DEFAULT '[]',
  "reason" TEXT,
  "changed_at" TIMESTAMPTZ(3) NOT NULL,
  "operation_id" BIGINT,
  -- { version, asked, readAt, attempts, notBefore, digest, before }
  "memory" JSONB NOT NULL DEFAULT '{}',
  PRIMARY KEY ("device_id", "profile_id"),
  CONSTRAINT "profile_device_state" CHECK ("state" IN ('IN_SYNC', 'DRIFTED', 'PENDING', 'FAILED', 'OVERRIDDEN'))
);
-- Figures are counted in this index alone.
CREATE INDEX "profile_device_state" ON "profile_device" ("profile_id", "state", "device_id");
