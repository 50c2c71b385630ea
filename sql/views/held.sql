CREATE OR REPLACE VIEW rollcall.held AS
SELECT held_change.organization_id,
       held_change.class,
       encode(held_change.set_digest, 'hex') AS set_digest,
       held_change.reason,
       held_change.user_id,
       coalesce(member.email, held_change.new_values ->> 'email') AS email,
       coalesce(member.name, held_change.new_values ->> 'name') AS name,
       held_change.observed_at AS since,
       approval.decision
FROM rollcall.held_change
LEFT JOIN rollcall.member USING (organization_id, user_id)
LEFT JOIN rollcall.approval
  ON approval.organization_id = held_change.organization_id
 AND approval.set_digest = held_change.set_digest
 AND approval.settled_at IS NULL
WHERE held_change.resolved_at IS NULL;

COMMENT ON VIEW rollcall.held IS 'What was found in Luzmo and is not applied: one row for each member and kind of doubt, until the answer changes or somebody approves.';
COMMENT ON COLUMN rollcall.held.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.held.class IS 'The kind of doubt: removals, contested_removals, vanished_flags, demotions or owner_grants.';
COMMENT ON COLUMN rollcall.held.set_digest IS 'What an approval names: all changes of this kind that are held now, and no others.';
COMMENT ON COLUMN rollcall.held.reason IS 'Why it is held, with numbers.';
COMMENT ON COLUMN rollcall.held.user_id IS 'Luzmo''s id of the user.';
COMMENT ON COLUMN rollcall.held.email IS 'E-mail address as the mirror has it; of a newcomer, as Luzmo sent it.';
COMMENT ON COLUMN rollcall.held.name IS 'Full name, likewise.';
COMMENT ON COLUMN rollcall.held.since IS 'Answer of the first poll that showed the change.';
COMMENT ON COLUMN rollcall.held.decision IS 'approved: the next cycle applies it if it still finds the same. rejected: it stays held and is no longer reported. NULL: nobody decided yet.';
