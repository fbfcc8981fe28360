-- Large objects are read in slices: uncompressed, a slice costs what it is long and not what the whole is.
ALTER TABLE "blob" ALTER COLUMN "octets" SET STORAGE EXTERNAL;
ALTER TABLE "message_chunk" ALTER COLUMN "octets" SET STORAGE EXTERNAL;
