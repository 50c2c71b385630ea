-- The rows of some users as the change log knows them: fields and membership replayed, the rest from the table's row
-- where there is one. A user of whom the log says nothing has none.
--   $1 source
--   $2 user_ids
WITH organization AS (
  SELECT organization_id
  FROM rollcall.organization
  WHERE source = $1::text
), replayed AS (
  SELECT change.organization_id,
         change.user_id,
         rollcall.jsonb_merge(change.new_values ORDER BY change.change_id) AS image,
         (array_agg(change.kind ORDER BY change.change_id DESC))[1] = 'left' AS has_left,
         min(change.observed_at) AS first_seen_at,
         max(change.observed_at) AS last_changed_at,
         max(CASE
               WHEN change.kind = 'left' THEN change.observed_after
               ELSE coalesce(cycle.asked_at, change.observed_at)
             END) AS last_seen_at
  FROM rollcall.change_log AS change
  JOIN organization USING (organization_id)
  LEFT JOIN rollcall.cycle ON cycle.cycle_id = change.cycle_id
  -- Not = ANY ($2), which compares each change with each of them.
  WHERE change.user_id IN (SELECT unnest($2::uuid[]))
  GROUP BY change.organization_id, change.user_id
)
SELECT replayed.organization_id, replayed.user_id, field.email, field.name, field.city, field.country_id,
       field.locale_id, field.flag_plan, field.user_created_at, field.flag_member, field.flag_editor, field.flag_own,
       field.flag_admin, field.other_flags, field.role_created_at, field.role_updated_at,
       coalesce(stored.first_seen_at, replayed.first_seen_at),
       coalesce(stored.last_changed_at, replayed.last_changed_at),
       coalesce(stored.last_seen_at, replayed.last_seen_at),
       coalesce(stored.absent_since, CASE WHEN has_left THEN replayed.last_changed_at END),
       coalesce(stored.absent_polls, 0),
       CASE WHEN has_left THEN replayed.last_changed_at END AS removed_at,
       NULL::bytea AS slice_digest,
       NULL::bytea AS value_digest
FROM replayed
CROSS JOIN LATERAL jsonb_to_record(image)
  AS field (email text, name text, city text, country_id text, locale_id text, flag_plan text,
            user_created_at timestamptz, flag_member boolean, flag_editor boolean, flag_own boolean,
            flag_admin boolean, other_flags jsonb, role_created_at timestamptz, role_updated_at timestamptz)
LEFT JOIN rollcall.member AS stored
  ON stored.organization_id = replayed.organization_id AND stored.user_id = replayed.user_id;
