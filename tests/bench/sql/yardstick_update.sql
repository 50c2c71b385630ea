-- What changed members cost at least: written by hand, nothing looked at twice. The rows lie in the temporary table `stage`.
UPDATE rollcall.member m
SET email = s.email, name = s.name, city = s.city, country_id = s.country_id, locale_id = s.locale_id,
    flag_plan = s.flag_plan, user_created_at = s.user_created_at, flag_member = s.flag_member,
    flag_editor = s.flag_editor, flag_own = s.flag_own, flag_admin = s.flag_admin, other_flags = s.other_flags,
    role_created_at = s.role_created_at, role_updated_at = s.role_updated_at, last_changed_at = s.last_changed_at,
    last_seen_at = s.last_seen_at, slice_digest = s.slice_digest, value_digest = s.value_digest
FROM stage s
WHERE m.organization_id = s.organization_id AND m.user_id = s.user_id
