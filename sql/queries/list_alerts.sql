-- Who became an owner and whose role became a lesser one in the last 24 hours; the latest first.
SELECT recent_alert.*, extract(epoch FROM now() - observed_at)::bigint AS seconds_ago
FROM rollcall.recent_alert
ORDER BY change_id DESC;
