-- The records of a poll that could not be decoded: new ones are recorded, those that are gone are resolved, and a set
-- that stands writes nothing.
--   $1 organization_id
--   $2 cycle_id
--   $3 answered
--   $4 slice_digests
--   $5 user_ids, NULL where the record's id cannot be read
--   $6 reasons
WITH found AS (
  SELECT *
  FROM unnest($4::bytea[], $5::uuid[], $6::text[]) AS f (slice_digest, user_id, reason)
), resolved AS (
  UPDATE rollcall.rejected_record r
  SET resolved_at = $3::timestamptz
  WHERE r.organization_id = $1::text
    AND r.resolved_at IS NULL
    AND r.slice_digest NOT IN (SELECT slice_digest FROM found)
)
INSERT INTO rollcall.rejected_record (organization_id, user_id, slice_digest, reason, first_cycle_id, observed_at)
SELECT $1::text, user_id, slice_digest, reason, $2::bigint, $3::timestamptz
FROM found
WHERE slice_digest NOT IN (
  SELECT r.slice_digest
  FROM rollcall.rejected_record r
  WHERE r.organization_id = $1::text AND r.resolved_at IS NULL
)
ON CONFLICT (organization_id, slice_digest) WHERE resolved_at IS NULL DO NOTHING;
