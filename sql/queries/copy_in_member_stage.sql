-- Many changed members, for update_members_from_stage.
COPY pg_temp.rollcall_member_stage (organization_id, user_id, email, name, city, country_id, locale_id, flag_plan,
                                    user_created_at, flag_member, flag_editor, flag_own, flag_admin, other_flags,
                                    role_created_at, role_updated_at, first_seen_at, last_changed_at, last_seen_at,
                                    absent_since, absent_polls, removed_at, slice_digest, value_digest)
FROM STDIN (FORMAT binary);
