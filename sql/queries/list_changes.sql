-- Changes, the oldest first, as member_change has them.
--   $1  only of this member: a user id or an e-mail in any case, or NULL
--   $2  only those observed at or after this moment, or NULL
--   $3  only those observed before this moment, or NULL
--   $4  only this kind, or NULL: all but baseline rows
SELECT member_change.*
FROM rollcall.member_change
WHERE ($1::text IS NULL OR member_change.user_id::text = lower($1::text) OR lower(member_change.email) = lower($1::text)
       OR member_change.user_id IN (SELECT member.user_id FROM rollcall.member WHERE lower(member.email) = lower($1::text)))
  AND ($2::timestamptz IS NULL OR member_change.observed_at >= $2::timestamptz)
  AND ($3::timestamptz IS NULL OR member_change.observed_at < $3::timestamptz)
  AND CASE WHEN $4::text IS NULL THEN member_change.kind <> 'baseline' ELSE member_change.kind = $4::text END
ORDER BY member_change.change_id, member_change.field;
