-- Rules: what follows by itself from what devices report, and how often it did lately.

CREATE TABLE "rule" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "name" TEXT NOT NULL,
  "enabled" BOOLEAN NOT NULL DEFAULT true,
  -- who made it; what it does is done under that principal's rights
  "caller" TEXT NOT NULL,
  "condition" JSONB NOT NULL,
  -- { events, alertType, mark, family, moid }
  "trigger" JSONB NOT NULL,
  -- { commands, expiresInMs, addTags, removeTags }
  "action" JSONB NOT NULL,
  -- { debounceMs, count, perMs }
  "pace" JSONB NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL,
  "updated_at" TIMESTAMPTZ(3) NOT NULL
);
CREATE INDEX "rule_caller" ON "rule" ("caller", "id");

CREATE TABLE "rule_device" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "rule_id" BIGINT NOT NULL REFERENCES "rule" ("id") ON DELETE CASCADE,
  -- milliseconds since 1970 at which it was triggered lately, the oldest first
  "recent" JSONB NOT NULL,
  PRIMARY KEY ("device_id", "rule_id")
);
