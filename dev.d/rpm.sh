#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For ./dev package: builds the rpm packages of this tree as it is.
#     rpm.sh DIRECTORY [SUFFIX]   leaves them in DIRECTORY/RPMS and DIRECTORY/SRPMS; with a SUFFIX
#                                 for the number of the release, .1 for example, the same packages
#                                 as a later release in DIRECTORY/LATER, too: for upgrades
# The tests of the rooms are ./dev test's work, so they are left out. Fedora brings its macros;
# Debian has those of packaging/rpm/macros.debian, and --nodeps, since nothing there is an rpm.
set -euo pipefail
umask 022

die() {
    echo "rpm.sh: $*" >&2
    exit 1
}

[ $# = 1 ] || [ $# = 2 ] || die "usage: rpm.sh DIRECTORY [SUFFIX]"
mkdir -p "$1"
top=$(cd "$1" && pwd)
suffix=${2:-}
here=$(dirname "$(readlink -f "$0")")
. "$here/tree.sh"
cd "$here/.."

spec=packaging/rpm/pi-computed.spec
name=pi-computed-$(sed -n 's/^Version: *//p' "$spec")
macros=()
[ -e /etc/fedora-release ] || macros=(--nodeps "--load=$PWD/packaging/rpm/macros.debian")

# Of an earlier build.
rm -rf "$top"/{BUILD,BUILDROOT,LATER,RPMS,SOURCES,SRPMS}
mkdir "$top/SOURCES"
cp units/*.sysusers "$top/SOURCES"
# The same files give the same archive, whenever and by whomever they were checked out.
changed=$(sed -n '/^%changelog/{n;s/^\* \(.\{15\}\) .*/\1/p}' "$spec")
tree_files | LC_ALL=C sort --zero-terminated |
    tar --create --null --files-from=- --owner=0 --group=0 --numeric-owner \
        --mode=u+rw,go+r,go-w,a+X --mtime="$changed UTC" --transform="s:^:$name/:S" |
    gzip --no-name >"$top/SOURCES/$name.tar.gz"

build() {
    rpmbuild "${macros[@]}" --define "_topdir $top" --without check "$@" "$spec" >"$top/log" 2>&1 ||
        { tail -n 40 "$top/log" >&2; die "rpmbuild failed; all of it: $top/log"; }
}

# Apart: the source package names the directories of this build, and packages built along with it
# would have its checksum.
build -bs
build --noclean -bb
# What was compiled is there.
[ -z "$suffix" ] ||
    build --noclean --noprep --define "dist $suffix" --define "_rpmdir $top/LATER" -bb
rm -rf "$top"/{BUILD,BUILDROOT}
find "$top" -name '*.rpm'
