-- How things stand: one row for each organization, or for a source that never had a complete poll.
SELECT freshness.*,
       summary.display_name,
       summary.members,
       summary.owners,
       summary.admins,
       summary.editors,
       summary.viewers,
       (SELECT count(*) FROM rollcall.current_member
        WHERE current_member.organization_id = freshness.organization_id
          AND current_member.absent_since IS NOT NULL) AS absent,
       (SELECT max(cycle.finished_at) FROM rollcall.cycle
        WHERE cycle.source = freshness.source
          AND cycle.outcome = 'discontinuity'
          AND coalesce(cycle.asked_at, cycle.finished_at) > now() - interval '7 days') AS discontinuity_at
FROM rollcall.freshness
LEFT JOIN rollcall.organization_summary AS summary USING (organization_id)
ORDER BY freshness.source
