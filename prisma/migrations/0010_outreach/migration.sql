-- Notifications before the last one that no session answered yet: [{ "at": milliseconds, "sessionNo": number }], oldest
-- first. A DM 2.0 session tells which of them it answers.
ALTER TABLE device_credential ADD COLUMN notified_before jsonb;
