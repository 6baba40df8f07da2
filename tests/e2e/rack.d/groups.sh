#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For rack.sh: a control group for each machine in each hierarchy, below our own. Else its systemd
# would take the groups of this machine, and of the other ones, for its own.

groups_prefix=pi-computed-rack

# "KIND PATH" of each group we are in; KIND is the controllers, or "unified".
our_groups() {
    local controllers path place
    while IFS=: read -r _ controllers path; do
        if [ -z "$controllers" ]; then
            place=$(findmnt -nfo TARGET -t cgroup2) || continue
        else
            place=$(findmnt -nfo TARGET -t cgroup -O "${controllers%%,*}") || continue
        fi
        echo "${controllers:-unified} $place${path%/}"
    done </proc/self/cgroup
}

# make_groups STATE COUNT: for all machines; STATE/N/groups says which. The name has our number.
make_groups() {
    local kind parent number path
    while read -r kind parent; do
        for ((number = 1; number <= $2; number++)); do
            path=$parent/$groups_prefix.$$.$number
            mkdir "$path"
            # A new group of this kind has no CPU, and so no process.
            if [ -e "$path/cpuset.cpus" ] && [ ! -e "$path/cgroup.controllers" ]; then
                cat "$parent/cpuset.cpus" >"$path/cpuset.cpus"
                cat "$parent/cpuset.mems" >"$path/cpuset.mems"
            fi
            echo "$kind $path" >>"$1/$number/groups"
        done
    done < <(our_groups)
}

# group STATE N KIND: the machine's path in that hierarchy.
group() {
    local kind path
    while read -r kind path; do
        if [[ ,$kind, == *,$3,* ]]; then
            echo "$path"
            return
        fi
    done <"$1/$2/groups"
    return 1
}

join_groups() {
    local path
    while read -r _ path; do
        echo "$BASHPID" >"$path/cgroup.procs"
    done <"$1/$2/groups"
}

# Ours, and those of racks that were killed. What dies takes a moment to leave them.
remove_groups() {
    local path owner
    while read -r path; do
        owner=${path##*/"$groups_prefix".}
        owner=${owner%.*}
        [ "$owner" = $$ ] || [ ! -e "/proc/$owner" ] || continue
        for _ in {1..100}; do
            [ -d "$path" ] || break
            find "$path" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.05
        done
    done < <(find /sys/fs/cgroup -type d -name "$groups_prefix.*" -prune)
}
