-- What is held now, set by set and member by member: one row for each field that would change, one for a member who
-- would join or leave; and what was decided about the set.
SELECT summary.display_name,
       summary.members AS of_members,
       held_set.*,
       held.user_id,
       coalesce(member.email, held.new_values ->> 'email') AS email,
       coalesce(member.name, held.new_values ->> 'name') AS name,
       CASE WHEN held.new_values IS NULL THEN 'left'
            WHEN held.old_values IS NOT NULL THEN 'role_changed'
            WHEN member.user_id IS NOT NULL THEN 'rejoined'
            ELSE 'joined' END AS kind,
       CASE WHEN held.old_values IS NOT NULL
            THEN rollcall.role_label(before.flag_own, before.flag_admin, before.flag_editor, before.flag_member)
       END AS old_role,
       CASE WHEN held.new_values IS NOT NULL
            THEN rollcall.role_label(after.flag_own, after.flag_admin, after.flag_editor, after.flag_member)
       END AS new_role,
       held.old_values,
       held.new_values,
       held.observed_after,
       held.observed_at,
       value.field,
       held.old_values ->> value.field AS old_value,
       value.new_value
FROM rollcall.held_set
JOIN rollcall.held_change AS held
  ON held.organization_id = held_set.organization_id
 AND held.class = held_set.class
 AND encode(held.set_digest, 'hex') = held_set.digest
 AND held.resolved_at IS NULL
LEFT JOIN rollcall.organization_summary AS summary ON summary.organization_id = held.organization_id
LEFT JOIN rollcall.member ON member.organization_id = held.organization_id AND member.user_id = held.user_id
CROSS JOIN LATERAL jsonb_to_record(coalesce(to_jsonb(member), '{}') || coalesce(held.old_values, '{}'))
  AS before (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean)
CROSS JOIN LATERAL jsonb_to_record(coalesce(to_jsonb(member), '{}') || coalesce(held.new_values, '{}'))
  AS after (flag_member boolean, flag_editor boolean, flag_own boolean, flag_admin boolean)
LEFT JOIN LATERAL jsonb_each_text(CASE WHEN held.old_values IS NOT NULL THEN held.new_values END)
  AS value (field, new_value) ON true
ORDER BY held.organization_id, held.class, held.set_digest, held.user_id, value.field;
