-- Where many changed rows wait for the statement that carries them over. Lives as long as the session, because each new
-- table leaves dead rows in the catalogs.
CREATE TEMPORARY TABLE IF NOT EXISTS rollcall_member_stage
ON COMMIT DELETE ROWS
AS SELECT organization_id, user_id, email, name, city, country_id, locale_id, flag_plan, user_created_at, flag_member,
          flag_editor, flag_own, flag_admin, other_flags, role_created_at, role_updated_at, first_seen_at,
          last_changed_at, last_seen_at, absent_since, absent_polls, removed_at, slice_digest, value_digest
FROM rollcall.member
WITH NO DATA;
