-- How many members were there at the end of each day, and how many of them owners?
SELECT day, sum(members) AS members, coalesce(sum(members) FILTER (WHERE role = 'owner'), 0) AS owners
FROM rollcall.daily_headcount
GROUP BY day
ORDER BY day;
