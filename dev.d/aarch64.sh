#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes what meson needs to build for AArch64 here and to run the tests by qemu-user:
#     dev.d/aarch64.sh DIRECTORY
# leaves Debian's libraries in DIRECTORY/sysroot and the cross file DIRECTORY/aarch64.ini. Needs no
# foreign architecture of this system: packages are unpacked, not installed.
set -euo pipefail

[ $# = 1 ] || { echo "usage: aarch64.sh DIRECTORY" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
sysroot=$PWD/sysroot

if [ ! -e "$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig/libnftables.pc" ]; then
    rm -rf "$sysroot"
    release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    mmdebstrap --quiet --variant=extract --architectures=arm64 \
        --include=libc6-dev,libglib2.0-dev,libgnutls28-dev,libjson-glib-dev,libmicrohttpd-dev \
        --include=libncurses-dev,libnftables-dev,libsqlite3-dev,libsystemd-dev,systemd \
        "$release" "$sysroot" >&2
fi

cat >aarch64.ini <<END
[binaries]
c = 'aarch64-linux-gnu-gcc'
ar = 'aarch64-linux-gnu-ar'
strip = 'aarch64-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-aarch64', '-L', '$sysroot']
[built-in options]
c_args = ['--sysroot=$sysroot']
c_link_args = ['--sysroot=$sysroot']
[properties]
sys_root = '$sysroot'
pkg_config_libdir = '$sysroot/usr/lib/aarch64-linux-gnu/pkgconfig:$sysroot/usr/share/pkgconfig'
[host_machine]
system = 'linux'
cpu_family = 'aarch64'
cpu = 'armv8-a'
endian = 'little'
END
