# What an administrator expects of upgrade, removal and purge.

check "nothing but reading was ever asked of the API" sh -c "curl -sS $SIMULATOR_CONTROL/requests | grep '\"violations\": *0'"

systemctl enable -q $unit
chmod 0755 /etc/rollcall
process=$(property MainPID)
checksum=$(sha256sum /etc/rollcall/rollcall.conf)
check "an upgrade installs" dpkg -i /test/rollcall-99.deb
check "the service runs on, with the new program" fails has_property MainPID "$process"
check "it is active" has_property ActiveState active
goes_on "and polls"
check "the configuration stays as it was written" equal "$(sha256sum /etc/rollcall/rollcall.conf)" "$checksum"
check "and the rights that the administrator gave" equal "$(stat -c %a /etc/rollcall)" 755

check "removing" dpkg -r rollcall
check "ends the service" has_property ActiveState inactive
check "leaves configuration and secrets" ls /etc/rollcall/rollcall.conf /etc/rollcall/luzmo-token
check "installed again" dpkg -i /test/rollcall.deb
check "it is still enabled" systemctl is-enabled $unit

check "purging" dpkg -P rollcall
check "removes the secrets" fails ls /etc/rollcall/luzmo-key /etc/rollcall/luzmo-token /etc/rollcall/pgpass
check "and the configuration" fails test -e /etc/rollcall/rollcall.conf
check "but not what somebody else put there" test -e /etc/rollcall/database-ca.pem
check "no unit is left" fails sh -c "ls /etc/systemd/system/*.wants | grep rollcall"
check "the database is untouched" sql_says "SELECT count(*) FROM rollcall.current_member" 3
