-- Where an answer waits to be compared; once a session.
CREATE TEMPORARY TABLE IF NOT EXISTS stage (
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
  role_created_at timestamptz,
  role_updated_at timestamptz
) ON COMMIT DELETE ROWS;
