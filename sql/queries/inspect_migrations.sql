-- Which files the schema was made from. A view or function that somebody dropped is as good as not applied.
SELECT kind, name, sha256
FROM rollcall.schema_migration
WHERE kind <> 'view'
   OR EXISTS (SELECT FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relname = name)
   OR EXISTS (SELECT FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace AND proname = name)
ORDER BY kind, name COLLATE "C";
