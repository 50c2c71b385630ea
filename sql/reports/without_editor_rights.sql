-- Which members can edit nothing?
SELECT name, email, role, role_created_at
FROM rollcall.current_member
WHERE role IN ('viewer', 'none')
ORDER BY role_created_at;
