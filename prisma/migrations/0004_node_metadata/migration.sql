-- Properties of nodes that the device told: path below the root -> { "Title": …, "TStamp": …, … }
ALTER TABLE "management_object" ADD COLUMN "properties" JSONB NOT NULL DEFAULT '{}';
-- What an administrator said of nodes: place of a root -> MOID
ALTER TABLE "device" ADD COLUMN "recognised" JSONB NOT NULL DEFAULT '{}';

-- Properties without those at and below the paths of "cleared", and with those of "seen".
CREATE FUNCTION "moql_properties" (known JSONB, cleared JSONB, seen JSONB) RETURNS JSONB LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_array_length(cleared) = 0 THEN known ELSE COALESCE((SELECT jsonb_object_agg(k.key, k.value)
    FROM jsonb_each(known) AS k WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements_text(cleared) AS c (path)
      WHERE c.path = '' OR k.key = c.path OR starts_with(k.key, c.path || '/'))), '{}') END || seen
$$;
