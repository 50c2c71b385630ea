-- Changes of values carry the same keys in old_values and new_values; joins and leaves lack one of the two.
CREATE OR REPLACE VIEW rollcall.member_change AS
SELECT history.change_id,
       history.observed_after,
       history.observed_at,
       history.organization_id,
       history.user_id,
       CASE WHEN history.user_id IS NOT NULL THEN history.image ->> 'email' END AS email,
       CASE WHEN history.user_id IS NOT NULL THEN history.image ->> 'name' END AS name,
       history.kind,
       value.field,
       history.old_values ->> value.field AS old_value,
       value.new_value
FROM rollcall.member_history AS history
LEFT JOIN LATERAL jsonb_each_text(CASE WHEN history.old_values IS NOT NULL THEN history.new_values END)
  AS value (field, new_value) ON true;

COMMENT ON VIEW rollcall.member_change IS 'Every change, one row for each field that changed; one row for a member who was there at first, joined, came back or left.';
COMMENT ON COLUMN rollcall.member_change.change_id IS 'Order of recording; fields that changed together share it.';
COMMENT ON COLUMN rollcall.member_change.observed_after IS 'The change happened after this time; NULL for the first look.';
COMMENT ON COLUMN rollcall.member_change.observed_at IS 'The change happened before this time.';
COMMENT ON COLUMN rollcall.member_change.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.member_change.user_id IS 'The member; NULL when the organization itself changed.';
COMMENT ON COLUMN rollcall.member_change.email IS 'E-mail address after the change.';
COMMENT ON COLUMN rollcall.member_change.name IS 'Name after the change.';
COMMENT ON COLUMN rollcall.member_change.kind IS 'baseline, joined, rejoined, left, role_changed, role_touched, profile_changed or organization_changed.';
COMMENT ON COLUMN rollcall.member_change.field IS 'Which field changed; NULL for baseline, joined, rejoined and left.';
COMMENT ON COLUMN rollcall.member_change.old_value IS 'Its value before, as text; NULL when there was none.';
COMMENT ON COLUMN rollcall.member_change.new_value IS 'Its value after, as text; NULL when there is none.';
