-- Whether a list is an ancestor's, as DM 1.3 tells (status 217): the node has none of its own.
ALTER TABLE "acl" ADD COLUMN "inherited" BOOLEAN NOT NULL DEFAULT false;

-- Another gateway, to which management of devices may be delegated and which may delegate to this one.
CREATE TABLE "peer" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "name" TEXT NOT NULL,
  "url" TEXT NOT NULL,
  -- where devices reach it
  "device_url" TEXT NOT NULL,
  -- how devices are to call it, and how it calls this gateway towards devices that it delegates
  "server_id" TEXT NOT NULL,
  "own_server_id" TEXT,
  "secret" TEXT NOT NULL,
  "secret_sha256" TEXT NOT NULL,
  -- who may manage what it delegates
  "grant_to" TEXT,
  "account_id" BIGINT REFERENCES "account" ("id"),
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "peer_name" ON "peer" ("name");
CREATE UNIQUE INDEX "peer_secret_sha256" ON "peer" ("secret_sha256");

CREATE TABLE "delegation" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- GIVEN to the peer, or TAKEN from it
  "direction" TEXT NOT NULL,
  -- the same on both gateways
  "ref" TEXT NOT NULL,
  "peer_id" BIGINT NOT NULL REFERENCES "peer" ("id"),
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "state" TEXT NOT NULL,
  "moids" TEXT[] NOT NULL,
  -- NULL: until it is ended
  "until" TIMESTAMPTZ(3),
  "caller" TEXT NOT NULL,
  "problem" TEXT,
  -- the giver's: what is to be done on the device and undone; secrets in it are encrypted
  "detail" JSONB NOT NULL DEFAULT '{}',
  "operation_id" BIGINT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "ended_at" TIMESTAMPTZ(3),
  CONSTRAINT "delegation_direction" CHECK ("direction" IN ('GIVEN', 'TAKEN'))
);
CREATE UNIQUE INDEX "delegation_ref" ON "delegation" ("peer_id", "direction", "ref");
CREATE INDEX "delegation_device_id" ON "delegation" ("device_id", "id");
CREATE INDEX "delegation_open" ON "delegation" ("id") WHERE "ended_at" IS NULL;
