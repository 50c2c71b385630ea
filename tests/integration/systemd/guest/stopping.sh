# It ends in seconds, with exit code 0, whatever it is doing.

ends_well() {
    check "$1 it stops" timeout 30 systemctl stop $unit
    check "without being killed, and with exit code 0" equal "$(property Result) $(property ExecMainStatus)" "success 0"
}

configure <<'END'
sync { interval = 1s confirm_after = 1s }
END
ends_well "between two polls"

systemctl start $unit
steer faults -d '{"stall_after":100,"times":-1}'
sleep 2
ends_well "in a poll that does not move"
steer faults -X DELETE

systemctl start $unit
systemctl stop postgresql@15-main
check "without a database it says so" eventually status_says "database"
ends_well "without a database"
systemctl start postgresql@15-main

systemctl start $unit
goes_on "started again, it goes on"
