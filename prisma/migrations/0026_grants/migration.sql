-- A grant on the devices that a filter fits: a condition as JSON (src/management/device-filter). At most one of device,
-- account, tag and filter is set.
ALTER TABLE "access_grant" ADD COLUMN "filter" JSONB;
