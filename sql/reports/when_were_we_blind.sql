-- When did nobody look, so that changes made and undone in between are not in the history?
SELECT blind_from, blind_until, blind_for
FROM rollcall.coverage_gap
ORDER BY blind_from;
