-- The change log as patches: laid over each other in the order of change_id, those observed until t give a member's
-- values at t. Membership itself is the key `present`, which is no field's name.
CREATE OR REPLACE VIEW rollcall.member_patch AS
SELECT change_id,
       organization_id,
       user_id,
       observed_at,
       CASE
         WHEN kind = 'left' THEN jsonb '{"present": false}'
         WHEN old_values IS NULL THEN new_values || jsonb '{"present": true}'
         ELSE new_values
       END AS patch
FROM rollcall.change_log
WHERE user_id IS NOT NULL;

COMMENT ON VIEW rollcall.member_patch IS 'Not published: what member_period and members_as_of replay.';
COMMENT ON COLUMN rollcall.member_patch.change_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_patch.organization_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_patch.user_id IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_patch.observed_at IS 'As in change_log.';
COMMENT ON COLUMN rollcall.member_patch.patch IS 'The values the change set, and whether the user is a member since.';
