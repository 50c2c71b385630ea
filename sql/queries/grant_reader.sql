-- The statements that let a role read what is published, and nothing else. No row: there is no such role.
--   $1 role
SELECT format(
         'GRANT USAGE ON SCHEMA rollcall TO %1$I; '
         'GRANT SELECT ON rollcall.current_member, rollcall.former_member, rollcall.organization_summary, '
         'rollcall.member_change, rollcall.role_change, rollcall.member_period, rollcall.daily_headcount, '
         'rollcall.freshness, rollcall.coverage_gap, rollcall.held TO %1$I; '
         'GRANT EXECUTE ON FUNCTION rollcall.members_as_of(timestamptz), rollcall.jsonb_merge(jsonb), '
         'rollcall.role_label(boolean, boolean, boolean, boolean) TO %1$I',
         rolname)
FROM pg_roles
WHERE rolname = $1::text;
