-- How are the roles distributed?
SELECT role, count(*) AS members, round(100.0 * count(*) / sum(count(*)) OVER (), 1) AS percent
FROM rollcall.current_member
GROUP BY role
ORDER BY members DESC;
