#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a newcomer types first, in a build of its own: first-steps.py SOURCE_ROOT"""

import os
import sys

from tap import Tap, run


def faults_of(argv, words):
    done = run(argv, timeout=300)
    faults = [f'status {done.returncode}: {done.stderr}'] if done.returncode else []
    return faults + [f'no "{word}" in: {done.stdout[-2000:]}' for word in words
                     if word not in done.stdout]


def main(source):
    tap, dev = Tap(), os.path.join(source, 'dev')
    tap.catches('a program that fails', faults_of(['sh', '-c', 'echo good; false'], ['good']))
    tap.catches('a program that says something else', faults_of(['echo', 'bad'], ['good']))
    tap.result('./dev help', faults_of([dev, 'help'], ['./dev VERB', 'test [--e2e]']))
    tap.result('./dev run', faults_of([dev, 'run'], ['π ≈ 3.14159265', 'verified           yes',
                                                     'Try next']))
    tap.done()


main(sys.argv[1])
