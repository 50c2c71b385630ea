-- The rows, as read_recorded_members gives them, of those who are members by the change log and have no row.
--   $1 source
WITH organization AS (
  SELECT organization_id
  FROM rollcall.organization
  WHERE source = $1::text
), replayed AS (
  SELECT change.organization_id,
         change.user_id,
         rollcall.jsonb_merge(change.new_values ORDER BY change.change_id) AS image,
         min(change.observed_at) AS first_seen_at,
         max(change.observed_at) AS last_changed_at,
         max(coalesce(cycle.asked_at, change.observed_at)) AS last_seen_at
  FROM rollcall.change_log AS change
  JOIN organization USING (organization_id)
  LEFT JOIN rollcall.cycle ON cycle.cycle_id = change.cycle_id
  WHERE change.user_id IS NOT NULL
    AND NOT EXISTS (SELECT
                    FROM rollcall.member AS stored
                    WHERE stored.organization_id = change.organization_id AND stored.user_id = change.user_id)
  GROUP BY change.organization_id, change.user_id
  HAVING (array_agg(change.kind ORDER BY change.change_id DESC))[1] <> 'left'
)
SELECT replayed.organization_id, replayed.user_id, field.email, field.name, field.city, field.country_id,
       field.locale_id, field.flag_plan, field.user_created_at, field.flag_member, field.flag_editor, field.flag_own,
       field.flag_admin, field.other_flags, field.role_created_at, field.role_updated_at, replayed.first_seen_at,
       replayed.last_changed_at, replayed.last_seen_at, NULL::timestamptz AS absent_since, 0 AS absent_polls,
       NULL::timestamptz AS removed_at, NULL::bytea AS slice_digest, NULL::bytea AS value_digest
FROM replayed
CROSS JOIN LATERAL jsonb_to_record(image)
  AS field (email text, name text, city text, country_id text, locale_id text, flag_plan text,
            user_created_at timestamptz, flag_member boolean, flag_editor boolean, flag_own boolean,
            flag_admin boolean, other_flags jsonb, role_created_at timestamptz, role_updated_at timestamptz);
