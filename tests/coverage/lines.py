#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the lines that tests have reached to a least share of each room: lines.py SOURCE BUILD

BUILD is a build with -Db_coverage=true whose tests have run. gcovr counts; this prints a table of
the rooms, and the files with most lines that no test reaches. A process that is killed by SIGKILL
leaves no counts.
"""

import json
import os
import shutil
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lint'))

from tap import Tap, run  # noqa: E402

ROOMS = ['daemon', 'dbus', 'ctl', 'nft']

# Percent of the lines of a room.
LEAST = 85

# Files in the table of the worst.
WORST = 15


class Lines:
    def __init__(self, total=0, reached=0):
        self.total, self.reached = total, reached

    def __add__(self, other):
        return Lines(self.total + other.total, self.reached + other.reached)

    @property
    def missed(self):
        return self.total - self.reached

    @property
    def percent(self):
        return 100 * self.reached / self.total if self.total else 0

    def __str__(self):
        return f'{self.total:7} {self.missed:7} {self.percent:7.1f}'


def count(source, build):
    """{path: Lines} of the files of the rooms."""
    command = ['gcovr', '--json-summary', '-', '--root', source,
               '-j', str(len(os.sched_getaffinity(0)))]
    for room in ROOMS:
        command += ['--filter', os.path.join(source, room) + '/']
    done = run(command + [build], timeout=240)
    if done.returncode:
        raise RuntimeError(f'gcovr ended with {done.returncode}: {done.stderr}')
    return {file['filename']: Lines(file['line_total'], file['line_covered'])
            for file in json.loads(done.stdout)['files']}


def sum_by(folder_of, files):
    """{folder: Lines}"""
    sums = {}
    for path, lines in files.items():
        folder = folder_of(path)
        sums[folder] = sums.get(folder, Lines()) + lines
    return sums


def faults_in(room, lines):
    if not lines.total:
        return [f'{room}/ has no lines that were counted: has a test run in this build?']
    if lines.percent < LEAST:
        return [f'{lines.percent:.1f} % of the lines of {room}/ were reached, {LEAST} % are wanted:'
                f' write tests that reach {-(-lines.total * LEAST // 100) - lines.reached} more']
    return []


def show(heading, rows):
    """For people: what is on stdout is TAP."""
    print(f'{"lines":>7} {"missed":>7} {"reached":>7} %  {heading}', file=sys.stderr)
    for path, lines in rows:
        print(f'{lines}    {path}', file=sys.stderr)


def main(source, build):
    tap = Tap()
    tap.catches('a room with too few lines reached', faults_in('a', Lines(1000, 10 * LEAST - 1)))
    tap.catches('a room without lines', faults_in('a', Lines()))
    if not shutil.which('gcovr'):
        tap.skip('coverage', 'no gcovr: install it')
        tap.done()
    files = count(source, build)
    show('the kernels of daemon/series are not counted',
         sorted(sum_by(os.path.dirname, files).items()))
    show('files with most lines missed',
         sorted(files.items(), key=lambda item: -item[1].missed)[:WORST])
    rooms = sum_by(lambda path: path.split('/')[0], files)
    for room in ROOMS:
        lines = rooms.get(room, Lines())
        tap.result(f'{room}: {lines.percent:.1f} % of {lines.total} lines', faults_in(room, lines))
    tap.done()


main(*sys.argv[1:])
