#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For rack.sh: the system that the machines boot. It has what the packages of pi-computed depend on,
# so that they install without a network, and what the tests use.

# suite_packages SUITE: 64-bit times renamed some libraries in Debian 13.
suite_packages() {
    local t64=t64
    [ "$1" != bookworm ] || t64=
    echo systemd systemd-sysv dbus polkitd udev libglib2.0-0$t64 libjson-glib-1.0-0 \
        libgnutls30$t64 libmicrohttpd12$t64 libncursesw6 libnftables1 libsqlite3-0 \
        ca-certificates curl dbus-user-session firewalld gnuplot-nox iproute2 iptables \
        iputils-ping jq libglib2.0-bin nftables procps rpm socat sqlite3 sudo ufw util-linux
}

# Nothing here has devices or packages to look after, and the network is set up from outside.
masked=(systemd-networkd.service systemd-resolved.service systemd-timesyncd.service
    console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    e2scrub_all.timer fstrim.timer)

# base DIRECTORY [SUITE]: leaves it in DIRECTORY/SUITE.
base() {
    local suite=${2:-bookworm} root recipe unit
    mkdir -p "$1"
    root=$(readlink -f "$1")/$suite
    recipe=$(cksum <"${BASH_SOURCE[0]}")
    exec 8>>"$root.lock"
    flock -s 8
    [ "$(cat "$root.recipe" 2>/dev/null)" != "$recipe" ] || return 0
    flock -n 8 || echo "rack.sh: waiting for the racks that run on $root" >&2
    flock 8
    rm -rf --one-file-system "$root" "$root.recipe"
    mmdebstrap --quiet --variant=minbase --include="$(suite_packages "$suite")" \
        "$suite" "$root" >&2 || die "no system of Debian's $suite could be made in $root"
    : >"$root/etc/machine-id"
    rm -f "$root/var/lib/dbus/machine-id"
    # The journal has to outlive a boot.
    mkdir -p "$root/var/log/journal"
    for unit in "${masked[@]}"; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    # Other firewalls run when a check wants them, and nobody's call starts them.
    systemctl --root="$root" disable firewalld.service nftables.service ufw.service >&2
    cat >"$root/first" <<'END'
#!/bin/sh
# The controllers of the old kind come read-only.
for group in /sys/fs/cgroup/*; do
    ! mountpoint -q "$group" || mount -o remount,bind,rw "$group"
done
exec /lib/systemd/systemd "$@"
END
    chmod 755 "$root/first"
    echo "$recipe" >"$root.recipe"
}
