-- Exchange 1 of an organization's first cycle: its row, its secret and the cycle row. No row comes back when the
-- organization or the source exists already.
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
--   $24 the secret of its digests
WITH fence AS (
  INSERT INTO rollcall.organization (organization_id, source, name, present_members, roster_version, last_cycle_uuid,
                                     first_seen_at, last_changed_at, last_full_compare_at)
  VALUES ($1::text, $2::text, $23::jsonb, $7::integer, 1, $3::uuid, $5::timestamptz, $5::timestamptz,
          $5::timestamptz)
  ON CONFLICT DO NOTHING
  RETURNING organization_id
), secret AS (
  INSERT INTO rollcall.roster_secret (organization_id, secret)
  SELECT organization_id, $24::bytea
  FROM fence
  ON CONFLICT (organization_id) DO UPDATE SET secret = excluded.secret
)
INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, answered_at, outcome, members, added,
                            removed, role_changed, role_touched, profile_changed, repaired, absent, returned,
                            refreshed, rejected, held, removed_by_approval, full_compare, body_bytes,
                            fingerprint)
SELECT $3::uuid, organization_id, $2::text, $4::timestamptz, $5::timestamptz, $6::text, $7::integer, $8::integer,
       $9::integer, $10::integer, $11::integer, $12::integer, $13::integer, $14::integer, $15::integer, $16::integer,
       $17::integer, $18::integer, $19::integer, $20::boolean, $21::bigint, $22::bytea
FROM fence
RETURNING cycle_id, has_database_privilege(current_database(), 'TEMPORARY')::integer AS may_stage;
