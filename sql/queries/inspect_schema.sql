-- What there is before rollcall's own records are read: needs no privilege. One row.
--   recorded     something was applied already
--   readable     this role may read what
--   may_migrate  this role owns the schema or may create it
--   remedy       what an administrator could do so that it may
SELECT record.oid IS NOT NULL AS recorded,
       coalesce(has_schema_privilege(schema.oid, 'USAGE') AND has_any_column_privilege(record.oid, 'SELECT'),
                true) AS readable,
       CASE
         WHEN schema.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
         ELSE pg_has_role(schema.nspowner, 'USAGE')
       END AS may_migrate,
       CASE
         WHEN schema.oid IS NULL THEN format('CREATE SCHEMA rollcall AUTHORIZATION %I', current_user)
         WHEN record.oid IS NULL THEN format('ALTER SCHEMA rollcall OWNER TO %I', current_user)
         -- What a superuser made is no reason to make this role one.
         WHEN (SELECT rolsuper FROM pg_roles WHERE pg_roles.oid = schema.nspowner)
           THEN format('ALTER SCHEMA rollcall OWNER TO %I, and the same for every table, view and function in it',
                       current_user)
         ELSE format('GRANT %I TO %I', pg_get_userbyid(schema.nspowner), current_user)
       END AS remedy
FROM (SELECT) AS always
LEFT JOIN pg_namespace AS schema ON schema.nspname = 'rollcall'
LEFT JOIN pg_class AS record ON record.relnamespace = schema.oid AND record.relname = 'schema_migration';
