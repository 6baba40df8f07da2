#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets codespell look for words that are often misspelt: spelling.py SOURCE_ROOT"""

import os
import shutil
import sys
import tempfile

from tap import Tap, run, sources

# Not ours to spell.
FOREIGN = ['LICENSE']


def faults_in(paths, root):
    config = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'codespell.cfg')
    done = run(['codespell', '--config', config] + paths, cwd=root)
    return [done.stdout + done.stderr] if done.returncode else []


def main(root):
    tap = Tap()
    if not shutil.which('codespell'):
        tap.skip('codespell', 'not there: install it')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'bad'), 'w', encoding='utf-8') as file:
            file.write('Each part is ' + 'rec' + 'ieved once.\n')
        tap.catches('a misspelt word', faults_in(['bad'], folder))
    tap.result('spelling', faults_in([path for path in sources(root, '') if path not in FOREIGN],
                                     root))
    tap.done()


main(sys.argv[1])
