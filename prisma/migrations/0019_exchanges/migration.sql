-- Who asked that an operation stops.
ALTER TABLE "operation" ADD COLUMN "cancelled_by" TEXT;

-- Messages as they went over the wire, a request with its reply, with secrets taken out. Partitions by time are made ahead
-- and dropped as a whole after the retention time; nothing was written to the table before this. No foreign key: each
-- partition that comes or goes would lock `device`.
DROP TABLE "exchange";
CREATE TABLE "exchange" (
  "device_id" BIGINT NOT NULL,
  "at" TIMESTAMPTZ(3) NOT NULL,
  "id" BIGSERIAL,
  "session_id" BIGINT,
  "protocol" TEXT NOT NULL,
  "message_no" INTEGER,
  -- HTTP status of the reply
  "status" INTEGER NOT NULL,
  -- OPERATION.POSITION of commands that it carried or answered, or of which a part was under way
  "commands" TEXT[] NOT NULL DEFAULT '{}',
  "request_type" TEXT NOT NULL,
  -- deflated, as are all octets here
  "request" BYTEA NOT NULL,
  "reply_type" TEXT NOT NULL,
  "reply" BYTEA NOT NULL,
  PRIMARY KEY ("device_id", "at", "id")
) PARTITION BY RANGE ("at");
-- What no partition was made for in time; it is moved when one is.
CREATE TABLE "exchange_rest" PARTITION OF "exchange" DEFAULT;

CREATE FUNCTION exchange_device_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM "exchange" WHERE "device_id" = OLD."id";
  RETURN NULL;
END $$;
CREATE TRIGGER "exchange_device_deleted" AFTER DELETE ON "device"
  FOR EACH ROW EXECUTE FUNCTION exchange_device_deleted();
