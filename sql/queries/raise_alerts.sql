-- Tells whoever listens on the channel rollcall_alert, once the transaction is committed. One row comes back.
--   $1 organization_id
--   $2 cycle_id
--   $3 owner grants
--   $4 demotions
--   $5 user_ids of the first of both
WITH counted AS (
  SELECT (SELECT count(*) FROM rollcall.member
          WHERE organization_id = $1::text AND removed_at IS NULL AND flag_own) AS owners,
         (SELECT coalesce(jsonb_object_agg(class, members), '{}')
          FROM (
            SELECT class, count(*) AS members
            FROM rollcall.held_change
            WHERE organization_id = $1::text
              AND resolved_at IS NULL
              AND set_digest NOT IN (
                SELECT set_digest
                FROM rollcall.approval
                WHERE organization_id = $1::text AND settled_at IS NULL AND decision = 'rejected'
              )
            GROUP BY class
          ) AS held) AS held
)
SELECT owners,
       pg_notify('rollcall_alert', jsonb_build_object('organization_id', $1::text,
                                                      'cycle_id', $2::bigint,
                                                      'owner_grants', $3::integer,
                                                      'demotions', $4::integer,
                                                      'user_ids', to_jsonb($5::uuid[]),
                                                      'owners', owners,
                                                      'held', held)::text)
FROM counted;
