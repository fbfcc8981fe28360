-- Bootstrap documents that devices may fetch for a while. They hold secrets, so they are sealed, and the address is kept as
-- its hash alone: who reads the table can neither open nor fetch one.
CREATE TABLE "bootstrap_document" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "token_sha256" TEXT NOT NULL,
  "media_type" TEXT NOT NULL,
  "document" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "fetches" INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY ("device_id", "token_sha256")
);
CREATE INDEX "bootstrap_document_expiry" ON "bootstrap_document" ("expires_at");

-- The last notification made for the device (SERVER, whose secret it is made with) and its session's number; when one with
-- the nonce for resynchronisation was made, until a nonce is given to the device (CLIENT, whose credential it is about).
ALTER TABLE "device_credential" ADD COLUMN "notified_at" TIMESTAMPTZ(3);
ALTER TABLE "device_credential" ADD COLUMN "notified_session" INTEGER;
ALTER TABLE "device_credential" ADD COLUMN "resync_at" TIMESTAMPTZ(3);
