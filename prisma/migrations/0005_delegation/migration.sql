-- Whether a list is an ancestor's, as DM 1.3 tells (status 217): the node has none of its own.
ALTER TABLE "acl" ADD COLUMN "inherited" BOOLEAN NOT NULL DEFAULT false;
