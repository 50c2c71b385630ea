-- A member's row, whole.
--   $1 to $24 the columns of rollcall.member in their order
UPDATE rollcall.member
SET email = $3::text,
    name = $4::text,
    city = $5::text,
    country_id = $6::text,
    locale_id = $7::text,
    flag_plan = $8::text,
    user_created_at = $9::timestamptz,
    flag_member = $10::boolean,
    flag_editor = $11::boolean,
    flag_own = $12::boolean,
    flag_admin = $13::boolean,
    other_flags = $14::jsonb,
    role_created_at = $15::timestamptz,
    role_updated_at = $16::timestamptz,
    first_seen_at = $17::timestamptz,
    last_changed_at = $18::timestamptz,
    last_seen_at = $19::timestamptz,
    absent_since = $20::timestamptz,
    absent_polls = $21::integer,
    removed_at = $22::timestamptz,
    slice_digest = $23::bytea,
    value_digest = $24::bytea
WHERE organization_id = $1::text AND user_id = $2::uuid;
