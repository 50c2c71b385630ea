-- The rejected records that are recorded and still there.
--   $1 source
SELECT r.slice_digest,
       r.user_id
FROM rollcall.rejected_record r
JOIN rollcall.organization o USING (organization_id)
WHERE o.source = $1::text AND r.resolved_at IS NULL;
