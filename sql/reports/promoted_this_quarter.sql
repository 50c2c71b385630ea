-- Who was promoted this quarter, from what to what, and when by Luzmo's own account?
SELECT observed_at, name, email, old_role, new_role, role_updated_at
FROM rollcall.role_change
WHERE direction = 'promoted' AND observed_at >= date_trunc('quarter', now())
ORDER BY change_id;
