# A private PostgreSQL for ./quickstart: unix socket only, an unprivileged user, a directory of its own.
# Source it after setup.sh; it defines functions only.

# Who may run PostgreSQL: it refuses root. Prints the user's name, creating one for root where there is none.
private_user() {
    if [ "$(id -u)" -ne 0 ]; then
        id -un
    else
        id postgres > /dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin postgres
        echo postgres
    fi
}

# Runs a command as that user, with no more of the environment than it needs.
as_private_user() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
    else
        (cd / && exec setpriv --reuid "$(private_user)" --regid "$(id -g "$(private_user)")" --init-groups -- "$@")
    fi
}

# Creates and starts a server in the directory $1 (which belongs to the private user) with a database `rollcall` that the
# ordinary role `rollcall` owns. Its socket is in $1/socket.
private_postgresql_start() {
    directory=$1
    programs=$(postgresql_programs)
    mkdir "$directory/socket"
    chown "$(private_user)" "$directory/socket"
    chmod 0700 "$directory/socket"
    as_private_user "$programs/initdb" -D "$directory/data" -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 \
        > "$directory/initdb.log" 2>&1 || { cat "$directory/initdb.log" >&2; return 1; }
    as_private_user "$programs/pg_ctl" -D "$directory/data" -l "$directory/postgresql.log" -w -s \
        -o "-c listen_addresses='' -c unix_socket_directories='$directory/socket'" start > /dev/null || {
        cat "$directory/postgresql.log" >&2
        return 1
    }
    private_psql "$directory" -U postgres -d postgres -c "CREATE ROLE rollcall LOGIN" \
        -c "CREATE DATABASE rollcall OWNER rollcall"
}

private_postgresql_stop() {
    [ -f "$1/data/postmaster.pid" ] || return 0
    as_private_user "$(postgresql_programs)/pg_ctl" -D "$1/data" -m fast -w -s stop
}

# psql in that server: private_psql DIRECTORY ARGUMENT...
private_psql() {
    directory=$1
    shift
    as_private_user env PGOPTIONS="-c client_min_messages=warning" "$(postgresql_programs)/psql" -X -q \
        -P pager=off -v ON_ERROR_STOP=1 -h "$directory/socket" "$@"
}
