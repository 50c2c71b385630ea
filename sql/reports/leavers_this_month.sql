-- Who left this month, and between which two times?
SELECT change.observed_after, change.observed_at, change.name, change.email, former.last_role
FROM rollcall.member_change AS change
LEFT JOIN rollcall.former_member AS former USING (organization_id, user_id)
WHERE change.kind = 'left' AND change.observed_at >= date_trunc('month', now())
ORDER BY change.change_id;
