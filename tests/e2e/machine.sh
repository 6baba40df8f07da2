#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine with a systemd of its own, for tests; this one need not run systemd.
#     machine.sh base DIRECTORY             make the system it boots, DIRECTORY/system, once
#     machine.sh hold DIRECTORY TREE STATE  boot that with the files of TREE on top; keep it until
#                                           standard input ends; after a reboot or a crash of its
#                                           first process, boot it again with the same disk
#     machine.sh enter STATE COMMAND...     run a command in it
# STATE is an empty directory; STATE/console is what the machine says, and STATE/control-groups,
# "own" or "unified", which of them it sees from its next boot on; "own" is what this machine has.
#
# All of it lives in namespaces of pid and mount that die with one process, and so does its disk.
# What may stay after a SIGKILL is an empty control group, which the next run removes. Needs root.
# One machine at a time.
#
# Debian packages: mmdebstrap procps systemd-container util-linux
set -euo pipefail

self=$(readlink -f "$0")
packages=(systemd systemd-sysv dbus polkitd udev curl firewalld iptables libglib2.0-0
    libjson-glib-1.0-0 libgnutls30 libmicrohttpd12 libncursesw6 libnftables1 libsqlite3-0
    nftables ufw)
# Nothing here has a network, devices or packages to look after.
masked=(systemd-networkd.service systemd-resolved.service systemd-timesyncd.service
    console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    e2scrub_all.timer fstrim.timer)
group=pi-computed-e2e

die() {
    echo "machine.sh: $*" >&2
    exit 1
}

make_base() {
    local root=$1/system release unit
    mkdir -p "$1"
    [ "$(cat "$1/packages" 2>/dev/null)" != "${packages[*]}" ] || return 0
    rm -rf --one-file-system "$root" "$1/packages"
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mmdebstrap --quiet --variant=minbase --include="$(IFS=,; echo "${packages[*]}")" \
        "$release" "$root" >&2
    : >"$root/etc/machine-id"
    rm -f "$root/var/lib/dbus/machine-id"
    # The journal has to outlive a boot.
    mkdir -p "$root/var/log/journal"
    for unit in "${masked[@]}"; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    # Other firewalls run when a check wants them, and nobody's call starts them.
    systemctl --root="$root" disable firewalld.service ufw.service >&2
    echo "${packages[*]}" >"$1/packages"
}

# A group for the machine in each hierarchy, below our own: else its systemd would take the groups
# of this machine for its own.
groups() {
    local controllers path place
    while IFS=: read -r _ controllers path; do
        if [ -z "$controllers" ]; then
            place=$(findmnt -nfo TARGET -t cgroup2) || continue
        else
            place=$(findmnt -nfo TARGET -t cgroup -O "${controllers%%,*}") || continue
        fi
        echo "$place${path%/}/$group"
    done </proc/self/cgroup
}

make_groups() {
    local path
    for path in $(groups); do
        mkdir -p "$path"
        # A new group of this kind has no CPU, and so no process.
        if [ -e "$path/cpuset.cpus" ] && [ ! -e "$path/cgroup.controllers" ]; then
            cat "${path%/*}/cpuset.cpus" >"$path/cpuset.cpus"
            cat "${path%/*}/cpuset.mems" >"$path/cpuset.mems"
        fi
    done
}

# What was killed takes a moment to leave them.
remove_groups() {
    local path
    for path in $(groups); do
        for _ in {1..100}; do
            [ -d "$path" ] || break
            find "$path" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
        done
    done
}

make_disk() {
    local base=$1 tree=$2 disk=$3/disk
    mkdir "$disk"
    mount -t tmpfs -o mode=755 tmpfs "$disk"
    mkdir "$disk"/{upper,work,root}
    mount -t overlay overlay "$disk/root" \
        -o "lowerdir=$base/system,upperdir=$disk/upper,workdir=$disk/work"
    # /lib and others are links, and stay so; / keeps its mode.
    tar -C "$tree" -c . | tar -C "$disk/root" -x \
        --keep-directory-symlink --no-overwrite-dir
    tr -d - </proc/sys/kernel/random/uuid >"$disk/root/etc/machine-id"
    echo pi >"$disk/root/etc/hostname"
    # What a package does when it is installed.
    systemd-sysusers --root="$disk/root"
    journalctl --root="$disk/root" --update-catalog
    cat >"$disk/root/first" <<'END'
#!/bin/sh
# The controllers of the old kind come read-only.
for group in /sys/fs/cgroup/*; do
    ! mountpoint -q "$group" || mount -o remount,bind,rw "$group"
done
exec /lib/systemd/systemd "$@"
END
    chmod 755 "$disk/root/first"
}

# What the hardware would do: switch it on, and again after a reboot (133) or a crash.
run_machine() {
    local disk=$1/disk status path unified
    for _ in {1..20}; do
        unified=0
        [ "$(cat "$1/control-groups")" = own ] || unified=1
        status=0
        (
            for path in $(groups); do
                echo "$BASHPID" >"$path/cgroup.procs"
            done
            [ "$unified" = 0 ] || export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
            # bpf: for the address filter of units.
            exec systemd-nspawn --quiet --directory="$disk/root" --machine="$group" \
                --register=no --keep-unit --private-network --link-journal=no \
                --resolv-conf=off --timezone=off --console=read-only \
                --system-call-filter=bpf /first
        ) || status=$?
        echo "machine.sh: it ended with status $status"
        [ "$status" != 0 ] || return 0
    done
}

# The first process of the namespaces: when it ends, all of them do.
inside() {
    local base=$1 tree=$2 state=$3
    exec 3<&0 </dev/null
    mkdir -p /run/systemd/nspawn
    mount -t tmpfs tmpfs /run/systemd/nspawn
    make_disk "$base" "$tree" "$state"
    run_machine "$state" 3<&- &
    cat <&3 >/dev/null &
    wait -n
}

hold() {
    local base=$1 state=$3 holder
    [ -e "$base/packages" ] || die "$base has no system: machine.sh base $base"
    [ -e "$state/control-groups" ] || echo unified >"$state/control-groups"
    remove_groups
    make_groups
    trap 'kill -KILL "$holder" 2>/dev/null || true' INT TERM HUP
    trap remove_groups EXIT
    setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL --mount-proc \
        --propagation private "$self" inside "$@" <&0 >>"$state/console" 2>&1 &
    holder=$!
    echo "$holder" >"$state/holder"
    wait "$holder" || true
    rmdir "$state/disk" 2>/dev/null || true
}

# The machine's first process, by its number here: two namespaces further down it is number 1.
first_process() {
    local process processes
    mapfile -t processes <"$1/holder"
    while [ ${#processes[@]} -gt 0 ]; do
        for process in "${processes[@]}"; do
            awk '/^NSpid:/ { exit !(NF == 4 && $4 == 1) }' "/proc/$process/status" 2>/dev/null ||
                continue
            echo "$process"
            return
        done
        mapfile -t processes < <(pgrep -P "$(IFS=,; echo "${processes[*]}")")
    done
    return 1
}

# Without the capabilities that reach through namespaces: a clock set in there would be ours.
enter() {
    local process
    process=$(first_process "$1") || die "the machine is not up"
    shift
    exec nsenter --target "$process" --all -- /usr/bin/setpriv --inh-caps=-all \
        --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm,-block_suspend,-bpf \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"
}

case ${1:-} in
    base) make_base "$2" ;;
    hold | inside | enter | first_process) "$@" ;;
    *) die "usage: machine.sh base|hold|enter ..." ;;
esac
