-- The full rows of all members, without tombstones, of the organization that load_organization named.
COPY (
  SELECT organization_id, user_id, email, name, city, country_id, locale_id, flag_plan, user_created_at, flag_member,
         flag_editor, flag_own, flag_admin, other_flags, role_created_at, role_updated_at, first_seen_at,
         last_changed_at, last_seen_at, absent_since, absent_polls, removed_at, slice_digest, value_digest
  FROM rollcall.member
  WHERE organization_id = (SELECT current_setting('rollcall.organization_id')) AND removed_at IS NULL
) TO STDOUT (FORMAT binary);
