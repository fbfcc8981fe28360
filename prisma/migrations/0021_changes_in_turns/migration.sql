-- Documents are compared by who writes them: one that changed in many places took this function longer than all the rest of a turn.
DROP FUNCTION "moql_changes" (JSONB, JSONB, BOOLEAN, INTEGER);
DROP FUNCTION "moql_side" (TEXT, JSONB);

-- A result of tens of kilobytes is mostly written once and read once; to compress it takes longer than to write it.
ALTER TABLE "command" ALTER COLUMN "result" SET STORAGE EXTERNAL;
