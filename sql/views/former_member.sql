CREATE OR REPLACE VIEW rollcall.former_member AS
SELECT organization_id,
       user_id,
       email,
       name,
       rollcall.role_label(flag_own, flag_admin, flag_editor, flag_member) AS last_role,
       removed_at,
       last_seen_at
FROM rollcall.member
WHERE removed_at IS NOT NULL;

COMMENT ON VIEW rollcall.former_member IS 'Who left and has not come back, with the last known values.';
COMMENT ON COLUMN rollcall.former_member.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.former_member.user_id IS 'Luzmo''s id of the user.';
COMMENT ON COLUMN rollcall.former_member.email IS 'Last known e-mail address.';
COMMENT ON COLUMN rollcall.former_member.name IS 'Last known name.';
COMMENT ON COLUMN rollcall.former_member.last_role IS 'Last known role, in the words of current_member.role.';
COMMENT ON COLUMN rollcall.former_member.removed_at IS 'When the mirror was sure; the change log has the two times between which it happened.';
COMMENT ON COLUMN rollcall.former_member.last_seen_at IS 'A poll asked at this time still showed the member.';
