-- Keys that are limited to some rights (null: to none in particular), and of which the text before stays good for a while.
ALTER TABLE "api_key" ADD COLUMN "only" JSONB;
ALTER TABLE "api_key" ADD COLUMN "previous_sha256" TEXT;
ALTER TABLE "api_key" ADD COLUMN "previous_until" TIMESTAMPTZ(3);
CREATE UNIQUE INDEX "api_key_previous_sha256" ON "api_key" ("previous_sha256");

-- Users known by token, as the last token that was good said: what the gateway does in their name goes by it for a while.
CREATE TABLE "known_user" (
  "principal" TEXT NOT NULL PRIMARY KEY,
  "name" TEXT NOT NULL,
  "groups" TEXT[] NOT NULL DEFAULT '{}',
  "admin" BOOLEAN NOT NULL,
  "seen_at" TIMESTAMPTZ(3) NOT NULL
);

-- Who did what through the API. Rows are added, never changed, and go with their day's partition.
CREATE TABLE "audit" (
  "at" TIMESTAMPTZ(3) NOT NULL,
  "id" BIGSERIAL,
  "principal" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  -- field of the mutation
  "action" TEXT NOT NULL,
  -- identifiers that it was about
  "subjects" TEXT[] NOT NULL,
  "arguments" JSONB NOT NULL,
  -- OK, or the code of the error
  "outcome" TEXT NOT NULL,
  "remote" TEXT,
  "times" INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY ("at", "id")
) PARTITION BY RANGE ("at");
CREATE TABLE "audit_rest" PARTITION OF "audit" DEFAULT;
CREATE INDEX "audit_principal" ON "audit" ("principal", "at");
CREATE INDEX "audit_subjects" ON "audit" USING GIN ("subjects");

-- What stands beside the partitions may be moved to one (src/store/partitions.ts); else nothing of it goes.
CREATE FUNCTION "moql_audit_stays" () RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND TG_TABLE_NAME = 'audit_rest' AND current_setting('moql.partitions', true) = 'moving' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION 'rows of the audit log are never changed' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER "audit_stays" BEFORE UPDATE OR DELETE ON "audit" FOR EACH ROW EXECUTE FUNCTION "moql_audit_stays" ();
CREATE TRIGGER "audit_stays_whole" BEFORE TRUNCATE ON "audit" FOR EACH STATEMENT EXECUTE FUNCTION "moql_audit_stays" ();
CREATE TRIGGER "audit_stays_whole" BEFORE TRUNCATE ON "audit_rest" FOR EACH STATEMENT EXECUTE FUNCTION "moql_audit_stays" ();
