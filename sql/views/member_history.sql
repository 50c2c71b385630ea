-- The change log with each member's values as they were just after the change, replayed in the order of recording.
CREATE OR REPLACE VIEW rollcall.member_history AS
SELECT change_id,
       organization_id,
       user_id,
       kind,
       old_values,
       new_values,
       observed_after,
       observed_at,
       rollcall.jsonb_merge(new_values)
         OVER (PARTITION BY organization_id, user_id ORDER BY change_id ROWS UNBOUNDED PRECEDING) AS image
FROM rollcall.change_log;

COMMENT ON VIEW rollcall.member_history IS 'Not published: what member_change and role_change are made from.';
COMMENT ON COLUMN rollcall.member_history.change_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.organization_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.user_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.kind IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.old_values IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.new_values IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.observed_after IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.observed_at IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_history.image IS 'All values after the change; of one who left, the last ones.';
