#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the built Debian packages: deb.py DIRECTORY

DIRECTORY is where dev.d/package.sh left them. What lintian says, and what the scripts of the
packages start and enable.
"""

import glob
import os
import re
import sys
import tempfile

from tap import Tap, run

# All that an installation may start or enable.
STARTED = {'pi-computed.service'}


def lintian(path):
    """What it complains of."""
    done = run(['lintian', '--allow-root', '--fail-on', 'error,warning', path], timeout=300)
    return [done.stdout + done.stderr] if done.returncode else []


def start_faults(script):
    """Units that a postinst starts for the first time, or enables, and that it must not."""
    text = re.sub(r'\\\n\s*', ' ', script)
    begun = set(re.findall(r'deb-systemd-invoke \$_dh_action (.*?) >', text)) | \
        set(re.findall(r'deb-systemd-invoke start (.*?) >', text))
    units = {unit.strip("'") for words in begun for unit in words.split()}
    # Not those that an administrator had enabled before.
    units |= {unit for unit in re.findall(r"was-enabled '(.*?)'; then\n\s*# Enables", text)}
    return [f'{unit} is started or enabled' for unit in sorted(units - STARTED)]


def postinst_of(package):
    with tempfile.TemporaryDirectory() as folder:
        run(['dpkg-deb', '--control', package, folder])
        path = os.path.join(folder, 'postinst')
        if not os.path.exists(path):
            return ''
        with open(path, encoding='utf-8') as file:
            return file.read()


def self_tests(tap):
    tap.catches('a socket that is started', start_faults("deb-systemd-invoke start 'a.socket' >x"))
    tap.catches('one that is enabled', start_faults(
        "if deb-systemd-helper --quiet was-enabled 'a.timer'; then\n\t# Enables it\n"))
    tap.catches('no package', lintian('/nonexistent.deb'))


def main(directory):
    tap = Tap()
    self_tests(tap)
    changes = glob.glob(os.path.join(directory, '*.changes'))
    packages = [path for path in glob.glob(os.path.join(directory, '*.deb'))
                if '-dbgsym_' not in path]
    if len(changes) != 1 or len(packages) != 4:
        sys.exit(f'deb.py: {directory} has no packages, or old ones: ./dev package deb')
    tap.result('lintian finds no error and warns of nothing', lintian(changes[0]))
    for package in sorted(packages):
        tap.result(f'{os.path.basename(package)}: starts and enables what it should',
                   start_faults(postinst_of(package)))
    tap.done()


main(sys.argv[1])
