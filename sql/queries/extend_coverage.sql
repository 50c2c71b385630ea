-- Counts a complete poll: extends the newest span, or opens another when the last poll is too long ago. The same poll
-- again changes nothing. No row comes back, and nothing is written, when the fence does not hold.
--   $1 organization_id
--   $2 roster_version
--   $3 last_cycle_uuid
--   $4 poll_uuid
--   $5 asked
--   $6 answered
--   $7 max_gap in microseconds
--   $8 whether every member was compared by value
--   $9 the event loop's longest turn since coverage was written last, in milliseconds
WITH fence AS (
  SELECT organization_id
  FROM rollcall.organization
  WHERE organization_id = $1::text
    AND roster_version = $2::bigint
    AND last_cycle_uuid IS NOT DISTINCT FROM $3::uuid
), newest AS (
  SELECT c.observed_from,
         c.last_poll_uuid = $4::uuid AS counted,
         $5::timestamptz - c.last_asked_at AS gap,
         $5::timestamptz - c.last_asked_at <= $7::bigint * interval '1 microsecond' AS continues
  FROM rollcall.coverage c
  JOIN fence USING (organization_id)
  ORDER BY c.observed_from DESC
  LIMIT 1
), extended AS (
  UPDATE rollcall.coverage c
  SET observed_until = greatest(c.observed_until, $6::timestamptz),
      last_asked_at = greatest(c.last_asked_at, $5::timestamptz),
      polls = c.polls + 1,
      longest_gap = greatest(c.longest_gap, newest.gap),
      longest_turn_ms = $9::integer,
      last_poll_uuid = $4::uuid
  FROM newest
  WHERE c.organization_id = $1::text
    AND c.observed_from = newest.observed_from
    AND newest.continues
    AND NOT newest.counted
), opened AS (
  INSERT INTO rollcall.coverage (organization_id, observed_from, observed_until, last_asked_at, longest_turn_ms,
                                 last_poll_uuid)
  SELECT organization_id, $5::timestamptz, $6::timestamptz, $5::timestamptz, $9::integer, $4::uuid
  FROM fence
  WHERE NOT EXISTS (SELECT FROM newest WHERE continues)
), compared AS (
  UPDATE rollcall.organization o
  SET last_full_compare_at = $6::timestamptz
  FROM fence
  WHERE o.organization_id = fence.organization_id AND $8::boolean
)
SELECT organization_id
FROM fence;
