#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds packages again, elsewhere and as somebody else, and compares their bytes:
twice.py SCRIPT DIRECTORY PATTERN

DIRECTORY is where the script of dev.d left them, of this tree as it is; PATTERN finds them there.
"""

import filecmp
import glob
import os
import subprocess
import sys
import tempfile

from tap import Tap

ENVIRONMENT = {'TZ': 'Pacific/Kiritimati', 'HOME': '/nonexistent', 'USER': 'somebody',
               'DEB_BUILD_OPTIONS': 'nocheck'}


def faults(one, other, pattern):
    names = set()
    for directory in (one, other):
        names.update(glob.glob(pattern, root_dir=directory, recursive=True))
    if not names:
        return [f'no packages in {one}: ./dev package']
    _, unequal, missing = filecmp.cmpfiles(one, other, names, shallow=False)
    return [f'{name}: differs' for name in sorted(unequal)] + \
        [f'{name}: in one of them only' for name in sorted(missing)]


def self_tests(tap):
    with tempfile.TemporaryDirectory() as folder:
        def make(name, content):
            path = os.path.join(folder, name, 'a.rpm')
            os.makedirs(os.path.dirname(path))
            with open(path, 'w', encoding='utf-8') as file:
                file.write(content)
            return os.path.join(folder, name)

        one, pattern = make('one', 'text'), '*.rpm'
        none = os.path.join(folder, 'none')
        tap.catches('another byte', faults(one, make('other', 'tex!'), pattern))
        tap.catches('a package that is there once', faults(one, none, pattern))
        tap.catches('no packages', faults(folder, folder, pattern))
        tap.result('self-test: the same twice', faults(one, make('same', 'text'), pattern))


def main(script, directory, pattern):
    tap = Tap()
    self_tests(tap)
    with tempfile.TemporaryDirectory() as again:
        subprocess.run([script, again], check=True, umask=0o077, stdout=sys.stderr,
                       env={**os.environ, **ENVIRONMENT})
        tap.result('the same bytes from another build', faults(directory, again, pattern))
    tap.done()


main(*sys.argv[1:4])
