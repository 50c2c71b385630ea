-- What can be seen of the session that holds a source's lock (lock_source), and the newest traces of its polls. The
-- server is at work for it unless it waits for its client. No row when nobody holds the lock.
--   $1 source
WITH writer AS (
  SELECT a.pid, a.backend_start, a.usesysid, a.state, a.wait_event_type
  FROM pg_locks l
  JOIN pg_stat_activity a USING (pid)
  WHERE l.locktype = 'advisory'
    AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.objsubid = 1
    AND (l.classid::bigint << 32) | l.objid::bigint = hashtextextended('rollcall/' || $1::text, 0)
), poll AS (
  SELECT c.last_poll_uuid, c.last_asked_at
  FROM rollcall.organization o
  JOIN rollcall.coverage c USING (organization_id)
  WHERE o.source = $1::text
  ORDER BY c.observed_from DESC
  LIMIT 1
), cycle AS (
  SELECT cycle_uuid, outcome, coalesce(asked_at, finished_at) AS attempted_at
  FROM rollcall.cycle
  WHERE source = $1::text
  ORDER BY cycle_id DESC
  LIMIT 1
)
SELECT writer.pid,
       writer.backend_start,
       writer.usesysid = (SELECT oid FROM pg_roles WHERE rolname = current_user) AS own_role,
       coalesce(writer.state = 'active' AND writer.wait_event_type IS DISTINCT FROM 'Client', false) AS at_work,
       coalesce(cycle.outcome = 'failed' AND cycle.attempted_at > coalesce(poll.last_asked_at, '-infinity'), false)
         AS failing,
       poll.last_poll_uuid,
       cycle.cycle_uuid
FROM writer
LEFT JOIN poll ON true
LEFT JOIN cycle ON true;
