-- DEFAULT of DM 2.0: a document that a device may ask for whenever it needs an object of a type that it has not.
ALTER TABLE "repository_item" ADD COLUMN "moid" TEXT;
ALTER TABLE "repository_item" DROP CONSTRAINT "repository_item_purpose";
ALTER TABLE "repository_item" ADD CONSTRAINT "repository_item_purpose" CHECK ("purpose" IN ('COMMAND', 'SUBSCRIPTION', 'FILE', 'DEFAULT'));
