-- Which files the schema was made from.
SELECT kind, name, sha256
FROM rollcall.schema_migration
ORDER BY kind, name COLLATE "C";
