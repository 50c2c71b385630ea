-- A row of the change log.
--   $1 cycle_id
--   $2 organization_id
--   $3 user_id, NULL for the organization itself
--   $4 kind
--   $5 old_values
--   $6 new_values
--   $7 observed_after
--   $8 observed_at
INSERT INTO rollcall.change_log (cycle_id, organization_id, user_id, kind, old_values, new_values, observed_after,
                                 observed_at)
VALUES ($1::bigint, $2::text, $3::uuid, $4::text, $5::jsonb, $6::jsonb, $7::timestamptz, $8::timestamptz);
