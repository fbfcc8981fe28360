-- The gateway's tables. Every per-device table's key begins with the device's, so that it can be distributed or
-- partitioned by device; operations, commands, events, exchanges and alerts carry the time by which ended rows move away.

-- Accounts and devices -------------------------------------------------------------------------------------------

CREATE TABLE "account" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "server_id" TEXT NOT NULL,
  "name" TEXT,
  "auto_register" BOOLEAN NOT NULL DEFAULT false,
  "client_auth_type" TEXT NOT NULL DEFAULT 'NONE',
  "client_username" TEXT,
  "client_secret" TEXT,
  "server_auth_type" TEXT NOT NULL DEFAULT 'NONE',
  "server_username" TEXT,
  "server_secret" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE INDEX "account_auto_register" ON "account" ("client_username") WHERE "auto_register";

CREATE TABLE "device" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "device_id" TEXT NOT NULL,
  "account_id" BIGINT NOT NULL REFERENCES "account" ("id"),
  "protocol" TEXT,
  "tags" TEXT[] NOT NULL DEFAULT '{}',
  -- feature -> { value, evidence, at }
  "features" JSONB NOT NULL DEFAULT '{}',
  -- MOID -> { ddf }: types that the device told, with or without instances
  "supported_mos" JSONB NOT NULL DEFAULT '{}',
  -- when its management objects were last looked for; NULL: never
  "discovered_at" TIMESTAMPTZ(3),
  "discover_requested" BOOLEAN NOT NULL DEFAULT true,
  "last_contact_at" TIMESTAMPTZ(3),
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "device_device_id" ON "device" ("device_id");
CREATE INDEX "device_account_id" ON "device" ("account_id", "id");
CREATE INDEX "device_tags" ON "device" USING GIN ("tags");

-- One row a direction: CLIENT is what the device presents, SERVER what the gateway presents to it. Without a secret of
-- its own the account's counts; nonce and failures are always the device's.
CREATE TABLE "device_credential" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "direction" TEXT NOT NULL,
  "type" TEXT,
  "username" TEXT,
  "secret" TEXT,
  "fingerprint" TEXT,
  "nonce" BYTEA,
  "previous_nonce" BYTEA,
  "failures" INTEGER NOT NULL DEFAULT 0,
  "locked_until" TIMESTAMPTZ(3),
  -- the adapter's count of refusals in a session that is not authenticated yet
  "refusals" JSONB,
  PRIMARY KEY ("device_id", "direction"),
  CONSTRAINT "device_credential_direction" CHECK ("direction" IN ('CLIENT', 'SERVER'))
);

-- Management objects ---------------------------------------------------------------------------------------------

CREATE TABLE "management_object" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  -- MOID without version: the identity of all versions
  "family" TEXT NOT NULL,
  "miid" TEXT NOT NULL,
  "moid" TEXT NOT NULL,
  "version" TEXT NOT NULL DEFAULT '',
  -- LocURI of its root on a DM 1.x device
  "place" TEXT,
  "recognised_by" TEXT NOT NULL,
  -- keyed by raw node names; leaves are scalars
  "values" JSONB NOT NULL DEFAULT '{}',
  -- path -> [format, MIME type] where they differ from the DDF's
  "meta" JSONB NOT NULL DEFAULT '{}',
  "observed_at" TIMESTAMPTZ(3),
  -- when the whole instance was last read
  "complete_at" TIMESTAMPTZ(3),
  "validator" TEXT,
  "found_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("device_id", "family", "miid")
);
CREATE INDEX "management_object_values" ON "management_object" USING GIN ("values" jsonb_path_ops);
CREATE INDEX "management_object_family" ON "management_object" ("family", "device_id");

CREATE TABLE "acl" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "family" TEXT NOT NULL,
  "miid" TEXT NOT NULL,
  "path" TEXT NOT NULL,
  "acl" TEXT NOT NULL,
  "observed_at" TIMESTAMPTZ(3) NOT NULL,
  PRIMARY KEY ("device_id", "family", "miid", "path")
);

CREATE TABLE "ddf" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "sha256" TEXT NOT NULL,
  "source" TEXT NOT NULL,
  -- name asked for when it was added, by which its types are called
  "name" TEXT,
  -- CATALOGUE, DIRECTORY or API
  "origin" TEXT NOT NULL,
  "moids" TEXT[] NOT NULL,
  "added_by" TEXT,
  "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX "ddf_sha256" ON "ddf" ("sha256");

-- Operations and their commands ----------------------------------------------------------------------------------

CREATE TABLE "operation" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "state" TEXT NOT NULL DEFAULT 'QUEUED',
  "atomic" BOOLEAN NOT NULL DEFAULT false,
  "on_failure" TEXT NOT NULL DEFAULT 'STOP',
  "priority" INTEGER NOT NULL DEFAULT 0,
  "caller" TEXT NOT NULL,
  "idempotency_key" TEXT,
  -- SHA-256 of the request, to tell a repeat from another request under the same key
  "request_sha256" TEXT,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "cancel_requested_at" TIMESTAMPTZ(3),
  "ended_at" TIMESTAMPTZ(3),
  PRIMARY KEY ("device_id", "id"),
  CONSTRAINT "operation_state" CHECK ("state" IN
    ('QUEUED', 'NOTIFIED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'EXPIRED', 'CANCELLED', 'SUPERSEDED', 'IN_DOUBT')),
  CONSTRAINT "operation_on_failure" CHECK ("on_failure" IN ('STOP', 'CONTINUE'))
);
CREATE UNIQUE INDEX "operation_idempotency" ON "operation" ("device_id", "caller", "idempotency_key")
  WHERE "idempotency_key" IS NOT NULL;
CREATE INDEX "operation_running" ON "operation" ("device_id", "id") WHERE "state" = 'RUNNING';
CREATE INDEX "operation_expiry" ON "operation" ("expires_at") WHERE "ended_at" IS NULL;
CREATE INDEX "operation_ended" ON "operation" ("ended_at") WHERE "ended_at" IS NOT NULL;

CREATE TABLE "command" (
  "device_id" BIGINT NOT NULL,
  "operation_id" BIGINT NOT NULL,
  "position" INTEGER NOT NULL,
  "priority" INTEGER NOT NULL DEFAULT 0,
  "kind" TEXT NOT NULL,
  "state" TEXT NOT NULL DEFAULT 'QUEUED',
  "moid" TEXT,
  "family" TEXT,
  "miid" TEXT,
  "path" TEXT NOT NULL DEFAULT '',
  "uri" TEXT,
  -- depth, value, tree, target of a copy, prompt … by kind
  "request" JSONB NOT NULL DEFAULT '{}',
  "repeatable" BOOLEAN NOT NULL DEFAULT false,
  "emulated" BOOLEAN NOT NULL DEFAULT false,
  "outcome" TEXT,
  "status_code" INTEGER,
  "error" TEXT,
  "result" JSONB,
  "result_meta" JSONB,
  -- protocol command that carried it
  "carrier" TEXT,
  "sent_at" TIMESTAMPTZ(3),
  "answered_at" TIMESTAMPTZ(3),
  PRIMARY KEY ("device_id", "operation_id", "position"),
  FOREIGN KEY ("device_id", "operation_id") REFERENCES "operation" ("device_id", "id") ON DELETE CASCADE,
  CONSTRAINT "command_state" CHECK ("state" IN
    ('QUEUED', 'SENT', 'ACCEPTED', 'ANSWERED', 'SKIPPED', 'EXPIRED', 'CANCELLED', 'SUPERSEDED', 'IN_DOUBT'))
);
-- The queue: a session finds its device's work here and nowhere else.
CREATE INDEX "command_queue" ON "command" ("device_id", "priority" DESC, "operation_id", "position")
  WHERE "state" = 'QUEUED';

-- Sessions -------------------------------------------------------------------------------------------------------

CREATE TABLE "session" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "version" INTEGER NOT NULL DEFAULT 1,
  "protocol" TEXT NOT NULL,
  "session_key" TEXT NOT NULL,
  "token" TEXT NOT NULL,
  "phase" TEXT NOT NULL,
  "message_no" INTEGER NOT NULL,
  -- the adapter's SessionState
  "state" JSONB NOT NULL,
  "last_sha256" TEXT NOT NULL,
  "last_status" INTEGER NOT NULL,
  "last_headers" JSONB NOT NULL,
  "last_body" BYTEA NOT NULL,
  "last_at" TIMESTAMPTZ(3) NOT NULL,
  "opened_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "ended_at" TIMESTAMPTZ(3),
  "end_reason" TEXT,
  PRIMARY KEY ("device_id", "id")
);
CREATE INDEX "session_expiry" ON "session" ("expires_at") WHERE "ended_at" IS NULL;

-- Parts of a large object on its way, in either direction.
CREATE TABLE "message_chunk" (
  "device_id" BIGINT NOT NULL,
  "session_id" BIGINT NOT NULL,
  "ref" TEXT NOT NULL,
  "position" INTEGER NOT NULL,
  "octets" BYTEA NOT NULL,
  PRIMARY KEY ("device_id", "session_id", "ref", "position"),
  FOREIGN KEY ("device_id", "session_id") REFERENCES "session" ("device_id", "id") ON DELETE CASCADE
);

-- Messages as they went over the wire, with secrets taken out, for a retention time.
CREATE TABLE "exchange" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "session_id" BIGINT NOT NULL,
  "message_no" INTEGER NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "request_type" TEXT NOT NULL,
  "request" BYTEA NOT NULL,
  "reply_type" TEXT NOT NULL,
  "reply" BYTEA NOT NULL,
  PRIMARY KEY ("device_id", "id")
);
CREATE INDEX "exchange_at" ON "exchange" ("at");

CREATE TABLE "blob" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "sha256" TEXT NOT NULL,
  "length" BIGINT NOT NULL,
  "octets" BYTEA NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  PRIMARY KEY ("device_id", "id")
);

-- The Data Repository: a document for one device, or the place for one. The token tells its device.
CREATE TABLE "repository_item" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "token" TEXT NOT NULL,
  "operation_id" BIGINT,
  "position" INTEGER,
  "direction" TEXT NOT NULL,
  -- [{ mime, base64 }] in order of preference; for an upload what was put
  "contents" JSONB NOT NULL DEFAULT '[]',
  "offered_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3) NOT NULL,
  "used_at" TIMESTAMPTZ(3),
  PRIMARY KEY ("device_id", "token"),
  CONSTRAINT "repository_item_direction" CHECK ("direction" IN ('DOWNLOAD', 'UPLOAD'))
);
CREATE INDEX "repository_item_expiry" ON "repository_item" ("expires_at");

-- What devices reported and what happened ------------------------------------------------------------------------

CREATE TABLE "alert" (
  "device_id" BIGINT NOT NULL REFERENCES "device" ("id") ON DELETE CASCADE,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "type" TEXT NOT NULL,
  "mark" TEXT NOT NULL,
  "source" JSONB,
  "target" JSONB,
  "correlator" TEXT,
  "format" TEXT,
  "mime" TEXT,
  "data" JSONB,
  "result_code" INTEGER,
  PRIMARY KEY ("device_id", "id")
);
CREATE INDEX "alert_at" ON "alert" ("at");

-- device_id 0: of no device. Readers are served only rows whose transaction is older than every running one.
CREATE TABLE "event" (
  "device_id" BIGINT NOT NULL DEFAULT 0,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "xact" BIGINT NOT NULL DEFAULT (pg_current_xact_id()::text)::bigint,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "type" TEXT NOT NULL,
  "data" JSONB NOT NULL DEFAULT '{}',
  PRIMARY KEY ("device_id", "id")
);
CREATE INDEX "event_order" ON "event" ("xact", "id");

CREATE TABLE "security_log" (
  "device_id" BIGINT NOT NULL DEFAULT 0,
  "id" BIGINT GENERATED ALWAYS AS IDENTITY,
  "at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "what" TEXT NOT NULL,
  "detail" JSONB NOT NULL DEFAULT '{}',
  PRIMARY KEY ("device_id", "id")
);

-- Callers --------------------------------------------------------------------------------------------------------

CREATE TABLE "access_grant" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- a principal such as `key:12`, or a group such as `group:field-service`
  "principal" TEXT NOT NULL,
  -- READ WRITE EXECUTE DELEGATE, and administrative rights by name
  "right" TEXT NOT NULL,
  "device_id" BIGINT REFERENCES "device" ("id") ON DELETE CASCADE,
  "account_id" BIGINT REFERENCES "account" ("id") ON DELETE CASCADE,
  "tag" TEXT,
  "family" TEXT,
  "path" TEXT,
  "granted_by" TEXT NOT NULL,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3)
);
CREATE INDEX "access_grant_principal" ON "access_grant" ("principal");

CREATE TABLE "api_key" (
  "id" BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "sha256" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "admin" BOOLEAN NOT NULL DEFAULT false,
  "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now(),
  "expires_at" TIMESTAMPTZ(3),
  "last_used_at" TIMESTAMPTZ(3),
  "revoked_at" TIMESTAMPTZ(3)
);
CREATE UNIQUE INDEX "api_key_sha256" ON "api_key" ("sha256");

-- Documents ------------------------------------------------------------------------------------------------------

-- Merges objects member by member, at every level; anything else in `b` replaces what is in `a`.
CREATE FUNCTION "moql_merge" (a JSONB, b JSONB) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  IF jsonb_typeof(a) IS DISTINCT FROM 'object' OR jsonb_typeof(b) IS DISTINCT FROM 'object' THEN
    RETURN b;
  END IF;
  RETURN (
    SELECT a || coalesce(jsonb_object_agg(e.key,
      CASE WHEN jsonb_typeof(e.value) = 'object' AND a ? e.key THEN moql_merge(a -> e.key, e.value) ELSE e.value END), '{}')
    FROM jsonb_each(b) AS e
  );
END $$;

-- Applies changes to an MO's document, in order: { "p": path, "o": "set" | "merge" | "del", "v": value }.
CREATE FUNCTION "moql_patch" (doc JSONB, patches JSONB) RETURNS JSONB LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  patch JSONB;
  path TEXT[];
  i INTEGER;
BEGIN
  FOR patch IN SELECT value FROM jsonb_array_elements(patches) LOOP
    path := ARRAY(SELECT jsonb_array_elements_text(patch -> 'p'));
    IF cardinality(path) = 0 THEN
      doc := CASE patch ->> 'o'
        WHEN 'set' THEN patch -> 'v' WHEN 'merge' THEN moql_merge(doc, patch -> 'v') ELSE '{}'::jsonb END;
    ELSIF patch ->> 'o' = 'del' THEN
      doc := doc #- path;
    ELSE
      FOR i IN 1 .. cardinality(path) - 1 LOOP
        IF jsonb_typeof(doc #> path[1:i]) IS DISTINCT FROM 'object' THEN
          doc := jsonb_set(doc, path[1:i], '{}', true);
        END IF;
      END LOOP;
      doc := jsonb_set(doc, path,
        CASE WHEN patch ->> 'o' = 'merge' THEN moql_merge(doc #> path, patch -> 'v') ELSE patch -> 'v' END, true);
    END IF;
  END LOOP;
  RETURN doc;
END $$;
