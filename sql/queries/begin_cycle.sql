-- Exchange 1: the fence and the cycle row. No row comes back when somebody else wrote since the roster was loaded.
--   $1 organization_id
--   $2 source
--   $3 cycle_uuid
--   $4 asked
--   $5 answered
--   $6 outcome
--   $7 members after the cycle
--   $8 to $17 counts: added, removed, role_changed, role_touched, profile_changed, repaired, absent, returned,
--      refreshed, rejected
--   $18 full_compare
--   $19 body_bytes
--   $20 fingerprint
--   $21 name
--   $22 whether a member or the organization changed
--   $23 roster_version as loaded
--   $24 last_cycle_uuid as loaded
--   $25 user ids of repaired rows, NULL when there are none
WITH fence AS (
  UPDATE rollcall.organization
  SET roster_version = roster_version + 1,
      last_cycle_uuid = $3::uuid,
      name = $21::jsonb,
      present_members = $7::integer,
      last_changed_at = CASE WHEN $22::boolean THEN $5::timestamptz ELSE last_changed_at END,
      last_full_compare_at = CASE WHEN $18::boolean THEN $5::timestamptz ELSE last_full_compare_at END
  WHERE organization_id = $1::text
    AND roster_version = $23::bigint
    AND last_cycle_uuid IS NOT DISTINCT FROM $24::uuid
  RETURNING organization_id
)
INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, answered_at, outcome, members, added,
                            removed, role_changed, role_touched, profile_changed, repaired, absent, returned,
                            refreshed, rejected, full_compare, body_bytes, fingerprint, repaired_users)
SELECT $3::uuid, organization_id, $2::text, $4::timestamptz, $5::timestamptz, $6::text, $7::integer, $8::integer,
       $9::integer, $10::integer, $11::integer, $12::integer, $13::integer, $14::integer, $15::integer, $16::integer,
       $17::integer, $18::boolean, $19::bigint, $20::bytea, $25::uuid[]
FROM fence
RETURNING cycle_id, has_database_privilege(current_database(), 'TEMPORARY')::integer AS may_stage;
