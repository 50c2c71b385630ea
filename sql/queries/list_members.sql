-- The members there are, as current_member has them.
--   $1  only this role label, or NULL
SELECT current_member.*
FROM rollcall.current_member
WHERE $1::text IS NULL OR current_member.role = $1::text
ORDER BY current_member.organization_id, lower(current_member.name), current_member.email, current_member.user_id;
