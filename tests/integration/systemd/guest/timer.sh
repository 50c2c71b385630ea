# The timer instead of the service.

systemctl stop $unit
give_flag false
check "one poll" systemctl start rollcall-once.service
check "is written" flag_is f
check "and ends well" has_property ExecMainStatus 0 rollcall-once.service

mkdir -p /etc/systemd/system/rollcall-once.timer.d
printf '[Timer]\nOnCalendar=\nOnCalendar=*:*:0/1\nRandomizedDelaySec=0\n' > /etc/systemd/system/rollcall-once.timer.d/soon.conf
systemctl daemon-reload
check "the timer starts" systemctl start rollcall-once.timer
goes_on "and polls"
rm -r /etc/systemd/system/rollcall-once.timer.d
systemctl daemon-reload
systemctl restart rollcall-once.timer
check "by itself, every five minutes" equal "$(systemctl show -P TimersCalendar rollcall-once.timer | grep -c ':00/5:00')" 1

systemctl start $unit
goes_on "beside the service"
check "the timer's poll stands back" systemctl start rollcall-once.service
check "and says why" has_property ExecMainStatus 75 rollcall-once.service
