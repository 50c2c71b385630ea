-- What happened to one person, also under former e-mail addresses? (put the address in)
SELECT observed_at, kind, field, old_value, new_value
FROM rollcall.member_change
WHERE user_id IN (SELECT user_id FROM rollcall.member_period WHERE email = 'amy@test.com')
ORDER BY change_id, field;
