# The package puts everything where Debian expects it, and starts nothing.

check "the package installs, with nothing missing that it depends on" dpkg -i /test/rollcall.deb
check "every file is as packed" dpkg -V rollcall
check "the user exists" id rollcall
check "only root and the service see the configuration" equal "$(stat -c '%U:%G %a' /etc/rollcall)" "root:rollcall 750"
check "the configuration belongs to the administrator" \
    equal "$(dpkg-query -W -f '${Conffiles}' rollcall | awk '{ print $1 }')" /etc/rollcall/rollcall.conf
check "the program runs" rollcall --version
check "the configuration that comes along is a good one" sh -c "rollcall status 2>&1 | grep -v rollcall.conf"
check "the service is not enabled" fails systemctl is-enabled rollcall.service rollcall-once.timer
check "the service is not started" has_property ActiveState inactive
check "systemd has nothing to say about the units" \
    equal "$(systemd-analyze verify --man=no rollcall.service rollcall-once.service rollcall-once.timer 2>&1)" ""
