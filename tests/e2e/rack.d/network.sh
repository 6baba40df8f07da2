#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For rack.sh: the network between the machines, and its faults. All of it is in the rack's own
# network namespace: a bridge, and for each machine a cable, pi-N here and host0 in there.

# hosts COUNT: what /etc/hosts says in each machine.
hosts() {
    local number
    printf '127.0.0.1 localhost\n::1 localhost\n'
    for ((number = 1; number <= $1; number++)); do
        printf '10.98.0.%d pi-%d\nfd98::%d pi-%d\n' "$number" "$number" "$number" "$number"
    done
}

make_network() {
    local number
    ip link set lo up
    ip link add rack type bridge forward_delay 0 mcast_snooping 0
    ip link set rack addrgenmode none up
    {
        echo 'table bridge rack {'
        echo 'set cuts { type ifname . ifname; }'
        echo 'map losses { type ifname : verdict; }'
        echo 'chain faults { type filter hook forward priority 0;'
        echo 'iifname . oifname @cuts drop; iifname vmap @losses; oifname vmap @losses; }'
        for ((number = 1; number <= $1; number++)); do
            echo "chain loss-$number { }"
        done
        echo '}'
        for ((number = 1; number <= $1; number++)); do
            echo "add element bridge rack losses { pi-$number : jump loss-$number }"
        done
    } | nft -f -
}

# plug STATE N: a new network namespace for a new boot, with the cable and the addresses that this
# machine always has: another MAC would not be believed for seconds.
plug() {
    local net=$1/disks/$2/net
    ip link delete "pi-$2" 2>/dev/null || true
    ! mountpoint -q "$net" || umount "$net"
    : >"$net"
    unshare --net="$net" true
    ip link add "pi-$2" type veth peer name host0 netns "$net" \
        address "$(printf '02:00:00:98:00:%02x' "$2")"
    nsenter --net="$net" ip -batch - <<END
address add 10.98.0.$2/24 dev host0
address add fd98::$2/64 dev host0 nodad
link set host0 up
link set lo up
END
    ip link set "pi-$2" master rack addrgenmode none "$(cat "$1/$2/link")"
}

# in_network STATE COMMAND...: runs it where the bridge is.
in_network() {
    local holder
    holder=$(holder "$1")
    shift
    nsenter --target "$holder" --net -- "$@"
}

# link STATE N up|down
link() {
    [[ $3 == up || $3 == down ]] || die "link: \"$3\" is not up or down"
    echo "$3" >"$1/$2/link"
    in_network "$1" ip link set "pi-$2" "$3" 2>/dev/null || [[ $(power "$1" "$2") == off* ]] ||
        die "the link of machine $2 does not go $3"
}

# cut STATE A B: what A sends does not reach B; what B sends still reaches A.
cut() {
    in_network "$1" nft add element bridge rack cuts "{ pi-$2 . pi-$3 }"
}

# loss STATE N PERCENT: of all frames from it, and of all to it.
loss() {
    percent "$3" 100
    {
        echo "flush chain bridge rack loss-$2"
        [ "$3" = 0 ] || echo "add rule bridge rack loss-$2 numgen random mod 100 0-$(($3 - 1)) drop"
    } | in_network "$1" nft -f -
}

# heal STATE: no cuts, no losses, all links up.
heal() {
    local number
    in_network "$1" nft flush set bridge rack cuts
    for number in $(numbers "$1"); do
        loss "$1" "$number" 0
        link "$1" "$number" up
    done
}
