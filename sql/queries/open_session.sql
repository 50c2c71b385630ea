-- The settings of every session, made after connecting because poolers refuse them in the startup packet; and whether
-- the server takes writes.
--   $1 statement_timeout in milliseconds
--   $2 lock_timeout in milliseconds
--   $3 whether this session only reads
SELECT pg_catalog.pg_is_in_recovery() AS in_recovery,
       pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool AS read_only,
       pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', false),
       pg_catalog.set_config('TimeZone', 'UTC', false),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', false),
       pg_catalog.set_config('IntervalStyle', 'postgres', false),
       pg_catalog.set_config('bytea_output', 'hex', false),
       pg_catalog.set_config('client_encoding', 'UTF8', false),
       pg_catalog.set_config('client_min_messages', 'warning', false),
       pg_catalog.set_config('statement_timeout', $1::pg_catalog.text, false),
       pg_catalog.set_config('lock_timeout', $2::pg_catalog.text, false),
       pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', false),
       pg_catalog.set_config('tcp_keepalives_idle', '30', false),
       pg_catalog.set_config('tcp_keepalives_interval', '10', false),
       pg_catalog.set_config('tcp_keepalives_count', '3', false),
       CASE WHEN $3::pg_catalog.bool
            THEN pg_catalog.set_config('default_transaction_read_only', 'on', false)
       END,
       -- Not every server knows them, and a role's idle_session_timeout would end the session between two polls.
       (SELECT pg_catalog.count(pg_catalog.set_config(s.name, '0', false))
        FROM pg_catalog.pg_settings s
        WHERE s.name OPERATOR(pg_catalog.=) ANY (ARRAY['idle_session_timeout', 'transaction_timeout']));
