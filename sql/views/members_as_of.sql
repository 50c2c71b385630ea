-- A change is visible from observed_at on. Runs with its owner's rights, because readers may not read the change log.
CREATE OR REPLACE FUNCTION rollcall.members_as_of(moment timestamptz)
  RETURNS TABLE (
    organization_id text,
    user_id         uuid,
    email           text,
    name            text,
    city            text,
    country_id      text,
    locale_id       text,
    flag_plan       text,
    user_created_at timestamptz,
    flag_member     boolean,
    flag_editor     boolean,
    flag_own        boolean,
    flag_admin      boolean,
    other_flags     jsonb,
    role_created_at timestamptz,
    role_updated_at timestamptz,
    role            text
  )
  LANGUAGE sql
  STABLE
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
  SELECT state.organization_id,
         state.user_id,
         field.email,
         field.name,
         field.city,
         field.country_id,
         field.locale_id,
         field.flag_plan,
         field.user_created_at,
         field.flag_member,
         field.flag_editor,
         field.flag_own,
         field.flag_admin,
         field.other_flags,
         field.role_created_at,
         field.role_updated_at,
         rollcall.role_label(field.flag_own, field.flag_admin, field.flag_editor, field.flag_member)
  FROM (
    SELECT change.organization_id, change.user_id, rollcall.jsonb_merge(change.patch ORDER BY change.change_id) AS image
    FROM rollcall.member_patch AS change
    WHERE change.observed_at <= moment
    GROUP BY change.organization_id, change.user_id
  ) AS state
  CROSS JOIN LATERAL jsonb_to_record(state.image)
    AS field (present boolean, email text, name text, city text, country_id text, locale_id text, flag_plan text,
              user_created_at timestamptz, flag_member boolean, flag_editor boolean, flag_own boolean,
              flag_admin boolean, other_flags jsonb, role_created_at timestamptz, role_updated_at timestamptz)
  WHERE field.present
$$;

REVOKE ALL ON FUNCTION rollcall.members_as_of(timestamptz) FROM PUBLIC;

COMMENT ON FUNCTION rollcall.members_as_of(timestamptz) IS
  'The members and their values as they were observed at that moment, replayed from the change log. Nothing before the first poll.';
