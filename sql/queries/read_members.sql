-- The full rows of some users, tombstones too.
--   $1 source
--   $2 user_ids
SELECT organization_id, user_id, email, name, city, country_id, locale_id, flag_plan, user_created_at, flag_member,
       flag_editor, flag_own, flag_admin, other_flags, role_created_at, role_updated_at, first_seen_at,
       last_changed_at, last_seen_at, absent_since, absent_polls, removed_at, slice_digest, value_digest
FROM rollcall.member
WHERE organization_id = (SELECT o.organization_id FROM rollcall.organization o WHERE o.source = $1::text)
  AND user_id = ANY ($2::uuid[]);
