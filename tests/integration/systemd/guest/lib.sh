# The words that the chapters are written in.

checks=0
failures=0
unit=rollcall.service

title() { printf '\n== %s\n' "$*"; }
note() { printf '      %s\n' "$*"; }

# check SENTENCE COMMAND... notes whether the command succeeds. A failure shows its output and what the units said last.
check() {
    sentence=$1
    shift
    checks=$((checks + 1))
    if "$@" > /run/check.out 2>&1; then
        echo "ok    $sentence"
        return 0
    fi
    echo "FAIL  $sentence"
    failures=$((failures + 1))
    { sed 's/^/        /' /run/check.out; journalctl -q -n 8 -o cat -u 'rollcall*' 2> /dev/null | sed 's/^/      | /'; } | cut -c 1-400
    return 1
}

# Tries a command again and again: for minutes, but not so long once something else has failed.
eventually() {
    for _ in $(seq $((failures > 0 ? 30 : 1200))); do
        ! "$@" > /dev/null 2>&1 || return 0
        sleep 0.1
    done
    "$@"
}

equal() { [ "$1" = "$2" ] || { echo "found \"$1\", expected \"$2\""; return 1; }; }
fails() { ! "$@"; }

# --- the service

property() { systemctl show -P "$1" "${2:-$unit}"; }
has_property() { equal "$(property "$1" "${3:-$unit}")" "$2"; }
status_says() { property StatusText | grep -i -- "$1" || { echo "STATUS is \"$(property StatusText)\""; return 1; }; }
mark() { journalctl -q -n 0 --show-cursor | sed 's/^-- cursor: //' > /run/cursor; }
log() { journalctl -q -o cat --after-cursor="$(cat /run/cursor)" -u "${1:-$unit}"; }
logged() { log "${2:-$unit}" | grep -- "$1"; }

# configure SECTIONS... writes the configuration: what every chapter needs, and the sections given on stdin.
configure() {
    {
        echo "api { url = \"$SIMULATOR_LOCALHOST_URL\" ca_file = /etc/rollcall/luzmo-ca.pem }"
        cat
    } > /etc/rollcall/rollcall.conf
}

# --- the database and the API

sql() { runuser -u postgres -- psql -XAtq -d rollcall -c "$1"; }
sql_says() { equal "$(sql "$1" 2>&1)" "$2"; }
polls() { sql 'SELECT coalesce(sum(polls), 0) FROM rollcall.coverage' 2> /dev/null || echo 0; }
more_polls_than() { [ "$(polls)" -gt "$1" ]; }

# goes_on SENTENCE: another complete poll arrives in the tables.
goes_on() {
    polls_before=$(polls)
    check "$1" eventually more_polls_than "$polls_before"
}

steer() {
    path=$1
    shift
    curl -sS -f "$SIMULATOR_CONTROL/$path" "$@" > /dev/null
}

AMY=b9c8c05a-4a76-11eb-b378-0242ac130002
flag_is() { sql_says "SELECT flag_editor FROM rollcall.current_member WHERE user_id = '$AMY'" "$1"; }
give_flag() { steer "members/$AMY" -d "{\"organizationRole\":{\"flagEditor\":$1}}"; }
