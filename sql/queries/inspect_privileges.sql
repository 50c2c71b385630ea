-- What this role lacks of what a cycle needs, as the statements that grant it: one row, or none when it lacks nothing.
-- Needs no privilege. A grant on some columns counts: who made it knows the tables.
WITH needed (relation, privileges) AS (VALUES
  ('schema_migration', ARRAY['SELECT']),
  ('organization', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('member', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('change_log', ARRAY['SELECT', 'INSERT']),
  ('cycle', ARRAY['SELECT', 'INSERT']),
  ('coverage', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('held_change', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('approval', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('rejected_record', ARRAY['SELECT', 'INSERT', 'UPDATE']),
  ('roster_secret', ARRAY['SELECT', 'INSERT', 'UPDATE'])
), lacking (relation, privileges) AS (
  SELECT relation, string_agg(privilege, ', ' ORDER BY place)
  FROM needed
  JOIN pg_class ON relname = relation
  JOIN pg_namespace AS schema ON schema.oid = relnamespace
  CROSS JOIN LATERAL unnest(privileges) WITH ORDINALITY AS wanted (privilege, place)
  WHERE nspname = 'rollcall' AND NOT has_any_column_privilege(pg_class.oid, privilege)
  GROUP BY relation
), statement (place, text) AS (
  SELECT 1, format('GRANT USAGE ON SCHEMA rollcall TO %I', current_user)
  FROM pg_namespace AS schema
  WHERE nspname = 'rollcall' AND NOT has_schema_privilege(schema.oid, 'USAGE')
  UNION ALL
  SELECT 2, format('GRANT %s ON %s TO %I', privileges,
                   string_agg(format('rollcall.%s', relation), ', ' ORDER BY relation), current_user)
  FROM lacking
  GROUP BY privileges
  UNION ALL
  SELECT 3, format('GRANT EXECUTE ON FUNCTION rollcall.%I(%s) TO %I', proname,
                   pg_get_function_identity_arguments(pg_proc.oid), current_user)
  FROM pg_proc
  JOIN pg_namespace AS schema ON schema.oid = pronamespace
  WHERE nspname = 'rollcall' AND proname = 'jsonb_merge' AND NOT has_function_privilege(pg_proc.oid, 'EXECUTE')
)
SELECT string_agg(text, '; ' ORDER BY place, text) AS remedy
FROM statement
HAVING count(*) > 0;
