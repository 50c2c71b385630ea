-- The roster: who is a member, and the digest of the bytes the row was decoded from. Absent members have none, so that
-- their return is looked at. Of the organization that load_organization named.
COPY (
  SELECT user_id, CASE WHEN absent_since IS NULL THEN slice_digest END
  FROM rollcall.member
  WHERE organization_id = (SELECT current_setting('rollcall.organization_id')) AND removed_at IS NULL
) TO STDOUT (FORMAT binary);
