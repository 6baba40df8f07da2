#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For ./dev: installs what a verb needs and this machine lacks.

packages() {
    case $1 in
        apt-build)
            echo gcc libc6-dev meson ninja-build pkg-config libglib2.0-dev libsystemd-dev \
                libjson-glib-dev libsqlite3-dev libncurses-dev libgnutls28-dev \
                libmicrohttpd-dev libnftables-dev systemd python3-docutils dbus-daemon
            ;;
        apt-bench)
            echo python3 python3-numpy
            ;;
        apt-test)
            echo clang codespell cppcheck curl dbus-bin gcovr gnuplot-nox iproute2 iptables \
                libclang-rt-dev libdbus-1-dev libfaketime libmpich-dev libopenmpi-dev \
                libxml2-utils man-db mpich munge nftables openmpi-bin polkitd prometheus \
                python3 shellcheck slurm-wlm util-linux valgrind zsh
            ;;
        apt-aarch64)
            echo gcc-aarch64-linux-gnu libc6-dev-arm64-cross mmdebstrap qemu-user
            ;;
        apt-e2e)
            echo iproute2 mmdebstrap nftables python3 systemd-container util-linux
            ;;
        apt-package)
            echo build-essential debhelper dpkg-dev fakeroot git libmpich-dev libopenmpi-dev \
                lintian util-linux
            ;;
        apt-rpm)
            echo elfutils file git python3 rpm rpmlint
            ;;
        apt-avx512)
            echo bochs bochs-term bochsbios busybox-static cpio grub-common grub-pc-bin xorriso
            ;;
        dnf-build)
            echo gcc meson ninja-build pkgconf-pkg-config glib2-devel systemd-devel \
                json-glib-devel sqlite-devel ncurses-devel gnutls-devel libmicrohttpd-devel \
                nftables-devel systemd python3-docutils dbus-daemon
            ;;
        dnf-bench)
            echo python3 python3-numpy
            ;;
        dnf-e2e)
            echo iproute nftables python3 systemd-container util-linux
            ;;
        dnf-rpm)
            echo firewalld-filesystem git python3 rpm-build rpmlint systemd-rpm-macros
            ;;
        dnf-test)
            echo clang codespell compiler-rt cppcheck curl dbus-devel dbus-tools gcovr \
                gnuplot-minimal golang-github-prometheus iproute iproute-tc iptables-nft libasan \
                libfaketime libtsan libubsan libxml2 man-db nftables polkit python3 ShellCheck \
                util-linux valgrind zsh
            ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root, and there is no sudo: $*"
    fi
}

apt_lacks() {
    local package
    for package; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            echo "$package"
    done
}

# Where no systemd runs, as in a container, a package's scripts would start daemons nobody ends.
hold_services() {
    [ ! -d /run/systemd/system ] && [ ! -e /usr/sbin/policy-rc.d ] || return 0
    trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null
    as_root chmod 755 /usr/sbin/policy-rc.d
}

apt_install() {
    local lacking
    mapfile -t lacking < <(apt_lacks "$@")
    [ ${#lacking[@]} -gt 0 ] || return 0
    echo "Installing ${lacking[*]}"
    (
        hold_services
        export DEBIAN_FRONTEND=noninteractive
        # Its programs are wanted, not a server that listens on every address.
        [[ " ${lacking[*]} " != *" prometheus "* ]] ||
            as_root systemctl -q mask prometheus.service 2>/dev/null || true
        as_root apt-get -qq update
        as_root apt-get -qq install -y --no-install-recommends "${lacking[@]}" >/dev/null
    )
}

dnf_install() {
    rpm --quiet -q "$@" || as_root dnf -q -y install "$@"
}

# need build|bench|test...
need() {
    local what names manager
    for manager in apt dnf none; do
        ! command -v "$manager" >/dev/null || break
    done
    for what; do
        read -ra names < <(packages "$manager-$what") || true
        case $manager in
            none) echo "dev: neither apt nor dnf here; what $what needs is taken for granted" >&2 ;;
            *) "${manager}_install" "${names[@]}" ;;
        esac
    done
}
