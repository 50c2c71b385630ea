SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL client_min_messages = warning;

-- One migration at a time: the key is the bytes of "rollcall". A program never works on a schema newer than itself.
DO $rollcall$
DECLARE
  newest text;
BEGIN
  PERFORM pg_advisory_xact_lock(8245928655518264428);
  IF to_regclass('rollcall.schema_migration') IS NOT NULL THEN
    SELECT max(name COLLATE "C") INTO newest FROM rollcall.schema_migration WHERE kind = 'migration';
    IF newest > '@name@' COLLATE "C" THEN
      RAISE EXCEPTION 'schema rollcall is newer than this program: it has migration % applied', newest;
    END IF;
  END IF;
END
$rollcall$;
