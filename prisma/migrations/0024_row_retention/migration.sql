-- Where rows are found that are over. `alert` has its index already (`alert_at`). No BRIN: room that deleted rows leave is
-- taken by new ones, after which every range of blocks has something old, and looking for it would be reading the table.
CREATE INDEX "session_ended" ON "session" ("ended_at") WHERE "ended_at" IS NOT NULL;
CREATE INDEX "security_log_at" ON "security_log" ("at");
