-- Many rows of the change log, in order.
COPY rollcall.change_log (cycle_id, organization_id, user_id, kind, old_values, new_values, observed_after, observed_at)
FROM STDIN (FORMAT binary);
