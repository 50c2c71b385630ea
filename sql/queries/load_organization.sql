-- The fence and what is known of a source's organization. Its id becomes a setting of the transaction, because COPY,
-- which reads the members next, takes no parameters.
--   $1 source
SELECT o.organization_id,
       o.name,
       o.present_members,
       o.roster_version,
       o.last_cycle_uuid,
       o.last_full_compare_at,
       c.last_asked_at,
       greatest(c.observed_until, o.last_changed_at) AS last_answered_at,
       s.secret,
       EXISTS (SELECT FROM rollcall.held_change h
               WHERE h.organization_id = o.organization_id AND h.resolved_at IS NULL) AS holds_stand,
       set_config('rollcall.organization_id', o.organization_id, true)
FROM rollcall.organization o
LEFT JOIN rollcall.roster_secret s USING (organization_id)
LEFT JOIN LATERAL (
  SELECT last_asked_at, observed_until
  FROM rollcall.coverage
  WHERE coverage.organization_id = o.organization_id
  ORDER BY observed_from DESC
  LIMIT 1
) c ON true
WHERE o.source = $1::text;
