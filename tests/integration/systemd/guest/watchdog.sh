# The loop feeds the watchdog; a loop that hangs is replaced.

printf '[Service]\nWatchdogSec=6s\nRestartSec=1s\n' > /etc/systemd/system/$unit.d/watchdog.conf
systemctl daemon-reload
systemctl restart $unit
fed_at=$(property WatchdogTimestampMonotonic)
sleep 7
check "the watchdog is fed" fails equal "$(property WatchdogTimestampMonotonic)" "$fed_at"
check "and the daemon outlives it" has_property NRestarts 0

kill -STOP "$(property MainPID)"
check "a daemon that hangs is ended" eventually has_property NRestarts 1
check "and another one starts" eventually has_property ActiveState active
goes_on "which goes on"

rm /etc/systemd/system/$unit.d/watchdog.conf
systemctl daemon-reload
