CREATE OR REPLACE VIEW rollcall.current_member AS
SELECT member.organization_id,
       member.user_id,
       member.email,
       member.name,
       rollcall.role_label(member.flag_own, member.flag_admin, member.flag_editor, member.flag_member) AS role,
       member.flag_member,
       member.flag_editor,
       member.flag_own,
       member.flag_admin,
       member.other_flags,
       member.city,
       member.country_id,
       member.locale_id,
       member.flag_plan,
       member.user_created_at,
       member.role_created_at,
       member.role_updated_at,
       member.first_seen_at,
       member.last_changed_at,
       member.absent_since,
       covered.data_as_of
FROM rollcall.member
LEFT JOIN (
  SELECT organization_id, max(last_asked_at) AS data_as_of
  FROM rollcall.coverage
  GROUP BY organization_id
) AS covered USING (organization_id)
WHERE member.removed_at IS NULL;

COMMENT ON VIEW rollcall.current_member IS 'Who is a member now, with which role.';
COMMENT ON COLUMN rollcall.current_member.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.current_member.user_id IS 'Luzmo''s id of the user.';
COMMENT ON COLUMN rollcall.current_member.email IS 'E-mail address.';
COMMENT ON COLUMN rollcall.current_member.name IS 'Full name.';
COMMENT ON COLUMN rollcall.current_member.role IS 'owner, admin, editor, viewer or none, by the strongest flag; unknown when flag_own, flag_editor and flag_member were all not sent.';
COMMENT ON COLUMN rollcall.current_member.flag_member IS 'flagMember of the role; NULL: Luzmo did not send it.';
COMMENT ON COLUMN rollcall.current_member.flag_editor IS 'flagEditor of the role; NULL: Luzmo did not send it.';
COMMENT ON COLUMN rollcall.current_member.flag_own IS 'flagOwn of the role; NULL: Luzmo did not send it.';
COMMENT ON COLUMN rollcall.current_member.flag_admin IS 'flagAdmin of the role; NULL: Luzmo did not send it.';
COMMENT ON COLUMN rollcall.current_member.other_flags IS 'Further flags of the role by their API names; NULL when there is none.';
COMMENT ON COLUMN rollcall.current_member.city IS 'City.';
COMMENT ON COLUMN rollcall.current_member.country_id IS 'Country, as Luzmo codes it.';
COMMENT ON COLUMN rollcall.current_member.locale_id IS 'Language.';
COMMENT ON COLUMN rollcall.current_member.flag_plan IS 'Plan.';
COMMENT ON COLUMN rollcall.current_member.user_created_at IS 'When the user was created in Luzmo.';
COMMENT ON COLUMN rollcall.current_member.role_created_at IS 'When Luzmo made the user a member.';
COMMENT ON COLUMN rollcall.current_member.role_updated_at IS 'When Luzmo last changed the role.';
COMMENT ON COLUMN rollcall.current_member.first_seen_at IS 'When the mirror first saw the member.';
COMMENT ON COLUMN rollcall.current_member.last_changed_at IS 'When the mirror last saw a change of the member.';
COMMENT ON COLUMN rollcall.current_member.absent_since IS 'Missing in Luzmo''s answers since then, not yet confirmed; NULL while present.';
COMMENT ON COLUMN rollcall.current_member.data_as_of IS 'The row is Luzmo''s state as of this time.';
