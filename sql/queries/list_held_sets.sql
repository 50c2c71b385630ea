-- The sets that are held now, and what was decided about each.
SELECT held_set.*, (SELECT present_members FROM rollcall.organization
                    WHERE organization.organization_id = held_set.organization_id) AS of_members
FROM rollcall.held_set
ORDER BY organization_id, class, digest;
