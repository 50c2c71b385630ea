-- Replays images of the change log: a later value of a key wins. NULL images are skipped.
CREATE OR REPLACE AGGREGATE rollcall.jsonb_merge(jsonb) (
  SFUNC = jsonb_concat,
  STYPE = jsonb,
  INITCOND = '{}'
);

REVOKE ALL ON FUNCTION rollcall.jsonb_merge(jsonb) FROM PUBLIC;

COMMENT ON AGGREGATE rollcall.jsonb_merge(jsonb) IS
  'Objects laid over each other in the order of the aggregate: a later value of a key wins, NULLs are skipped.';
