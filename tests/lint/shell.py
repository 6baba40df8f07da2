#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets shellcheck read the shell programs: shell.py SOURCE_ROOT"""

import os
import re
import shutil
import sys
import tempfile

from tap import Tap, run, sources

SHEBANG = re.compile(rb'#!\s*\S*(/|env )(ba|da)?sh\b')
# dpkg makes what lies here executable.
INSTALLED = 'packaging/debian/'


def is_shell(path):
    with open(path, 'rb') as file:
        return bool(SHEBANG.match(file.readline(100)))


def faults_in(root, path):
    done = run(['shellcheck', '--external-sources', '--source-path=SCRIPTDIR',
                f'--source-path={root}', path])
    return [done.stdout + done.stderr] if done.returncode else []


def main(root):
    tap = Tap()
    programs = [path for path in sources(root, '') if is_shell(os.path.join(root, path))]
    if not shutil.which('shellcheck'):
        for path in programs:
            tap.skip(path, 'no shellcheck: install it')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        bad = os.path.join(folder, 'bad.sh')
        with open(bad, 'w', encoding='utf-8') as file:
            file.write('#!/bin/bash\nrm $1/*\n')
        tap.catches('a word that splits', faults_in(root, bad))
    tap.result('programs are found', [path for path in ('dev', '.ci/run', 'dev.d/need.sh')
                                      if path not in programs])
    for path in programs:
        full = os.path.join(root, path)
        tap.result(f'{path} by shellcheck', faults_in(root, full))
        if not path.startswith(INSTALLED):
            tap.result(f'{path} is executable', [] if os.access(full, os.X_OK) else ['chmod +x'])
    tap.done()


main(sys.argv[1])
