-- How things stand: one row for each organization, or for a source that never had a complete poll.
--   $1 how many owners there should be at least
SELECT freshness.*,
       summary.display_name,
       summary.members,
       summary.owners,
       summary.admins,
       summary.editors,
       summary.viewers,
       (SELECT count(*) FROM rollcall.current_member
        WHERE current_member.organization_id = freshness.organization_id
          AND current_member.absent_since IS NOT NULL
          AND NOT EXISTS (SELECT FROM rollcall.held_change
                          WHERE held_change.organization_id = current_member.organization_id
                            AND held_change.user_id = current_member.user_id
                            AND held_change.new_values IS NULL
                            AND held_change.resolved_at IS NULL)) AS absent,
       (SELECT max(cycle.finished_at) FROM rollcall.cycle
        WHERE cycle.source = freshness.source
          AND cycle.outcome = 'discontinuity'
          AND coalesce(cycle.asked_at, cycle.finished_at) > now() - interval '7 days') AS discontinuity_at,
       summary.owners < $1::bigint AS too_few_owners,
       (SELECT coalesce(jsonb_agg(to_jsonb(held_set) - 'organization_id' ORDER BY held_set.class), '[]')
        FROM rollcall.held_set
        WHERE held_set.organization_id = freshness.organization_id) AS held_sets,
       (SELECT coalesce(jsonb_agg(to_jsonb(recent_alert) - 'organization_id' ORDER BY recent_alert.change_id), '[]')
        FROM rollcall.recent_alert
        WHERE recent_alert.organization_id = freshness.organization_id) AS alerts
FROM rollcall.freshness
LEFT JOIN rollcall.organization_summary AS summary USING (organization_id)
ORDER BY freshness.source;
