-- Up to which event rules were followed that what happens without a message of the device triggers. No row while there is none.
CREATE TABLE "rule_place" (
  "id" INTEGER PRIMARY KEY DEFAULT 1 CHECK ("id" = 1),
  "xact" BIGINT NOT NULL,
  "event_id" BIGINT NOT NULL,
  "written_at" TIMESTAMPTZ(3) NOT NULL DEFAULT now()
);
