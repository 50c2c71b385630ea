-- The members of whom a change is held now, and when that change was first shown.
--   $1 source
SELECT class, user_id, observed_after, observed_at
FROM rollcall.held_change
WHERE organization_id = (SELECT o.organization_id FROM rollcall.organization o WHERE o.source = $1::text)
  AND resolved_at IS NULL;
