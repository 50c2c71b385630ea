CREATE OR REPLACE VIEW rollcall.held_set AS
SELECT standing.organization_id,
       standing.class,
       encode(standing.set_digest, 'hex') AS digest,
       standing.members,
       standing.reason,
       standing.since,
       approval.decision,
       approval.decided_at,
       approval.decided_by,
       approval.os_uid,
       approval.sudo_user,
       approval.claimed_by,
       approval.reason AS decision_reason
FROM (
  SELECT organization_id, class, set_digest, count(*) AS members, min(reason) AS reason, min(observed_at) AS since
  FROM rollcall.held_change
  WHERE resolved_at IS NULL
  GROUP BY organization_id, class, set_digest
) AS standing
LEFT JOIN rollcall.approval
  ON approval.organization_id = standing.organization_id
 AND approval.set_digest = standing.set_digest
 AND approval.settled_at IS NULL;

COMMENT ON VIEW rollcall.held_set IS 'Not published: the sets that are held now, one row for each, and what was decided about it.';
COMMENT ON COLUMN rollcall.held_set.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.held_set.class IS 'As in held_change.';
COMMENT ON COLUMN rollcall.held_set.digest IS 'The set''s digest, hexadecimal: what an approval names.';
COMMENT ON COLUMN rollcall.held_set.members IS 'How many members it is about.';
COMMENT ON COLUMN rollcall.held_set.reason IS 'Why it is held, with numbers.';
COMMENT ON COLUMN rollcall.held_set.since IS 'Answer of the first poll that showed one of its changes.';
COMMENT ON COLUMN rollcall.held_set.decision IS 'approved, rejected, or NULL while nobody decided.';
COMMENT ON COLUMN rollcall.held_set.decided_at IS 'As in approval.';
COMMENT ON COLUMN rollcall.held_set.decided_by IS 'As in approval.';
COMMENT ON COLUMN rollcall.held_set.os_uid IS 'As in approval.';
COMMENT ON COLUMN rollcall.held_set.sudo_user IS 'As in approval.';
COMMENT ON COLUMN rollcall.held_set.claimed_by IS 'As in approval: only a claim.';
COMMENT ON COLUMN rollcall.held_set.decision_reason IS 'As in approval.';
