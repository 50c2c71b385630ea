
DO $rollcall$
DECLARE
  applied text;
BEGIN
  IF to_regclass('rollcall.schema_migration') IS NOT NULL THEN
    SELECT sha256 INTO applied FROM rollcall.schema_migration WHERE kind = 'migration' AND name = '@name@';
  END IF;
  IF applied <> '@sha256@' THEN
    RAISE EXCEPTION 'migration @name@ was applied with another text: SHA-256 %', applied;
  END IF;
  IF applied IS NULL THEN
    EXECUTE $sql$
@text@
$sql$;
    INSERT INTO rollcall.schema_migration (kind, name, sha256) VALUES ('migration', '@name@', '@sha256@');
  END IF;
END
$rollcall$;
