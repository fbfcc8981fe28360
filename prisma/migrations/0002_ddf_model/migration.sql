-- What the reader made of a DDF's source, so that a start need not read again. Text, not JSONB: the order of the keys is kept.
ALTER TABLE "ddf" ADD COLUMN "model" TEXT;
-- the format of "model" and the reader that made it; another one reads "source" anew
ALTER TABLE "ddf" ADD COLUMN "model_version" TEXT;
