#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For ./dev package: builds the packages of this tree for Debian.
#     package.sh DIRECTORY   leaves the packages and what was said of them there
# What git does not know is not in them. DEB_BUILD_OPTIONS=nocheck builds them without the tests.
set -euo pipefail

out=$(realpath -m "$1")
here=$(dirname "$(readlink -f "$0")")
. "$here/tree.sh"
cd "$here/.."

die() {
    echo "package.sh: $*" >&2
    exit 1
}

# A clean copy of what is here, committed or not, with times that do not depend on the checkout.
copy_tree() {
    local when
    when=$(dpkg-parsechangelog --show-field Timestamp)
    tree_files | tar -c --null --files-from=- --mtime="@$when" | tar -C "$1" -x
}

mkdir -p "$out"
rm -rf "$out"/*.deb "$out"/*.buildinfo "$out"/*.changes "$out/tree"
mkdir "$out/tree"
copy_tree "$out/tree"
if ! (cd "$out/tree" && dpkg-buildpackage -us -uc -b) >"$out/build.log" 2>&1; then
    tail -40 "$out/build.log" >&2
    die "dpkg-buildpackage failed; all it said is in $out/build.log"
fi
rm -rf "$out/tree"
ls "$out"/*.deb
