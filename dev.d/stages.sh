#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For ./dev: the stages of the tests, and the verbs that run them.

stages=()
targets=()

# stage NAME DIRECTORY WHAT ARGUMENT...: builds all, or $targets of the caller, and runs meson's
# tests; results.py counts them later.
stage() {
    local name=$1 dir=$2 what=$3 start=$SECONDS
    shift 3
    echo
    echo "== $name: $what"
    rm -f "$dir/meson-logs/$name"[.-]*
    stages+=("$name=$dir/meson-logs/$name")
    { ninja -C "$dir" --quiet "${targets[@]}" &&
        meson test -C "$dir" --no-rebuild --print-errorlogs --logbase "$name" "$@" \
            </dev/null; } || true
    echo "== $name took $((SECONDS - start)) s"
}

tell_results() {
    echo
    python3 tests/results.py "${stages[@]}"
}

# What the verbs need that run a part of the tests.
setup_test() {
    need build test
    setup build
}

# of_rooms DIRECTORY ROOM...: the names of the tests of these rooms, ROOM-THING.
of_rooms() {
    local dir=$1 IFS='|'
    shift
    meson test -C "$dir" --no-rebuild --list 2>/dev/null | sed -nE "s:.* / (($*)-.*)$:\1:p"
}

# The sanitizers, and the lines reached under them. With counts that are not atomic gcc makes sums
# of several threads come out wrong; the kernels have none, as atomic ones are too slow there.
sanitize_stages() {
    local counts="-fprofile-update=atomic -fprofile-exclude-files=/daemon/series/kernel-"
    setup build-sanitize --werror -Db_sanitize=address,undefined -Db_lundef=false \
        -Db_coverage=true -Dc_args="$counts"
    find build-sanitize -name '*.gcda' -delete
    ASAN_OPTIONS=abort_on_error=1:detect_stack_use_after_return=1 \
        UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:print_stacktrace=1 \
        stage sanitize build-sanitize \
        "bad memory, leaks, undefined behaviour, by gcc's sanitizers" \
        --no-suite lint --no-suite cluster --timeout-multiplier 5
    stage coverage build-sanitize "the lines that the tests of this build have reached" \
        --setup coverage --suite coverage --verbose
}

# The thread sanitizer of older compilers cannot live with much address randomisation.
thread_stage() {
    local names
    if ! setarch -R true 2>/dev/null; then
        stages+=("thread!this machine does not let a program turn address randomisation off")
        return
    fi
    setup build-thread --werror -Db_sanitize=thread -Db_lundef=false
    mapfile -t names < <(of_rooms build-thread work store jobs)
    # And those in which a daemon has its threads at work.
    names+=(cluster-roster-file bus-{bits,burnin,cluster-api,compute,jobs,lifecycle,metrics}
        bus-{referee,resume,store})
    TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:ignore_noninstrumented_modules=1 \
        stage thread build-thread "data races where there are threads, by gcc's thread sanitizer" \
        --wrapper 'setarch -R' --timeout-multiplier 5 "${names[@]}"
}

# All programs, but of the tests those alone that run there.
aarch64_stage() {
    local names targets
    setup build-aarch64 --werror --cross-file build-aarch64.d/aarch64.ini
    mapfile -t names < <(of_rooms build-aarch64 series)
    mapfile -t targets < <(ninja -C build-aarch64 -t targets all |
        sed -nE 's!^((ctl|daemon|dbus|nft)/[^ :]*|tests/unit/series/test-[^ :/.]*): .*!\1!p')
    stage aarch64 build-aarch64 "the NEON kernel and all sums on AArch64, by qemu-user" \
        --timeout-multiplier 20 "${names[@]}"
}

# Kernels that this CPU cannot run, on CPUs made of software.
emulated_stages() {
    local why="only tried with Debian's emulators and cross compiler, and there is no apt here"
    if ! command -v apt-get >/dev/null; then
        stages+=("aarch64!$why" "avx512!$why")
        return
    fi
    need aarch64 avx512
    if dev.d/aarch64.sh build-aarch64.d; then
        aarch64_stage
    else
        stages+=("aarch64!no libraries for AArch64 could be had")
    fi
    [ "$(uname -m)" = x86_64 ] || return 0
    stage avx512 build-test "the AVX-512 kernel in a Linux on the emulator bochs, 2 min" \
        --setup emulated --suite emulated --verbose
}

verb_test() {
    local machine=no names valgrind="valgrind --quiet --error-exitcode=99 --leak-check=full"
    valgrind+=" --errors-for-leak-kinds=definite --fair-sched=try"
    valgrind+=" --suppressions=/usr/share/glib-2.0/valgrind/glib.supp"
    case ${1:-} in
        '') ;;
        --e2e) machine=yes ;;
        *) die "test: \"$1\" is not --e2e" ;;
    esac
    need build test
    # Not build/, where a warning of a newer compiler must not be in anybody's way.
    setup build-test --werror
    stage plain build-test "every test as it is built for use"

    sanitize_stages

    thread_stage

    mapfile -t names < <(of_rooms build-test metrics settings store jobs dbus ctl)
    G_SLICE=always-malloc G_DEBUG=gc-friendly \
        stage valgrind build-test \
        "uninitialised values and leaks where much is allocated, by valgrind" \
        --wrapper "$valgrind" --timeout-multiplier 20 "${names[@]}"
    PI_DAEMON_WRAPPER=$valgrind \
        stage daemon build-test "the same in the daemon at work" \
        --timeout-multiplier 20 bus-contract bus-errors bus-system

    emulated_stages

    setup_fuzz
    stage fuzz build-fuzz "30 s of libFuzzer for each target, four at a time, built by clang" \
        --suite fuzz --num-processes 4

    if [ "$machine" = yes ]; then
        package_stage build-test
        e2e_stage build-test
    fi

    tell_results
}

# Their absence is what the tests then fail for.
build_packages() {
    if DEB_BUILD_OPTIONS=nocheck build_deb; then
        build_rpm || true
    fi
}

# package_stage DIRECTORY
package_stage() {
    build_packages
    stage package "$1" "what tools and a comparison say of the packages" --setup package \
        --suite package
}

verb_package_stage() {
    setup_test
    package_stage build
    tell_results
}

# e2e_stage DIRECTORY
e2e_stage() {
    need e2e
    stage e2e "$1" "the service on booted machines" --setup e2e --suite e2e --verbose
}

verb_e2e() {
    setup_test
    build_packages
    e2e_stage build
    tell_results
}

# At length: what takes minutes, random faults by the hundred, and a cluster as large as the table
# in docs/scaling.md goes.
verb_cluster_test() {
    setup_test
    PI_CLUSTER_ROUNDS=${PI_CLUSTER_ROUNDS:-100} PI_CLUSTER_MEMBERS=${PI_CLUSTER_MEMBERS:-64} \
        stage cluster build "real daemons in network namespaces, at length" --setup slow \
        --suite cluster --suite cluster-slow --num-processes 1 --timeout-multiplier 10 --verbose
    tell_results
}

setup_fuzz() {
    CC=clang setup build-fuzz --werror -Dfuzzer=true -Db_sanitize=address,undefined \
        -Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link
}
