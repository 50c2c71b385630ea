-- The server process behind this connection, so many times over: a long answer keeps a pooler's server busy.
--   $1  rows
SELECT pg_backend_pid() AS backend
FROM generate_series(1, $1::integer)
