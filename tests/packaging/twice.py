#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds the rpm packages again, elsewhere and as somebody else, and compares their bytes:
twice.py SOURCE DIRECTORY

DIRECTORY is where dev.d/rpm.sh left them, of this tree as it is.
"""

import filecmp
import glob
import os
import subprocess
import sys
import tempfile

from tap import Tap

ENVIRONMENT = {'TZ': 'Pacific/Kiritimati', 'HOME': '/nonexistent', 'USER': 'somebody'}


def packages(directory):
    """Names of packages in there, without those for upgrades."""
    return set(glob.glob('RPMS/**/*.rpm', root_dir=directory, recursive=True))


def faults(one, other):
    names = packages(one) | packages(other)
    if not names:
        return [f'no packages in {one}: dev.d/rpm.sh {one}']
    _, unequal, missing = filecmp.cmpfiles(one, other, names, shallow=False)
    return [f'{name}: differs' for name in sorted(unequal)] + \
        [f'{name}: in one of them only' for name in sorted(missing)]


def self_tests(tap):
    with tempfile.TemporaryDirectory() as folder:
        def make(name, content):
            path = os.path.join(folder, name, 'RPMS', 'a.rpm')
            os.makedirs(os.path.dirname(path))
            with open(path, 'w', encoding='utf-8') as file:
                file.write(content)
            return os.path.join(folder, name)

        one = make('one', 'text')
        tap.catches('another byte', faults(one, make('other', 'tex!')))
        tap.catches('a package that is there once', faults(one, os.path.join(folder, 'none')))
        tap.catches('no packages', faults(folder, folder))
        tap.result('self-test: the same twice', faults(one, make('same', 'text')))


def main(source, directory):
    tap = Tap()
    self_tests(tap)
    with tempfile.TemporaryDirectory() as again:
        subprocess.run([os.path.join(source, 'dev.d', 'rpm.sh'), again], check=True, umask=0o077,
                       stdout=sys.stderr, env={**os.environ, **ENVIRONMENT})
        tap.result('the same bytes from another build', faults(directory, again))
    tap.done()


main(*sys.argv[1:3])
