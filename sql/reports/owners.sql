-- Who owns the organization now?
SELECT name, email, role_updated_at
FROM rollcall.current_member
WHERE role = 'owner'
ORDER BY name;
