CREATE OR REPLACE VIEW rollcall.role_change AS
SELECT change.change_id,
       change.observed_after,
       change.observed_at,
       change.organization_id,
       change.user_id,
       change.email,
       change.name,
       change.old_role,
       change.new_role,
       CASE
         WHEN array_position(change.ranks, change.new_role) > array_position(change.ranks, change.old_role) THEN 'promoted'
         WHEN array_position(change.ranks, change.new_role) < array_position(change.ranks, change.old_role) THEN 'demoted'
         ELSE 'mixed'
       END AS direction,
       change.old_flag_member,
       change.new_flag_member,
       change.old_flag_editor,
       change.new_flag_editor,
       change.old_flag_own,
       change.new_flag_own,
       change.old_flag_admin,
       change.new_flag_admin,
       change.old_other_flags,
       change.new_other_flags,
       change.role_updated_at
FROM (
  SELECT history.change_id,
         history.observed_after,
         history.observed_at,
         history.organization_id,
         history.user_id,
         history.image ->> 'email' AS email,
         history.image ->> 'name' AS name,
         ARRAY['none', 'viewer', 'editor', 'admin', 'owner'] AS ranks,
         rollcall.role_label(before.flag_own, before.flag_admin, before.flag_editor, before.flag_member) AS old_role,
         rollcall.role_label(after.flag_own, after.flag_admin, after.flag_editor, after.flag_member) AS new_role,
         before.flag_member AS old_flag_member,
         after.flag_member AS new_flag_member,
         before.flag_editor AS old_flag_editor,
         after.flag_editor AS new_flag_editor,
         before.flag_own AS old_flag_own,
         after.flag_own AS new_flag_own,
         before.flag_admin AS old_flag_admin,
         after.flag_admin AS new_flag_admin,
         before.other_flags AS old_other_flags,
         after.other_flags AS new_other_flags,
         after.role_updated_at
  FROM rollcall.member_history AS history
  CROSS JOIN LATERAL jsonb_to_record(history.image || history.old_values)
    AS before (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean, other_flags jsonb)
  CROSS JOIN LATERAL jsonb_to_record(history.image)
    AS after (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean, other_flags jsonb,
              role_updated_at timestamptz)
  WHERE history.kind = 'role_changed'
) AS change;

COMMENT ON VIEW rollcall.role_change IS 'Every change of a flag, one row for each member and poll.';
COMMENT ON COLUMN rollcall.role_change.change_id IS 'Order of recording.';
COMMENT ON COLUMN rollcall.role_change.observed_after IS 'The change happened after this time.';
COMMENT ON COLUMN rollcall.role_change.observed_at IS 'The change happened before this time.';
COMMENT ON COLUMN rollcall.role_change.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.role_change.user_id IS 'The member.';
COMMENT ON COLUMN rollcall.role_change.email IS 'E-mail address at that time.';
COMMENT ON COLUMN rollcall.role_change.name IS 'Name at that time.';
COMMENT ON COLUMN rollcall.role_change.old_role IS 'Role before, in the words of current_member.role.';
COMMENT ON COLUMN rollcall.role_change.new_role IS 'Role after.';
COMMENT ON COLUMN rollcall.role_change.direction IS 'promoted or demoted along none, viewer, editor, admin, owner; mixed when the role is the same although flags differ, or unknown.';
COMMENT ON COLUMN rollcall.role_change.old_flag_member IS 'flagMember before.';
COMMENT ON COLUMN rollcall.role_change.new_flag_member IS 'flagMember after.';
COMMENT ON COLUMN rollcall.role_change.old_flag_editor IS 'flagEditor before.';
COMMENT ON COLUMN rollcall.role_change.new_flag_editor IS 'flagEditor after.';
COMMENT ON COLUMN rollcall.role_change.old_flag_own IS 'flagOwn before.';
COMMENT ON COLUMN rollcall.role_change.new_flag_own IS 'flagOwn after.';
COMMENT ON COLUMN rollcall.role_change.old_flag_admin IS 'flagAdmin before.';
COMMENT ON COLUMN rollcall.role_change.new_flag_admin IS 'flagAdmin after.';
COMMENT ON COLUMN rollcall.role_change.old_other_flags IS 'Further flags before.';
COMMENT ON COLUMN rollcall.role_change.new_other_flags IS 'Further flags after.';
COMMENT ON COLUMN rollcall.role_change.role_updated_at IS 'When the role was changed by Luzmo''s own account.';
