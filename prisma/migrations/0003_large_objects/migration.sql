-- Large objects are read in slices: uncompressed, a slice costs what it is long and not what the whole is.
ALTER TABLE "blob" ALTER COLUMN "octets" SET STORAGE EXTERNAL;
ALTER TABLE "message_chunk" ALTER COLUMN "octets" SET STORAGE EXTERNAL;

-- Its commands travel as one Sequence (DM 1.x), in their order.
ALTER TABLE "operation" ADD COLUMN "sequence" BOOLEAN NOT NULL DEFAULT false;
