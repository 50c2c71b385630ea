# What the units may do, after all of the above was done under exactly these restrictions.

for service in rollcall.service rollcall-once.service; do
    note "$(systemd-analyze security --no-pager $service | tail -n 1 | sed 's/^[^O]*//')"
    check "$service is exposed to 1.5 at most" systemd-analyze security --no-pager --threshold=15 $service
done
