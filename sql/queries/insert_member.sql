-- A member that has no row yet.
--   $1 to $24 the columns of rollcall.member in their order
INSERT INTO rollcall.member (organization_id, user_id, email, name, city, country_id, locale_id, flag_plan,
                             user_created_at, flag_member, flag_editor, flag_own, flag_admin, other_flags,
                             role_created_at, role_updated_at, first_seen_at, last_changed_at, last_seen_at,
                             absent_since, absent_polls, removed_at, slice_digest, value_digest)
VALUES ($1::text, $2::uuid, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::timestamptz, $10::boolean,
        $11::boolean, $12::boolean, $13::boolean, $14::jsonb, $15::timestamptz, $16::timestamptz, $17::timestamptz,
        $18::timestamptz, $19::timestamptz, $20::timestamptz, $21::integer, $22::timestamptz, $23::bytea,
        $24::bytea);
