-- The members there were at a moment, with the columns of current_member that the change log can tell.
--   $1  only this role label, or NULL
--   $2  the moment
SELECT past.organization_id,
       past.user_id,
       past.email,
       past.name,
       past.role,
       past.flag_member,
       past.flag_editor,
       past.flag_own,
       past.flag_admin,
       past.other_flags,
       past.city,
       past.country_id,
       past.locale_id,
       past.flag_plan,
       past.user_created_at,
       past.role_created_at,
       past.role_updated_at
FROM rollcall.members_as_of($2::timestamptz) AS past
WHERE $1::text IS NULL OR past.role = $1::text
ORDER BY past.organization_id, lower(past.name), past.email, past.user_id;
