-- Each period counts one from the day it began and no longer from the day it ended; days run in UTC.
CREATE OR REPLACE VIEW rollcall.daily_headcount AS
WITH period AS MATERIALIZED (
  SELECT organization_id, role, valid_from, valid_to FROM rollcall.member_period
), step AS (
  SELECT organization_id, role, day, sum(joining) AS joining
  FROM (
    SELECT organization_id, role, (valid_from AT TIME ZONE 'UTC')::date AS day, 1 AS joining FROM period
    UNION ALL
    SELECT organization_id, role, (valid_to AT TIME ZONE 'UTC')::date, -1 FROM period WHERE valid_to IS NOT NULL
  ) AS bound
  GROUP BY organization_id, role, day
), observed AS (
  SELECT organization_id,
         min(day) AS first_day,
         greatest(max(day), (SELECT (max(observed_until) AT TIME ZONE 'UTC')::date FROM rollcall.coverage
                             WHERE coverage.organization_id = step.organization_id)) AS last_day
  FROM step
  GROUP BY organization_id
), held AS (
  SELECT DISTINCT organization_id, role FROM step
), calendar AS (
  SELECT held.organization_id, held.role, observed.first_day + days AS day
  FROM observed
  JOIN held USING (organization_id)
  CROSS JOIN LATERAL generate_series(0, observed.last_day - observed.first_day) AS days
)
SELECT calendar.day,
       calendar.organization_id,
       calendar.role,
       (sum(coalesce(step.joining, 0))
         OVER (PARTITION BY calendar.organization_id, calendar.role ORDER BY calendar.day))::bigint AS members
FROM calendar
LEFT JOIN step USING (organization_id, role, day);

COMMENT ON VIEW rollcall.daily_headcount IS 'How many members had which role at the end of each day (UTC), from the first observation to the last; every day has a row for every role that ever occurred.';
COMMENT ON COLUMN rollcall.daily_headcount.day IS 'The day, in UTC; of the last one, the state so far.';
COMMENT ON COLUMN rollcall.daily_headcount.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.daily_headcount.role IS 'The role, in the words of current_member.role.';
COMMENT ON COLUMN rollcall.daily_headcount.members IS 'Members with this role at the end of the day.';
