-- What the peers write to: the members, and a change log with the same images. Both of them tables that a careful author
-- would make for this job; digests, absences and held changes they do not have.
CREATE SCHEMA peer AUTHORIZATION rollcall;
SET ROLE rollcall;

CREATE TABLE peer.member (
  organization_id text        NOT NULL,
  user_id         uuid        NOT NULL,
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
  first_seen_at   timestamptz NOT NULL,
  last_changed_at timestamptz NOT NULL,
  PRIMARY KEY (organization_id, user_id)
) WITH (fillfactor = 90);

CREATE TABLE peer.change_log (
  change_id       bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  organization_id text        NOT NULL,
  user_id         uuid        NOT NULL,
  kind            text        NOT NULL,
  old_values      jsonb,
  new_values      jsonb,
  observed_at     timestamptz NOT NULL
);
