-- The row of a failed cycle, once.
--   $1 organization_id, NULL while it is not known
--   $2 source
--   $3 poll_uuid
--   $4 asked, NULL when the request was never sent
--   $5 answered, NULL when no whole answer came
--   $6 body_bytes
--   $7 error_class
--   $8 error_text
INSERT INTO rollcall.cycle (cycle_uuid, organization_id, source, asked_at, answered_at, outcome, body_bytes,
                            error_class, error_text)
VALUES ($3::uuid, $1::text, $2::text, $4::timestamptz, $5::timestamptz, 'failed', $6::bigint, $7::text, $8::text)
ON CONFLICT (cycle_uuid) DO NOTHING;
