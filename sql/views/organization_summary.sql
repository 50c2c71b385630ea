CREATE OR REPLACE VIEW rollcall.organization_summary AS
SELECT organization.organization_id,
       coalesce(
         organization.name ->> 'en',
         (SELECT value FROM jsonb_each_text(organization.name) ORDER BY key COLLATE "C" LIMIT 1)
       ) AS display_name,
       count(member.user_id) AS members,
       count(*) FILTER (WHERE member.role = 'owner') AS owners,
       count(*) FILTER (WHERE member.role = 'admin') AS admins,
       count(*) FILTER (WHERE member.role = 'editor') AS editors,
       count(*) FILTER (WHERE member.role = 'viewer') AS viewers,
       (SELECT max(last_asked_at) FROM rollcall.coverage
        WHERE coverage.organization_id = organization.organization_id) AS data_as_of
FROM rollcall.organization
LEFT JOIN rollcall.current_member AS member USING (organization_id)
GROUP BY organization.organization_id;

COMMENT ON VIEW rollcall.organization_summary IS 'One row for each organization: its name and how many members have which role.';
COMMENT ON COLUMN rollcall.organization_summary.organization_id IS 'The organization.';
COMMENT ON COLUMN rollcall.organization_summary.display_name IS 'Its English name, else that of the first locale in alphabetical order; NULL when it has none.';
COMMENT ON COLUMN rollcall.organization_summary.members IS 'Members of any role.';
COMMENT ON COLUMN rollcall.organization_summary.owners IS 'Members whose role is owner.';
COMMENT ON COLUMN rollcall.organization_summary.admins IS 'Members whose role is admin.';
COMMENT ON COLUMN rollcall.organization_summary.editors IS 'Members whose role is editor.';
COMMENT ON COLUMN rollcall.organization_summary.viewers IS 'Members whose role is viewer.';
COMMENT ON COLUMN rollcall.organization_summary.data_as_of IS 'The row is Luzmo''s state as of this time.';
