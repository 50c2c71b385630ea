-- What the guards need to know of an organization's past. One row.
--   $1 source
--   $2 since: removals of cycles answered later count
--   $3 the token's user, NULL when it is not known
-- A poll takes less than a day, so that the index on the time it was asked finds the cycles.
SELECT (SELECT coalesce(sum(cycle.removed - cycle.removed_by_approval), 0)::integer
        FROM rollcall.cycle
        WHERE cycle.source = $1::text
          AND cycle.organization_id = polled.organization_id
          AND coalesce(cycle.asked_at, cycle.finished_at) > $2::timestamptz - interval '1 day'
          AND cycle.answered_at > $2::timestamptz) AS removed_lately,
       coalesce(own.flag_own AND own.removed_at IS NULL, false) AS own_is_owner,
       coalesce(own.flag_own, false)
         OR EXISTS (SELECT FROM rollcall.change_log
                    WHERE change_log.organization_id = polled.organization_id
                      AND change_log.user_id = $3::uuid
                      AND change_log.kind <> 'baseline'
                      AND change_log.old_values ->> 'flag_own' = 'true') AS own_was_owner
FROM (SELECT) AS always
LEFT JOIN rollcall.organization AS polled ON polled.source = $1::text
LEFT JOIN rollcall.member AS own ON own.organization_id = polled.organization_id AND own.user_id = $3::uuid;
