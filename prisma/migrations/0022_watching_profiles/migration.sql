-- Devices that can are asked to tell of changes of what the profile desires.
ALTER TABLE "profile" ADD COLUMN "watches" BOOLEAN NOT NULL DEFAULT false;
