-- Readers may not read the table coverage, but who reads the past must know when nobody looked.
CREATE OR REPLACE VIEW rollcall.coverage_gap AS
SELECT organization_id, blind_from, blind_until, blind_until - blind_from AS blind_for
FROM (
  SELECT organization_id,
         observed_until AS blind_from,
         lead(observed_from) OVER (PARTITION BY organization_id ORDER BY observed_from) AS blind_until
  FROM rollcall.coverage
) AS span
WHERE blind_until IS NOT NULL;

COMMENT ON VIEW rollcall.coverage_gap IS 'Times in which polls did not succeed for long. What was changed and changed back in one of them was not observed.';
COMMENT ON COLUMN rollcall.coverage_gap.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.coverage_gap.blind_from IS 'Answer of the last complete poll before.';
COMMENT ON COLUMN rollcall.coverage_gap.blind_until IS 'Request of the first complete poll after.';
COMMENT ON COLUMN rollcall.coverage_gap.blind_for IS 'The time between.';
