-- Who is missing from Luzmo's answers, but not yet confirmed to have left?
SELECT name, email, role, absent_since, data_as_of
FROM rollcall.current_member
WHERE absent_since IS NOT NULL
ORDER BY absent_since;
