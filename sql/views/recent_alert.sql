-- Undoing a member's changes from the last one backwards gives the flags before each of them, without replaying the log
-- from its beginning. It is read only when a cycle of the last day is recorded.
CREATE OR REPLACE VIEW rollcall.recent_alert AS
SELECT change.change_id,
       change.observed_after,
       change.observed_at,
       change.organization_id,
       change.user_id,
       change.email,
       change.name,
       CASE WHEN change.granted THEN 'owner_grant' ELSE 'demotion' END AS alert,
       change.old_role,
       change.new_role
FROM (
  SELECT recent.change_id,
         recent.observed_after,
         recent.observed_at,
         recent.organization_id,
         recent.user_id,
         member.email,
         member.name,
         after.flag_own AND (recent.old_values IS NULL OR before.flag_own IS NOT TRUE) AS granted,
         ARRAY['none', 'viewer', 'editor', 'admin', 'owner'] AS ranks,
         CASE WHEN recent.old_values IS NOT NULL
              THEN rollcall.role_label(before.flag_own, before.flag_admin, before.flag_editor, before.flag_member)
         END AS old_role,
         rollcall.role_label(after.flag_own, after.flag_admin, after.flag_editor, after.flag_member) AS new_role
  FROM (
    SELECT change_log.*,
           rollcall.jsonb_merge(old_values)
             OVER (PARTITION BY organization_id, user_id ORDER BY change_id DESC ROWS UNBOUNDED PRECEDING) AS undone
    FROM rollcall.change_log
    WHERE observed_at > now() - interval '24 hours'
      AND kind IN ('joined', 'rejoined', 'left', 'role_changed')
      AND EXISTS (SELECT FROM rollcall.cycle WHERE finished_at > now() - interval '24 hours' AND outcome <> 'failed')
  ) AS recent
  JOIN rollcall.member USING (organization_id, user_id)
  CROSS JOIN LATERAL jsonb_to_record(to_jsonb(member) || recent.undone)
    AS before (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean)
  CROSS JOIN LATERAL jsonb_to_record(to_jsonb(member) || recent.undone || recent.new_values)
    AS after (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean)
  WHERE recent.kind <> 'left'
) AS change
WHERE change.granted
   OR array_position(change.ranks, change.new_role) < array_position(change.ranks, change.old_role);

COMMENT ON VIEW rollcall.recent_alert IS 'Not published: who became an owner, and whose role became a lesser one, in the last 24 hours.';
COMMENT ON COLUMN rollcall.recent_alert.change_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.recent_alert.observed_after IS 'As in change_log.';
COMMENT ON COLUMN rollcall.recent_alert.observed_at IS 'As in change_log.';
COMMENT ON COLUMN rollcall.recent_alert.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.recent_alert.user_id IS 'The member.';
COMMENT ON COLUMN rollcall.recent_alert.email IS 'E-mail address now.';
COMMENT ON COLUMN rollcall.recent_alert.name IS 'Full name now.';
COMMENT ON COLUMN rollcall.recent_alert.alert IS 'owner_grant or demotion.';
COMMENT ON COLUMN rollcall.recent_alert.old_role IS 'Role before; NULL for somebody who joined.';
COMMENT ON COLUMN rollcall.recent_alert.new_role IS 'Role after.';
