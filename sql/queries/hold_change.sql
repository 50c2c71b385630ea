-- A change that is held. One that was held before keeps the times at which it was first shown; if it is another change
-- by now, it was shown now, but something began to change then.
--   $1 organization_id
--   $2 class
--   $3 set_digest
--   $4 user_id
--   $5 old_values
--   $6 new_values
--   $7 reason
--   $8 observed_after
--   $9 observed_at
--   $10 cycle_id
INSERT INTO rollcall.held_change AS held (organization_id, class, set_digest, user_id, old_values, new_values, reason,
                                          observed_after, observed_at, first_cycle_id)
VALUES ($1::text, $2::text, $3::bytea, $4::uuid, $5::jsonb, $6::jsonb, $7::text, $8::timestamptz, $9::timestamptz,
        $10::bigint)
ON CONFLICT (organization_id, class, user_id) WHERE resolved_at IS NULL DO UPDATE
SET set_digest = excluded.set_digest,
    old_values = excluded.old_values,
    new_values = excluded.new_values,
    reason = excluded.reason,
    observed_at = CASE WHEN held.new_values IS NOT DISTINCT FROM excluded.new_values THEN held.observed_at
                       ELSE excluded.observed_at END;
