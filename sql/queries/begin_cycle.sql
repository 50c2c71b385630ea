-- Exchange 1: the fence and the cycle row. No row comes back when somebody else wrote since the roster was loaded.
--   $1 organization_id
--   $2 source
--   $3 cycle_uuid
--   $4 asked
--   $5 answered
--   $6 outcome
--   $7 members after the cycle
--   $8 to $19 counts: added, removed, role_changed, role_touched, profile_changed, repaired, absent, returned,
--      refreshed, rejected, held, removed_by_approval
--   $20 full_compare
--   $21 body_bytes
--   $22 fingerprint
--   $23 name
--   $24 whether a member or the organization changed
--   $25 roster_version as loaded
--   $26 last_cycle_uuid as loaded
--   $27 user ids of repaired rows, NULL when there are none
WITH fence AS (
  UPDATE rollcall.organization
  SET roster_version = roster_version + 1,
      last_cycle_uuid = $3::uuid,
      name = $23::jsonb,
      present_members = $7::integer,
      last_changed_at = CASE WHEN $24::boolean THEN $5::timestamptz ELSE last_changed_at END,
      last_full_compare_at = CASE WHEN $20::boolean THEN $5::timestamptz ELSE last_full_compare_at END
  WHERE organization_id = $1::text
    AND roster_version = $25::bigint
    AND last_cycle_uuid IS NOT DISTINCT FROM $26::uuid
  RETURNING organization_id
)
INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, answered_at, outcome, members, added,
                            removed, role_changed, role_touched, profile_changed, repaired, absent, returned,
                            refreshed, rejected, held, removed_by_approval, full_compare, body_bytes,
                            fingerprint, repaired_users)
SELECT $3::uuid, organization_id, $2::text, $4::timestamptz, $5::timestamptz, $6::text, $7::integer, $8::integer,
       $9::integer, $10::integer, $11::integer, $12::integer, $13::integer, $14::integer, $15::integer, $16::integer,
       $17::integer, $18::integer, $19::integer, $20::boolean, $21::bigint, $22::bytea, $27::uuid[]
FROM fence
RETURNING cycle_id, has_database_privilege(current_database(), 'TEMPORARY')::integer AS may_stage;
