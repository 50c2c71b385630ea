# Shared by ./quickstart, tests/run and .ci/run: finding out who we are and installing Debian packages.
# Source it; it defines functions only.

# Runs a command as root: directly, or through sudo for a user who has it.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo > /dev/null; then
        sudo "$@"
    else
        echo "This needs root: run it as root, or install sudo." >&2
        return 1
    fi
}

# Prints those of the named packages that are not installed.
missing_packages() {
    for package in "$@"; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
        [ "$status" = installed ] || printf '%s ' "$package"
    done
}

# Installs what is missing of the named packages; the apt log goes to $1.
install_packages() {
    log=$1
    shift
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    {
        as_root apt-get update -q &&
            # shellcheck disable=SC2086 # a list of words
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
    } > "$log" 2>&1 < /dev/null || {
        echo "apt could not install: $missing" >&2
        tail -n 20 "$log" >&2
        return 1
    }
}

# PostgreSQL's server programs without a cluster of Debian's own: nothing is created in /var/lib/postgresql and no
# service is started. A PostgreSQL that is on the machine already is left exactly as it is, and so are Debian's settings
# in the end, however this ends: a subshell, because its traps are its own.
cluster_settings=/etc/postgresql-common/createcluster.conf
install_postgresql() (
    log=$1
    [ -z "$(postgresql_programs)" ] || exit 0
    install_packages "$log" postgresql-common || exit 1
    [ -e $cluster_settings.rollcall ] || as_root cp -p $cluster_settings $cluster_settings.rollcall
    trap 'trap "" INT TERM HUP; as_root mv $cluster_settings.rollcall $cluster_settings' EXIT
    trap 'exit 130' INT TERM HUP
    as_root sh -c "echo 'create_main_cluster = false' >> $cluster_settings"
    install_packages "$log" postgresql-15
)

# PgBouncer's program, unpacked into build/pgbouncer: its package would start a service, now and at every boot. Where it is
# installed already, that one is used. Without it its tests are skipped.
unpack_pgbouncer() {
    log=$1
    [ ! -x /usr/sbin/pgbouncer ] && [ ! -x build/pgbouncer/usr/sbin/pgbouncer ] || return 0
    mkdir -p build/pgbouncer
    (cd build/pgbouncer && apt-get download -q pgbouncer && dpkg-deb -x pgbouncer_*.deb . && rm pgbouncer_*.deb) > "$log" 2>&1 ||
        echo "pgbouncer cannot be had, its tests are skipped (see $log)"
}

# The directory with initdb and postgres of the newest server that is installed, at least 13; empty when there is none.
postgresql_programs() {
    for directory in $(ls -d /usr/lib/postgresql/*/bin 2> /dev/null | sort -t/ -k5 -rn); do
        version=$(basename "$(dirname "$directory")")
        if [ "$version" -ge 13 ] 2> /dev/null && [ -x "$directory/initdb" ]; then
            echo "$directory"
            return 0
        fi
    done
}

# What building needs.
build_packages="gcc libc6-dev cmake ninja-build pkg-config libuv1-dev libcurl4-openssl-dev libjansson-dev libpq-dev
    libxxhash-dev libssl-dev libconfuse-dev libsystemd-dev"

# What the Luzmo simulator needs beside them.
simulator_packages="libmicrohttpd-dev libgnutls28-dev curl"

# What the tests need beside those.
test_packages="libcmocka-dev python3 python3-pytest python3-psycopg2 openssl ca-certificates procps valgrind
    clang-14 libclang-rt-14-dev clang-format-14 clang-tidy-14 clang-19 libclang-rt-19-dev llvm-19 debootstrap
    systemd-container dpkg-dev file man-db libevent-2.1-7 libc-ares2 strace libfaketime iproute2"
