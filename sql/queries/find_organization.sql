-- To which source an organization belongs.
--   $1 organization_id
SELECT source
FROM rollcall.organization
WHERE organization_id = $1::text;
