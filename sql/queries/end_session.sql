-- Ends a session of our own role, which takes no right that an ordinary role lacks. No row when it is gone already or is
-- another role's.
--   $1 pid
--   $2 backend_start, because process numbers come again
SELECT pg_terminate_backend(pid) AS ended
FROM pg_stat_activity
WHERE pid = $1::integer
  AND backend_start = $2::timestamptz
  AND usesysid = (SELECT oid FROM pg_roles WHERE rolname = current_user);
