#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A rack of machines, each with a systemd of its own, and a network between them, for tests; this
# one need not run systemd.
#     rack.sh base DIRECTORY [SUITE]    make the system they boot, DIRECTORY/SUITE, once;
#                                       SUITE is bookworm (default) or trixie
#     rack.sh hold BASE STATE COUNT     boot machines 1 to COUNT, say "ready", and keep them until
#                                       standard input ends; BASE is DIRECTORY/SUITE
#     rack.sh enter STATE N COMMAND...  run a command in machine N
#     rack.sh journal STATE N           its journal, whether it is on or not
#     rack.sh wait_up STATE N           wait until it has booted; prints systemd's word for that
# Machine N is pi-N, 10.98.0.N and fd98::N. It boots again when it reboots; what is off stays off.
#     rack.sh start STATE N             switch it on again, with the same disk
#     rack.sh crash STATE N             kill its first process; the network still answers for it
#     rack.sh powercut STATE N          the same, and silence
#     rack.sh freeze|thaw STATE N       no process of it runs; its kernel does
#     rack.sh slow STATE N PERCENT|max  all of it gets that much of one CPU
#     rack.sh link STATE N up|down      its cable
#     rack.sh cut STATE A B             what A sends does not reach B, but the other way
#     rack.sh loss STATE N PERCENT      of what it sends, and of what is sent to it
#     rack.sh heal STATE                no cuts, no losses, all links up
# STATE is an empty directory, not below /run. STATE/N/console is what a machine says, STATE/N/power
# whether it is on, and STATE/N/control-groups, "own" or "unified", which of them it sees from its
# next boot on; "own" is what this machine has.
#
# All of it lives in namespaces of pid, mount and network that die with one process, and so do the
# disks. What may stay after a SIGKILL are empty control groups, which the next run removes.
# Needs root. Racks with different STATE do not disturb each other.
#
# Debian packages: iproute2 mmdebstrap nftables systemd-container util-linux
set -euo pipefail

self=$(readlink -f "$0")
here=${self%/*}

die() {
    echo "rack.sh: $*" >&2
    exit 1
}

# percent WORD MOST
percent() {
    [[ $1 =~ ^(0|[1-9][0-9]{0,5})$ ]] || die "\"$1\" is no percentage"
    [ "$1" -le "$2" ] || die "$1 % is more than $2 %"
}

. "$here/rack.d/base.sh"
. "$here/rack.d/groups.sh"
. "$here/rack.d/network.sh"
. "$here/rack.d/machine.sh"

# The first process of the namespaces: when it ends, all of them do.
inside() {
    local base=$1 state=$2 count=$3 number
    exec 3<&0 </dev/null
    mount -t tmpfs -o mode=755 tmpfs /run
    mount -t tmpfs -o mode=755 tmpfs "$state/disks"
    make_network "$count"
    for ((number = 1; number <= count; number++)); do
        make_disk "$base" "$state" "$count" "$number"
        run_machine "$state" "$number" 3<&- &
    done
    cat <&3 >/dev/null
}

hold() {
    local base state count=$3 number holder=''
    base=$(readlink -f "$1") state=$(readlink -f "$2")
    [ -e "$base.recipe" ] || die "$base is no system: rack.sh base ${base%/*} ${base##*/}"
    exec 8>>"$base.lock" 9<"$state"
    flock -s 8
    flock -n 9 || die "a rack is up in $state"
    [ -z "$(ls -A "$state")" ] || die "$state is not empty"
    remove_groups
    trap remove_groups EXIT
    # Without a word of bash about what was killed.
    trap 'exec 2>/dev/null; [ -z "$holder" ] || kill -KILL "$holder" || true' INT TERM HUP
    mkdir "$state/disks"
    for ((number = 1; number <= count; number++)); do
        mkdir "$state/$number"
        mkfifo "$state/$number/switch"
        echo up >"$state/$number/link"
        echo unified >"$state/$number/control-groups"
    done
    make_groups "$state" "$count"
    setpriv --pdeathsig KILL unshare --mount --pid --net --fork --kill-child=KILL --mount-proc \
        --propagation private "$self" inside "$base" "$state" "$count" <&0 >>"$state/log" 2>&1 &
    holder=$!
    echo "$holder" >"$state/holder"
    echo ready
    wait "$holder" || true
    rmdir "$state/disks"
}

# holder STATE: the process that has the rack's namespaces.
holder() {
    local holder
    read -r holder 2>/dev/null <"$1/holder" || die "no rack was started in $1"
    [ -e "/proc/$holder" ] || die "the rack in $1 is gone: $(tail -n 5 "$1/log")"
    echo "$holder"
}

# numbers STATE
numbers() {
    find "$1" -mindepth 1 -maxdepth 1 -name '[1-9]*' -printf '%f\n'
}

# with_machines COUNT STATE N...: their numbers are such.
with_machines() {
    local count=$1 state=$2 number
    shift 2
    holder "$state" >/dev/null
    for number in "${@:1:count}"; do
        [ -d "$state/$number" ] || die "there is no machine \"$number\" in $state"
    done
}

usage() {
    sed -n 's/^#     /    /p' "$self" >&2
    exit 2
}

verb=${1:-}
[ $# = 0 ] || shift
case $verb/$# in
    base/1 | base/2 | hold/3 | inside/3) ;;
    heal/1) with_machines 0 "$@" ;;
    journal/2 | wait_up/2 | start/2) with_machines 1 "$@" ;;
    crash/2 | powercut/2 | freeze/2 | thaw/2) with_machines 1 "$@" ;;
    slow/3 | link/3 | loss/3) with_machines 1 "$@" ;;
    cut/3) with_machines 2 "$@" ;;
    enter/[0-2]) usage ;;
    enter/*) with_machines 1 "$@" ;;
    *) usage ;;
esac
"$verb" "$@"
