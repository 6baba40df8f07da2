#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the tests of the AVX-512 kernel on any x86-64 machine: on a small Linux in the emulator
# Bochs, because few machines have the instructions, and QEMU does not emulate them. About 2 min.
#     dev.d/avx512.sh BUILD_DIRECTORY
# The build is one by gcc, without sanitizers. Prints what the tests print; fails when one fails, or
# when the guest would use another kernel.
#
# Debian packages: bochs bochs-term bochsbios busybox-static cpio gcc grub-common grub-pc-bin
# libc6-dev libglib2.0-dev ninja-build pkg-config xorriso
set -euo pipefail

# Seconds for all that the emulator does.
LIMIT=900

die() {
    echo "avx512.sh: $*" >&2
    exit 1
}

[ $# = 1 ] || die "usage: avx512.sh BUILD_DIRECTORY"
source=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$(readlink -f "$1")
[ -e "$build/build.ninja" ] || die "$1 is not a build directory: meson setup $1"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p kernel guest/{bin,dev,proc} iso/boot/grub

# link NAME OBJECT: a program for the guest, which has no libraries. What the linker says about
# look-ups of users in static programs concerns no test.
link() {
    read -ra glib < <(pkg-config --static --libs glib-2.0)
    gcc -static -s -o "guest/$1" "$2" -Wl,--start-group "$build"/daemon/series/*.a \
        "$build"/tests/unit/series/*.a -Wl,--end-group "${glib[@]}" -lm 2>link.log ||
        { cat link.log >&2; die "$1 does not link"; }
}

ninja -C "$build" --quiet tests/unit/series/test-{kernel,sum} >&2
for name in kernel sum; do
    link "test-$name" "$build/tests/unit/series/test-$name.p/test-$name.c.o"
done
read -ra flags < <(pkg-config --cflags glib-2.0)
gcc -c -std=gnu11 "${flags[@]}" -I"$source" -o default.o -xc - <<'END'
#include <stdio.h>
#include "daemon/series/kernel.h"

int main(void) {
        puts(pi_kernel_default()->name);
        return 0;
}
END
link default default.o

# A distribution's kernel, unpacked and not installed.
package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: //p')
[ -n "$package" ] || die "apt knows no linux-image-cloud-amd64: apt-get update"
apt-get -qq download "$package" 2>apt.log || { cat apt.log >&2; die "no $package"; }
dpkg-deb -x linux-image-*.deb kernel
mv kernel/boot/vmlinuz-* iso/boot/vmlinuz

# /series/sum/total and reference-total add more terms than an emulator can in this time. The sleep
# lets the serial line send what is left.
cp /bin/busybox guest/bin/
cat >guest/init <<'END'
#!/bin/busybox sh
busybox mount -t devtmpfs none /dev
busybox mount -t proc none /proc
exec >/dev/ttyS0 2>&1
echo "# flags: $(busybox grep -ow 'avx512[a-z]*' /proc/cpuinfo | busybox xargs)"
echo "# default kernel: $(/default)"
/test-kernel && echo "# passed: kernel"
/test-sum -s /series/sum/total -s /series/sum/reference-total && echo "# passed: sum"
busybox sleep 2
busybox poweroff -f
END
chmod 755 guest/init
(cd guest && find . | cpio -o -H newc --quiet) | gzip >iso/boot/initrd

# This Bochs gives a wrong size for the compacted form of the saved registers, and Linux then turns
# all vectors off: it has to use the plain form. A Linux that panics ends the emulator by a triple
# fault.
cat >iso/boot/grub/grub.cfg <<'END'
linux /boot/vmlinuz console=ttyS0,115200 quiet panic=-1 reboot=triple mitigations=off \
    clearcpuid=xsaves,xsavec
initrd /boot/initrd
boot
END
grub-mkrescue -d /usr/lib/grub/i386-pc -o guest.iso iso >grub.log 2>&1 ||
    { cat grub.log >&2; die "no bootable image"; }

# Few instructions a second make the guest's waits short.
cat >bochsrc <<'END'
config_interface: textconfig
display_library: term
cpu: model=corei7_skylake_x, ips=20000000, reset_on_triple_fault=0
memory: guest=256, host=256
romimage: file=$BXSHARE/BIOS-bochs-latest, options=fastboot
vgaromimage: file=$BXSHARE/VGABIOS-lgpl-latest
ata0-master: type=cdrom, path=guest.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=serial
log: bochs.log
panic: action=fatal
END
# Meson has malloc() fill what it gives, and this Bochs does not live with that.
unset MALLOC_PERTURB_

# Debian builds Bochs with its debugger, which waits for a command. Power off counts as a panic, so
# the status says nothing.
echo c >commands
TERM=vt100 timeout -k 10 "$LIMIT" bochs -f bochsrc -rc commands >screen 2>&1 </dev/null || true

[ -s serial ] || { tail -n 20 bochs.log >&2; die "the guest did not start"; }
tr -d '\r' <serial | tee output
for line in 'default kernel: avx512' 'passed: kernel' 'passed: sum'; do
    grep -qx "# $line" output || die "the guest does not say \"$line\""
done
