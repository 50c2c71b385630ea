-- The sets of changes that are held now, one row each, and the open decision about each.
--   $1 source
SELECT held.class,
       held.set_digest,
       approval.decision = 'approved' AS approved,
       approval.approval_id
FROM (
  SELECT DISTINCT organization_id, class, set_digest
  FROM rollcall.held_change
  WHERE organization_id = (SELECT o.organization_id FROM rollcall.organization o WHERE o.source = $1::text)
    AND resolved_at IS NULL
) AS held
LEFT JOIN rollcall.approval
  ON approval.organization_id = held.organization_id
 AND approval.set_digest = held.set_digest
 AND approval.settled_at IS NULL;
