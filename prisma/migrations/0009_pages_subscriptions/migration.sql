-- The page that a show on DM 2.0 opens: found by the digest of its token, ended when its time is over.
CREATE INDEX command_page ON command (device_id, (request -> 'page' ->> 'sha256')) WHERE request ? 'page';
CREATE INDEX command_page_due ON command (((request -> 'page' ->> 'until')::bigint))
  WHERE request ? 'page' AND state IN ('SENT', 'ACCEPTED');
