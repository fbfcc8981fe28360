-- DEFAULT of DM 2.0: a document that a device may ask for whenever it needs an object of a type that it has not.
ALTER TABLE "repository_item" ADD COLUMN "moid" TEXT;
ALTER TABLE "repository_item" DROP CONSTRAINT "repository_item_purpose";
ALTER TABLE "repository_item" ADD CONSTRAINT "repository_item_purpose" CHECK ("purpose" IN ('COMMAND', 'SUBSCRIPTION', 'FILE', 'DEFAULT'));

-- What a key holds that was revoked is found by its name.
CREATE INDEX "mo_subscription_holder_holder" ON "mo_subscription_holder" ("holder");

-- What comes again and again is counted in the row of its hour.
ALTER TABLE "security_log" ADD COLUMN "times" INTEGER NOT NULL DEFAULT 1;
ALTER TABLE "security_log" ADD COLUMN "last_at" TIMESTAMPTZ(3);
CREATE INDEX "security_log_recent" ON "security_log" ("device_id", "what", "at");
