# The container's Debian, and booting it. Source it; it defines functions only.

# What the guest needs beside the package's own dependencies.
guest_packages="systemd systemd-sysv dbus postgresql-15 openssl curl ca-certificates libmicrohttpd12 libgnutls30"

# A command in the container without booting it. Its name keeps it apart from others whose directory is called alike.
in_root() {
    root=$1
    shift
    systemd-nspawn --quiet --machine="rollcall-$$" --directory="$root" --register=no --keep-unit --pipe \
        --setenv=DEBIAN_FRONTEND=noninteractive --setenv=LANG=C.UTF-8 "$@" < /dev/null
}

# Only the names of a Depends: line, the first of each group of alternatives.
package_names() {
    echo "$1" | tr ',' '\n' | sed 's/[|(].*//; s/ //g'
}

# Makes the root $1 and installs what is needed and the package depends on ($2); nothing to do when that is done already.
prepare_root() {
    wanted="$(echo $guest_packages $(package_names "$2"))"
    [ "$(cat "$1.packages" 2> /dev/null)" != "$wanted" ] || return 0
    echo "preparing a Debian in $1 (log: $1.log)"
    if [ ! -e "$1.made" ]; then
        rm -rf "$1"
        debootstrap --variant=minbase bookworm "$1" > "$1.log" 2>&1 || { tail "$1.log"; return 1; }
        printf '#!/bin/sh\nexit 101\n' > "$1/usr/sbin/policy-rc.d" # nothing starts while packages are installed
        chmod +x "$1/usr/sbin/policy-rc.d"
        touch "$1.made"
    fi
    in_root "$1" sh -ec "apt-get update; apt-get install -y --no-install-recommends $wanted; apt-get clean
        systemctl disable postgresql" >> "$1.log" 2>&1 || { tail "$1.log"; return 1; }
    echo "$wanted" > "$1.packages"
}

# The same package with another version: $1 = version, $2 = from, $3 = to.
repack_as() {
    dpkg-deb -R "$2" "$3.tree"
    sed -i "s/^Version: .*/Version: $1/" "$3.tree/DEBIAN/control"
    dpkg-deb --root-owner-group -b "$3.tree" "$3" > /dev/null
    rm -rf "$3.tree"
}

# Boots the root $1 with $2 as /test, where the guest finds its files and leaves its results. Ends when the guest has
# powered off.
boot() {
    timeout --kill-after=30 1000 systemd-nspawn --quiet --machine="rollcall-$$" --directory="$1" --volatile=overlay \
        --register=no --keep-unit --private-network --hostname=rollcall-test --console=read-only \
        --bind="$2":/test \
        --bind-ro="$2/guest/drive.service":/etc/systemd/system/drive.service \
        --bind-ro=/dev/null:/usr/sbin/policy-rc.d \
        --boot systemd.wants=drive.service < /dev/null > "$2/console.log" 2>&1 || true
}
