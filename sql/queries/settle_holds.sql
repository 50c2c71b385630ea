-- What a cycle makes of the held changes and of the decisions about them: sets that stand no longer are resolved, the
-- approvals that it applied are marked, decisions about sets that are gone lapse. No row comes back when one of these
-- approvals was withdrawn or superseded since it was read: then nothing of the cycle may stay.
--   $1 organization_id
--   $2 cycle_id
--   $3 answered
--   $4 classes that stand
--   $5 their set_digests
--   $6 approval_ids that the cycle applied
WITH standing AS (
  SELECT *
  FROM unnest($4::text[], $5::bytea[]) AS s (class, set_digest)
), resolved AS (
  -- Applied is what this very cycle has in the change log, with the same values.
  UPDATE rollcall.held_change h
  SET resolved_at = $3::timestamptz,
      resolution = CASE
        WHEN EXISTS (
          SELECT FROM rollcall.change_log c
          WHERE c.organization_id = h.organization_id
            AND c.user_id = h.user_id
            AND c.cycle_id = $2::bigint
            AND c.kind <> 'baseline'
            AND CASE WHEN h.new_values IS NULL THEN c.kind = 'left'
                     WHEN h.old_values IS NULL THEN c.kind IN ('joined', 'rejoined') AND c.new_values = h.new_values
                     ELSE c.kind = 'role_changed' AND c.new_values = h.new_values END
        ) THEN 'applied'
        ELSE 'withdrawn'
      END
  WHERE h.organization_id = $1::text
    AND h.resolved_at IS NULL
    AND (h.class, h.set_digest) NOT IN (SELECT class, set_digest FROM standing)
), applied AS (
  UPDATE rollcall.approval
  SET settled_at = now(), outcome = 'applied', cycle_id = $2::bigint
  WHERE approval_id = ANY ($6::bigint[])
    AND organization_id = $1::text
    AND decision = 'approved'
    AND settled_at IS NULL
  RETURNING approval_id
), lapsed AS (
  UPDATE rollcall.approval
  SET settled_at = now(), outcome = 'lapsed', cycle_id = $2::bigint
  WHERE organization_id = $1::text
    AND settled_at IS NULL
    AND approval_id <> ALL ($6::bigint[])
    AND set_digest NOT IN (SELECT set_digest FROM standing)
)
SELECT $1::text AS organization_id
WHERE (SELECT count(*) FROM applied) = cardinality($6::bigint[]);
