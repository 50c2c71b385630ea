-- Changes of a member are replayed in the order of change_id, but become visible at observed_at, and a change that was
-- held for some polls is recorded late: after changes that were observed after it. Periods follow observed_at, so a
-- late patch overrules the keys it has in common with the patches it overtook; those keys are taken from them.
CREATE OR REPLACE VIEW rollcall.member_period AS
WITH recorded AS (
  SELECT change_id,
         organization_id,
         user_id,
         observed_at,
         patch,
         observed_at < max(observed_at)
           OVER (PARTITION BY organization_id, user_id ORDER BY change_id ROWS UNBOUNDED PRECEDING) AS late
  FROM rollcall.member_patch
), overruled AS (
  SELECT organization_id, user_id, former.change_id, array_agg(key) AS keys
  FROM recorded AS late
  JOIN rollcall.member_patch AS former USING (organization_id, user_id)
  CROSS JOIN LATERAL jsonb_object_keys(late.patch) AS key
  WHERE late.late AND former.change_id < late.change_id AND former.observed_at > late.observed_at
  GROUP BY organization_id, user_id, former.change_id
), version AS (
  SELECT organization_id,
         user_id,
         observed_at AS valid_from,
         lead(observed_at) OVER visible AS valid_to,
         rollcall.jsonb_merge(patch - coalesce(overruled.keys, '{}')) OVER visible AS image
  FROM rollcall.member_patch
  LEFT JOIN overruled USING (organization_id, user_id, change_id)
  WINDOW visible AS (PARTITION BY organization_id, user_id ORDER BY observed_at, change_id ROWS UNBOUNDED PRECEDING)
)
SELECT version.organization_id,
       version.user_id,
       version.valid_from,
       version.valid_to,
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
       rollcall.role_label(field.flag_own, field.flag_admin, field.flag_editor, field.flag_member) AS role
FROM version
CROSS JOIN LATERAL jsonb_to_record(version.image)
  AS field (present boolean, email text, name text, city text, country_id text, locale_id text, flag_plan text,
            user_created_at timestamptz, flag_member boolean, flag_editor boolean, flag_own boolean,
            flag_admin boolean, other_flags jsonb, role_created_at timestamptz, role_updated_at timestamptz)
WHERE field.present
  AND (version.valid_to IS NULL OR version.valid_from < version.valid_to);

COMMENT ON VIEW rollcall.member_period IS 'Every version of every member with the time during which it held, half-open; periods of a member never overlap.';
COMMENT ON COLUMN rollcall.member_period.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.member_period.user_id IS 'Luzmo''s id of the user.';
COMMENT ON COLUMN rollcall.member_period.valid_from IS 'Observed from this time on.';
COMMENT ON COLUMN rollcall.member_period.valid_to IS 'No longer from this time on; NULL for what holds now.';
COMMENT ON COLUMN rollcall.member_period.email IS 'E-mail address in that time.';
COMMENT ON COLUMN rollcall.member_period.name IS 'Full name in that time.';
COMMENT ON COLUMN rollcall.member_period.city IS 'City in that time.';
COMMENT ON COLUMN rollcall.member_period.country_id IS 'Country in that time.';
COMMENT ON COLUMN rollcall.member_period.locale_id IS 'Language in that time.';
COMMENT ON COLUMN rollcall.member_period.flag_plan IS 'Plan in that time.';
COMMENT ON COLUMN rollcall.member_period.user_created_at IS 'When the user was created in Luzmo.';
COMMENT ON COLUMN rollcall.member_period.flag_member IS 'flagMember in that time; NULL: not sent.';
COMMENT ON COLUMN rollcall.member_period.flag_editor IS 'flagEditor in that time; NULL: not sent.';
COMMENT ON COLUMN rollcall.member_period.flag_own IS 'flagOwn in that time; NULL: not sent.';
COMMENT ON COLUMN rollcall.member_period.flag_admin IS 'flagAdmin in that time; NULL: not sent.';
COMMENT ON COLUMN rollcall.member_period.other_flags IS 'Further flags in that time.';
COMMENT ON COLUMN rollcall.member_period.role_created_at IS 'When Luzmo made the user a member.';
COMMENT ON COLUMN rollcall.member_period.role_updated_at IS 'When Luzmo last changed the role.';
COMMENT ON COLUMN rollcall.member_period.role IS 'Role in that time, in the words of current_member.role.';
