#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets man(1) read the rendered pages and say what is wrong with them: manual.py PAGE..."""

import os
import shutil
import sys
import tempfile

from tap import Tap, run


def warnings(page):
    done = run(['man', '--warnings', '--local-file', '-Tutf8', '-Z', page],
               env=dict(os.environ, LC_ALL='C.UTF-8', MANROFFSEQ='t', MANWIDTH='80'))
    return [f'rc {done.returncode}: {done.stderr}'] if done.returncode or done.stderr else []


def main(pages):
    tap = Tap()
    if not shutil.which('man'):
        for page in pages:
            tap.skip(os.path.basename(page), 'no man(1): install man-db')
        tap.done()
    with tempfile.TemporaryDirectory() as folder:
        bad = os.path.join(folder, 'bad.8')
        with open(bad, 'w', encoding='utf-8') as file:
            file.write('.TH bad 8\n.SH NAME\nbad \\- a page\n.NOSUCHMACRO\n')
        tap.catches('a page with an unknown macro', warnings(bad))
    for page in pages:
        tap.result(os.path.basename(page), warnings(page))
    tap.done()


main(sys.argv[1:])
