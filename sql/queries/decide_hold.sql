-- Approves or rejects the set of held changes that this digest names, and settles an older decision about it. One row
-- for each set that stands and may be meant; only a single one is decided about, and its row has an approval_id.
--   $1 the digest or its beginning, hexadecimal in small letters
--   $2 decision: approved or rejected
--   $3 os_uid
--   $4 sudo_user, or NULL
--   $5 claimed_by, or NULL
--   $6 reason, or NULL
-- The organization's row is locked first: a cycle that is being written is waited for, and whoever comes later sees the
-- decision. After the wait a change that is held no longer, or in another set, does not get its lock: its set is gone.
WITH meant AS (
  SELECT organization_id, class, set_digest, count(*) AS members
  FROM rollcall.held_change
  WHERE resolved_at IS NULL AND starts_with(encode(set_digest, 'hex'), $1::text)
  GROUP BY organization_id, class, set_digest
), waited AS MATERIALIZED (
  SELECT organization_id
  FROM rollcall.organization
  WHERE organization_id IN (SELECT organization_id FROM meant)
  FOR SHARE
), standing AS MATERIALIZED (
  SELECT meant.organization_id, meant.class, meant.set_digest, meant.members
  FROM waited
  JOIN meant USING (organization_id)
  CROSS JOIN LATERAL (
    SELECT FROM rollcall.held_change
    WHERE held_change.organization_id = waited.organization_id
      AND held_change.class = meant.class
      AND held_change.set_digest = meant.set_digest
      AND held_change.resolved_at IS NULL
    LIMIT 1
    FOR SHARE
  ) AS one
), sole AS (
  SELECT *
  FROM standing
  WHERE (SELECT count(*) FROM standing) = 1
), superseded AS (
  UPDATE rollcall.approval
  SET settled_at = now(), outcome = 'superseded'
  FROM sole
  WHERE approval.organization_id = sole.organization_id
    AND approval.set_digest = sole.set_digest
    AND approval.settled_at IS NULL
  RETURNING approval_id
), decided AS (
  INSERT INTO rollcall.approval (organization_id, class, set_digest, decision, os_uid, sudo_user, claimed_by, reason)
  SELECT organization_id, class, set_digest, $2::text, $3::bigint, $4::text, $5::text, $6::text
  FROM sole
  WHERE (SELECT count(*) FROM superseded) >= 0 -- first of all: of a set there is one open decision at most
  RETURNING approval_id, decided_by, decided_at
)
SELECT standing.organization_id,
       standing.class,
       encode(standing.set_digest, 'hex') AS digest,
       standing.members,
       decided.approval_id,
       (SELECT count(*) FROM superseded) AS superseded,
       decided.decided_by,
       decided.decided_at
FROM standing
LEFT JOIN decided ON true
ORDER BY standing.organization_id, standing.class;
