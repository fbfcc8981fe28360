-- What the reader made of a DDF's source, so that a start need not read again. Text, not JSONB: the order of the keys is kept.
ALTER TABLE "ddf" ADD COLUMN "model" TEXT;
-- Compressing it would keep the embedded database, and with it all requests, busy for longer than it saves.
ALTER TABLE "ddf" ALTER COLUMN "model" SET STORAGE EXTERNAL;
-- the format of "model" and the reader that made it; another one reads "source" anew
ALTER TABLE "ddf" ADD COLUMN "model_version" TEXT;
