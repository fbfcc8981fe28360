-- An event comes after all that its transaction could see when it was written. The number of its own transaction is not enough: one
-- that took its number, waited for a device and then found what a later one had committed told of it before that one did. Whoever
-- could be seen has ended, so that he has no higher number than the last one that ended. No place is lower than that of its
-- own transaction: a place below every running transaction stays complete.
ALTER TABLE "event" ALTER COLUMN "xact" SET DEFAULT GREATEST((pg_current_xact_id()::text)::bigint,
  (pg_snapshot_xmax(pg_current_snapshot())::text)::bigint - 1);
