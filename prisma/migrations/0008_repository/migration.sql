-- The Data Repository. An address belongs to a device and mostly to a command; what is uploaded to one that the gateway
-- itself reads stands in the address's row until its command has ended.
ALTER TABLE "repository_item" ADD COLUMN "purpose" TEXT NOT NULL DEFAULT 'COMMAND';
-- DEVICE: the device authenticates as at the DM endpoint. ADDRESS: who has the address has the item; each use is logged.
ALTER TABLE "repository_item" ADD COLUMN "access" TEXT NOT NULL DEFAULT 'DEVICE';
-- The file of a FILE address. No foreign key: a file may go while its addresses are out, which then lead nowhere.
ALTER TABLE "repository_item" ADD COLUMN "file_id" BIGINT;
ALTER TABLE "repository_item" ADD COLUMN "uses" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "repository_item" ADD COLUMN "uploaded_at" TIMESTAMPTZ(3);
ALTER TABLE "repository_item" ADD COLUMN "mime" TEXT;
ALTER TABLE "repository_item" ADD COLUMN "sha256" TEXT;
ALTER TABLE "repository_item" ADD COLUMN "octets" BYTEA;
ALTER TABLE "repository_item" ADD CONSTRAINT "repository_item_purpose" CHECK ("purpose" IN ('COMMAND', 'SUBSCRIPTION', 'FILE'));
ALTER TABLE "repository_item" ADD CONSTRAINT "repository_item_access" CHECK ("access" IN ('DEVICE', 'ADDRESS'));
CREATE INDEX "repository_item_uploaded" ON "repository_item" ("uploaded_at") WHERE "octets" IS NOT NULL;

-- What callers put into the repository, once for however many devices. Small ones stand here, large ones in the storage.
CREATE TABLE "repository_file" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "name" TEXT,
  "mime" TEXT NOT NULL,
  -- NULL: as its use asks for
  "access" TEXT,
  -- what the caller says of it, until it is there; then what it is
  "length" BIGINT,
  "sha256" TEXT,
  "octets" BYTEA,
  "storage_key" TEXT,
  -- the upload address as its hash alone; NULL once it was used
  "upload_sha256" TEXT,
  "upload_expires_at" TIMESTAMPTZ(3),
  "uploaded_at" TIMESTAMPTZ(3),
  "created_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  -- NULL: until it is deleted
  "expires_at" TIMESTAMPTZ(3),
  CONSTRAINT "repository_file_access" CHECK ("access" IN ('DEVICE', 'ADDRESS')),
  CONSTRAINT "repository_file_content" CHECK (("uploaded_at" IS NOT NULL) = ("octets" IS NOT NULL OR "storage_key" IS NOT NULL))
);
CREATE UNIQUE INDEX "repository_file_upload" ON "repository_file" ("upload_sha256");
CREATE INDEX "repository_file_expiry" ON "repository_file" ("expires_at");

-- Written before an object goes into the storage and deleted after it went: what no file names is left over.
CREATE TABLE "repository_object" (
  "storage_key" TEXT NOT NULL PRIMARY KEY,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
