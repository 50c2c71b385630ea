# A cycle over HTTPS into PostgreSQL's socket, where the user of the service is let in by its name.

/test/luzmo-simulator --organization /test/documented-answer.json --tls-dir /run --ready-file /run/simulator > /dev/null &
check "the simulated API answers" eventually test -s /run/simulator
. /run/simulator
cp "$SIMULATOR_CA" /etc/rollcall/luzmo-ca.pem
for secret in key token; do
    install -m 0640 -g rollcall /dev/null /etc/rollcall/luzmo-$secret
done
echo "$SIMULATOR_KEY" > /etc/rollcall/luzmo-key
echo "$SIMULATOR_TOKEN" > /etc/rollcall/luzmo-token

# Stricter than what is installed: a forbidden system call ends the process instead of failing.
mkdir -p /etc/systemd/system/$unit.d /etc/systemd/system/rollcall-once.service.d
printf '[Service]\nSystemCallErrorNumber=kill\n' |
    tee /etc/systemd/system/$unit.d/strict.conf > /etc/systemd/system/rollcall-once.service.d/strict.conf
systemctl daemon-reload

systemctl start postgresql@15-main
runuser -u postgres -- createuser rollcall
runuser -u postgres -- createdb -O rollcall rollcall
systemctl stop postgresql@15-main

configure <<'END'
sync { interval = 1s confirm_after = 1s }
END
mark
check "it is ready although the database is away" systemctl start $unit
check "it runs as its own user" equal "$(stat -c %U "/proc/$(property MainPID)")" rollcall
check "it says that the database is away" eventually status_says "database"

check "PostgreSQL starts" systemctl start postgresql@15-main
check "the organization arrives" eventually sql_says "SELECT count(*) FROM rollcall.current_member" 3
check "by the socket" sql_says "SELECT DISTINCT client_addr IS NULL FROM pg_stat_activity WHERE usename = 'rollcall'" t
check "it says so" eventually status_says "3 members in step with Luzmo"
give_flag false
check "a flag that flips in Luzmo flips here" eventually flag_is f
check "an administrator sees it" sh -c "runuser -u rollcall -- rollcall members | grep amy@test.com"
check "it remembers the last cycle in its state directory" grep -q '^sha256 ' /var/lib/rollcall/committed-default
check "nobody else sees the secrets" fails runuser -u nobody -- rollcall status
check "no e-mail, name or secret is in the journal" \
    fails logged "test.com\|Amy\|$SIMULATOR_KEY\|$SIMULATOR_TOKEN"

steer listening -X DELETE
check "an API that is away is said" eventually status_says "Last poll failed"
steer listening -X PUT
goes_on "and waited for"
