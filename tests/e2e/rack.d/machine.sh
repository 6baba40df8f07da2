#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For rack.sh: one machine, and what becomes of it. STATE/N is its folder.

make_disk() {
    local base=$1 state=$2 count=$3 number=$4 disk=$2/disks/$4
    mkdir -p "$disk"/{upper,work,root}
    mount -t overlay overlay "$disk/root" \
        -o "lowerdir=$base,upperdir=$disk/upper,workdir=$disk/work"
    tr -d - </proc/sys/kernel/random/uuid >"$disk/root/etc/machine-id"
    echo "pi-$number" >"$disk/root/etc/hostname"
    hosts "$count" >"$disk/root/etc/hosts"
}

# From power on to power off; 133 is for a reboot.
boot() (
    state=$1 number=$2
    exec 4<&-
    join_groups "$state" "$number"
    [ "$(cat "$state/$number/control-groups")" = own ] ||
        export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    # Its network is its own: let it write to /proc/sys/net.
    export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
    # bpf: for the address filter of units.
    exec systemd-nspawn --quiet --directory="$state/disks/$number/root" --machine="pi-$number" \
        --register=no --keep-unit --network-namespace-path="$state/disks/$number/net" \
        --capability=CAP_NET_ADMIN --link-journal=no --resolv-conf=off --timezone=off \
        --console=read-only --system-call-filter=bpf /first
)

# What the hardware would do: run, boot again after a reboot, and else wait for the switch.
run_machine() {
    local state=$1 number=$2 boots=0 status
    exec 4<>"$state/$number/switch" >>"$state/$number/console" 2>&1
    while :; do
        boots=$((boots + 1))
        plug "$state" "$number"
        set_power "$state" "$number" "on $boots"
        status=0
        boot "$state" "$number" || status=$?
        echo "rack.sh: it ended with status $status"
        [ "$status" != 133 ] || continue
        set_power "$state" "$number" "off $boots $status"
        read -r _ <&4
    done
}

set_power() {
    echo "$3" >"$1/$2/power.new"
    mv "$1/$2/power.new" "$1/$2/power"
}

# power STATE N: "on BOOTS", or "off BOOTS STATUS"; "off 0" before the first.
power() {
    cat "$1/$2/power" 2>/dev/null || echo "off 0"
}

# await STATE N WORD: until it is that, on or off.
await() {
    for _ in {1..1000}; do
        [[ $(power "$1" "$2") != "$3"* ]] || return 0
        sleep 0.02
    done
    die "machine $2 is not $3 after 20 s"
}

# first_process STATE N: its number here; two namespaces further down it is number 1.
first_process() {
    local unified processes file
    unified=$(group "$1" "$2" unified)
    mapfile -t processes < <(find "$unified" -name cgroup.procs -exec cat {} + 2>/dev/null)
    # A process that ends meanwhile is an error for grep, whatever it has found.
    file=$(grep -lsE '^NSpid:\s+[0-9]+\s+[0-9]+\s+1$' \
        "${processes[@]/*/\/proc\/&\/status}") || true
    [ -n "$file" ] || return 1
    basename "$(dirname "$file")"
}

# enter STATE N COMMAND...: without the capabilities that reach through namespaces: a clock set in
# there would be ours.
enter() {
    local process cpu
    process=$(first_process "$1" "$2") || die "machine $2 is not up"
    # What slows the machine slows this, too.
    ! cpu=$(group "$1" "$2" cpu) || echo $BASHPID >"$cpu/cgroup.procs"
    shift 2
    exec nsenter --target "$process" --all -- /usr/bin/setpriv --inh-caps=-all \
        --bounding-set=-sys_time,-sys_module,-sys_rawio,-syslog,-wake_alarm,-block_suspend,-bpf \
        /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        TERM="${TERM:-dumb}" "$@"
}

# journal STATE N: as it is on its disk.
journal() {
    nsenter --target "$(holder "$1")" --mount -- journalctl --quiet --no-pager \
        --output=short-precise --directory="$(readlink -f "$1")/disks/$2/root/var/log/journal"
}

# wait_up STATE N: until its systemd has done its part; prints its word for that.
wait_up() {
    local end=$((SECONDS + 60)) word
    while [ $SECONDS -lt "$end" ]; do
        holder "$1" >/dev/null
        case $(power "$1" "$2") in
            "off 0") ;;
            off*) die "machine $2 went off: see $1/$2/console" ;;
        esac
        word=$(enter "$1" "$2" timeout 20 systemctl is-system-running --wait 2>/dev/null) || true
        case $word in
            running | degraded)
                echo "$word"
                return
                ;;
        esac
        sleep 0.02
    done
    die "machine $2 is not up after 60 s: see $1/$2/console"
}

start() {
    [[ $(power "$1" "$2") == off* ]] || die "machine $2 is on"
    echo on 1<>"$1/$2/switch"
    await "$1" "$2" on
}

# crash STATE N: its processes are gone; its kernel says so to others, and answers them.
crash() {
    local process
    process=$(first_process "$1" "$2") || die "machine $2 is not up"
    kill -KILL "$process"
    thaw "$1" "$2"
    await "$1" "$2" off
}

# powercut STATE N: the cable goes first, so nobody is told anything.
powercut() {
    in_network "$1" ip link delete "pi-$2"
    crash "$1" "$2"
}

# set_frozen STATE N 0|1
set_frozen() {
    local unified
    unified=$(group "$1" "$2" unified)
    echo "$3" >"$unified/cgroup.freeze"
    for _ in {1..500}; do
        ! grep -qx "frozen $3" "$unified/cgroup.events" || return 0
        sleep 0.01
    done
    die "machine $2 does not freeze or thaw: $unified/cgroup.events"
}

# freeze STATE N: no process runs; the kernel still answers pings and takes connections.
freeze() {
    set_frozen "$1" "$2" 1
}

thaw() {
    set_frozen "$1" "$2" 0
}

# slow STATE N PERCENT|max: of one CPU, for all of its processes.
slow() {
    local cpu quota=-1
    if [ "$3" != max ]; then
        percent "$3" 100000
        [ "$3" != 0 ] || die "slow: 0 % is for freeze"
        quota=$(($3 * 1000))
    fi
    if cpu=$(group "$1" "$2" cpu); then
        echo "$quota" >"$cpu/cpu.cfs_quota_us"
    else
        cpu=$(group "$1" "$2" unified)
        [ -e "$cpu/cpu.max" ] || die "slow: no control of CPU time in $cpu"
        echo "${quota/-1/max} 100000" >"$cpu/cpu.max"
    fi
}
