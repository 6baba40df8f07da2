# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lint programs share: TAP on stdout, and the list of files to look at."""

import os
import subprocess
import sys


class Tap:
    """Counts results, prints each as a TAP line, and turns them into an exit status."""

    def __init__(self):
        self.count = 0
        self.failed = 0

    def result(self, name, faults):
        """One test: passed when `faults` (a list of texts) is empty."""
        self.count += 1
        self.failed += bool(faults)
        print(f"{'not ok' if faults else 'ok'} {self.count} - {name}", flush=True)
        for fault in faults:
            for line in str(fault).splitlines():
                print(f'# {line}', flush=True)

    def skip(self, name, reason):
        self.count += 1
        print(f'ok {self.count} - {name} # SKIP {reason}', flush=True)

    def catches(self, name, faults):
        """A self-test: the check must have found something in a bad sample."""
        self.result(f'self-test: {name}', [] if faults else ['a bad sample went unnoticed'])

    def done(self):
        print(f'1..{self.count}', flush=True)
        sys.exit(1 if self.failed else 0)


def sources(root, *endings):
    """Paths relative to `root` of the files with one of `endings`.

    Build trees and sysroots are left out."""
    found = []
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders
                            if name not in ('.git', '__pycache__', 'sysroot') and
                            not (folder == root and name.startswith('build')) and
                            not os.path.exists(os.path.join(folder, name, 'meson-private')))
        for name in sorted(names):
            if name.endswith(endings):
                found.append(os.path.relpath(os.path.join(folder, name), root))
    return found


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


def run(argv, timeout=60, **more):
    """Runs a tool to its end; its output comes back as text."""
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=timeout, check=False, **more)
