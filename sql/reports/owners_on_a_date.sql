-- Who was an owner at a given time? (here: an hour ago; write timestamptz '2026-01-31 18:00+01' for a date)
SELECT name, email, role_updated_at
FROM rollcall.members_as_of(now() - interval '1 hour')
WHERE role = 'owner'
ORDER BY name;
