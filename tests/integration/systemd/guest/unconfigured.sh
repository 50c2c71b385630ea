# Started without key and token it says what is missing, once: trying again would not mend it.

mark
check "without key and token the service does not start" fails systemctl start $unit
check "its exit code is that of the configuration" has_property ExecMainStatus 78
check "it is not started again" has_property SubState failed
check "it says what to do" logged "put them into /etc/rollcall/luzmo-key and /etc/rollcall/luzmo-token"

install -m 0640 -g rollcall /dev/null /etc/rollcall/luzmo-key
systemctl start $unit 2> /dev/null
check "a key that is empty is named" logged "/etc/rollcall/luzmo-key"
