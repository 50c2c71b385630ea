
DO $rollcall$
BEGIN
  IF NOT EXISTS (SELECT FROM rollcall.schema_migration
                 WHERE kind = 'view' AND name = '@name@' AND sha256 = '@sha256@')
    OR NOT EXISTS (SELECT FROM pg_class WHERE relnamespace = 'rollcall'::regnamespace AND relname = '@name@'
                   UNION ALL
                   SELECT FROM pg_proc WHERE pronamespace = 'rollcall'::regnamespace AND proname = '@name@') THEN
    EXECUTE $sql$
@text@
$sql$;
    INSERT INTO rollcall.schema_migration (kind, name, sha256) VALUES ('view', '@name@', '@sha256@')
    ON CONFLICT (kind, name) DO UPDATE
      SET sha256 = excluded.sha256, applied_at = excluded.applied_at, applied_by = excluded.applied_by;
  END IF;
END
$rollcall$;
