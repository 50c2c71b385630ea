# A new configuration is applied between two polls; a broken one is refused, and the former stays in force.

process=$(property MainPID)
mark
configure <<'END'
sync { intervall = 1s }
END
check "a broken configuration can be reloaded" systemctl reload $unit
check "it is refused, with its line" eventually logged "reload_refused.*rollcall.conf:2"
goes_on "the former stays in force"

configure <<'END'
sync { interval = 1s confirm_after = 1s stall_timeout = 2s }
log { level = debug }
END
check "a good configuration is reloaded" systemctl reload $unit
check "it is applied" eventually logged "reloaded"
check "with its log level" eventually logged event=step
goes_on "and polls go on"
check "by the same process" has_property MainPID "$process"
