-- Parts of management objects that a device tells of by itself when they change (SUB of DM 2.0), one row an address. How far
-- it is tells the command that was made last for it, the first of its operation.
CREATE TABLE "mo_subscription" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "family" TEXT NOT NULL,
  "miid" TEXT NOT NULL,
  "path" TEXT NOT NULL DEFAULT '',
  -- with its version, as the device was asked
  "moid" TEXT NOT NULL,
  -- of the address in the repository to which the device puts what changed
  "token" TEXT NOT NULL,
  -- somebody holds it; else it is being ended
  "is_wanted" BOOLEAN NOT NULL DEFAULT true,
  "operation_id" BIGINT NOT NULL,
  -- who made it, and its operations
  "caller" TEXT NOT NULL,
  "pushed_at" TIMESTAMPTZ(3),
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("device_id", "id")
);
CREATE UNIQUE INDEX "mo_subscription_address" ON "mo_subscription" ("device_id", "family", "miid", "path");

-- Who needs it: a caller (`key:1`), or another part of the gateway. It is ended when the last one goes.
CREATE TABLE "mo_subscription_holder" (
  "device_id" BIGINT NOT NULL,
  "subscription_id" BIGINT NOT NULL,
  "holder" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("device_id", "subscription_id", "holder"),
  FOREIGN KEY ("device_id", "subscription_id") REFERENCES "mo_subscription" ("device_id", "id") ON DELETE CASCADE
);
