-- Waits for a writer whose transaction is not over.
--   $1 organization_id
SELECT organization_id
FROM rollcall.organization
WHERE organization_id = $1::text
FOR UPDATE;
