CREATE OR REPLACE VIEW rollcall.freshness AS
WITH polled AS (
  SELECT source, organization_id FROM rollcall.organization
  UNION ALL
  SELECT DISTINCT source, NULL::text FROM rollcall.cycle
  WHERE organization_id IS NULL AND source NOT IN (SELECT source FROM rollcall.organization)
)
SELECT polled.organization_id,
       polled.source,
       complete.last_asked_at AS data_as_of,
       CASE WHEN complete.last_asked_at BETWEEN now() AND now() + interval '1 minute' THEN 0
            ELSE extract(epoch FROM now() - complete.last_asked_at) END::bigint AS seconds_behind,
       greatest(complete.last_asked_at, recorded.attempted_at) AS last_attempt_at,
       CASE WHEN recorded.is_last THEN recorded.outcome ELSE 'unchanged' END AS last_outcome,
       CASE WHEN recorded.is_last THEN recorded.error_text END AS last_error,
       (SELECT count(*) FROM rollcall.cycle
        WHERE cycle.source = polled.source
          AND coalesce(cycle.asked_at, cycle.finished_at) > coalesce(complete.last_asked_at, '-infinity')
          AND cycle.outcome = 'failed') AS consecutive_failures,
       (SELECT count(*) FROM rollcall.held_change
        WHERE held_change.organization_id = polled.organization_id AND resolved_at IS NULL) AS held,
       (SELECT count(*) FROM rollcall.rejected_record
        WHERE rejected_record.organization_id = polled.organization_id AND resolved_at IS NULL) AS rejected,
       (SELECT count(*) FROM rollcall.held
        WHERE held.organization_id = polled.organization_id AND decision = 'rejected') AS held_silenced,
       complete.longest_turn_ms
FROM polled
LEFT JOIN LATERAL (
  SELECT last_asked_at, last_poll_uuid, longest_turn_ms
  FROM rollcall.coverage
  WHERE coverage.organization_id = polled.organization_id
  ORDER BY observed_from DESC
  LIMIT 1
) AS complete ON true
LEFT JOIN LATERAL (
  SELECT coalesce(cycle.asked_at, cycle.finished_at) AS attempted_at,
         cycle.outcome,
         cycle.error_text,
         complete.last_asked_at IS NULL
           OR cycle.cycle_uuid = complete.last_poll_uuid
           OR coalesce(cycle.asked_at, cycle.finished_at) > complete.last_asked_at AS is_last
  FROM rollcall.cycle
  WHERE cycle.source = polled.source
  ORDER BY coalesce(cycle.asked_at, cycle.finished_at) DESC
  LIMIT 1
) AS recorded ON true;

COMMENT ON VIEW rollcall.freshness IS 'How current the mirror is, one row for each organization, and for each configured source that could never be read.';
COMMENT ON COLUMN rollcall.freshness.organization_id IS 'The organization; NULL while the source never answered.';
COMMENT ON COLUMN rollcall.freshness.source IS 'Its section in the configuration.';
COMMENT ON COLUMN rollcall.freshness.data_as_of IS 'The tables are Luzmo''s state as of this time; NULL before the first complete poll.';
COMMENT ON COLUMN rollcall.freshness.seconds_behind IS 'Seconds since data_as_of. Negative when data_as_of lies more than a minute ahead: a clock was set, and how old the copy is cannot be told.';
COMMENT ON COLUMN rollcall.freshness.last_attempt_at IS 'When the last poll was asked, complete or not.';
COMMENT ON COLUMN rollcall.freshness.last_outcome IS 'How it ended: unchanged, or the outcome of its cycle.';
COMMENT ON COLUMN rollcall.freshness.last_error IS 'Why it failed; NULL when it did not.';
COMMENT ON COLUMN rollcall.freshness.consecutive_failures IS 'Failed polls since data_as_of.';
COMMENT ON COLUMN rollcall.freshness.held IS 'Changes that wait for approval now.';
COMMENT ON COLUMN rollcall.freshness.rejected IS 'Records that cannot be decoded now.';
COMMENT ON COLUMN rollcall.freshness.held_silenced IS 'Of held: those that somebody rejected. They stay held, and nobody needs to look at them.';
COMMENT ON COLUMN rollcall.freshness.longest_turn_ms IS 'How long the daemon was busy with one thing at most, in milliseconds, in the last poll and since the one before it.';
