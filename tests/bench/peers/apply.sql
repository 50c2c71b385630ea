-- The difference between the stage and the members, in SQL: into the log first, then into the table. Both peers end with it,
-- within the transaction that filled the stage. It takes the place of {organization}.
ANALYZE stage;

CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
SELECT coalesce(s.user_id, m.user_id) AS user_id,
       CASE WHEN m.user_id IS NULL THEN 'joined'
            WHEN s.user_id IS NULL THEN 'left'
            WHEN (s.flag_member, s.flag_editor, s.flag_own, s.flag_admin)
                 IS DISTINCT FROM (m.flag_member, m.flag_editor, m.flag_own, m.flag_admin) THEN 'role_changed'
            ELSE 'profile_changed' END AS kind,
       CASE WHEN m.user_id IS NOT NULL THEN
         jsonb_build_object('email', m.email, 'name', m.name, 'city', m.city, 'country_id', m.country_id,
                            'locale_id', m.locale_id, 'flag_plan', m.flag_plan, 'user_created_at', m.user_created_at,
                            'flag_member', m.flag_member, 'flag_editor', m.flag_editor, 'flag_own', m.flag_own,
                            'flag_admin', m.flag_admin, 'other_flags', m.other_flags,
                            'role_created_at', m.role_created_at, 'role_updated_at', m.role_updated_at) END AS before,
       CASE WHEN s.user_id IS NOT NULL THEN
         jsonb_build_object('email', s.email, 'name', s.name, 'city', s.city, 'country_id', s.country_id,
                            'locale_id', s.locale_id, 'flag_plan', s.flag_plan, 'user_created_at', s.user_created_at,
                            'flag_member', s.flag_member, 'flag_editor', s.flag_editor, 'flag_own', s.flag_own,
                            'flag_admin', s.flag_admin, 'other_flags', NULL,
                            'role_created_at', s.role_created_at, 'role_updated_at', s.role_updated_at) END AS after
FROM stage s
FULL JOIN (SELECT * FROM peer.member WHERE organization_id = '{organization}') m USING (user_id)
WHERE (s.user_id, s.email, s.name, s.city, s.country_id, s.locale_id, s.flag_plan, s.user_created_at, s.flag_member,
       s.flag_editor, s.flag_own, s.flag_admin, s.role_created_at, s.role_updated_at)
      IS DISTINCT FROM
      (m.user_id, m.email, m.name, m.city, m.country_id, m.locale_id, m.flag_plan, m.user_created_at, m.flag_member,
       m.flag_editor, m.flag_own, m.flag_admin, m.role_created_at, m.role_updated_at);

-- A change's images hold the fields that differ, as Rollcall's do.
INSERT INTO peer.change_log (organization_id, user_id, kind, old_values, new_values, observed_at)
SELECT '{organization}', d.user_id, d.kind,
       CASE WHEN d.kind IN ('joined', 'left') THEN d.before ELSE fields.before END,
       CASE WHEN d.kind IN ('joined', 'left') THEN d.after ELSE fields.after END,
       now()
FROM difference d
LEFT JOIN LATERAL (
  SELECT jsonb_object_agg(o.key, o.value) AS before, jsonb_object_agg(o.key, d.after -> o.key) AS after
  FROM jsonb_each(d.before) o
  WHERE o.value IS DISTINCT FROM d.after -> o.key
) fields ON d.kind NOT IN ('joined', 'left');

INSERT INTO peer.member
SELECT '{organization}', s.user_id, s.email, s.name, s.city, s.country_id, s.locale_id, s.flag_plan, s.user_created_at,
       s.flag_member, s.flag_editor, s.flag_own, s.flag_admin, NULL, s.role_created_at, s.role_updated_at, now(), now()
FROM stage s
JOIN difference d USING (user_id)
WHERE d.kind = 'joined';

UPDATE peer.member m
SET email = s.email, name = s.name, city = s.city, country_id = s.country_id, locale_id = s.locale_id,
    flag_plan = s.flag_plan, user_created_at = s.user_created_at, flag_member = s.flag_member,
    flag_editor = s.flag_editor, flag_own = s.flag_own, flag_admin = s.flag_admin,
    role_created_at = s.role_created_at, role_updated_at = s.role_updated_at, last_changed_at = now()
FROM stage s
JOIN difference d USING (user_id)
WHERE m.organization_id = '{organization}' AND m.user_id = s.user_id AND d.kind NOT IN ('joined', 'left');

DELETE FROM peer.member m
USING difference d
WHERE m.organization_id = '{organization}' AND m.user_id = d.user_id AND d.kind = 'left';
