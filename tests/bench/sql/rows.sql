-- The members that a table or function says there are, in the form of organization.py, so that two sides are equal when
-- their bytes are. {relation} is filled in.
COPY (
  SELECT user_id, email, name, city, country_id, locale_id, flag_plan,
         to_char(user_created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         flag_member, flag_editor, flag_own, flag_admin, other_flags,
         to_char(role_created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
         to_char(role_updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
  FROM {relation}
  ORDER BY user_id
) TO STDOUT
