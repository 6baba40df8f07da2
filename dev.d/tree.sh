#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For what builds packages: the files of this tree that belong into them.

# tree_files: their names, each with a zero byte behind it; committed or not, but nothing that git
# is told to ignore.
tree_files() {
    if git rev-parse --git-dir >/dev/null 2>&1; then
        git ls-files -z --cached --others --exclude-standard
    else
        find . -path './build*' -prune -o \( -type f -o -type l \) -printf '%P\0'
    fi
}
