#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts what runs of "meson test" said: results.py STAGE=LOGBASE... STAGE!REASON...

LOGBASE is the path of LOGBASE.junit.xml and LOGBASE.json. A TAP test counts by its points, any
other as one; a test that ended badly without saying why counts as one failure, and so does a skip
without a reason. STAGE!REASON is a stage that was skipped. Prints each failure, each skip with its
reason, a line for each stage, and at last the total. The exit status is 1 when anything failed.
"""

import glob
import json
import os
import re
import sys
import xml.etree.ElementTree as ElementTree

GOOD = {'OK', 'EXPECTEDFAIL', 'SKIP'}


class Count:
    def __init__(self):
        self.passed, self.failed, self.skipped = 0, [], []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f'{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped'


def reason_of(case):
    """Why a point, or a whole program, was skipped: what it printed behind # SKIP."""
    said = case.findtext('system-out') or ''
    plan = re.search(r'^1\.\.0\s*#\s*SKIP\S*[ \t]*(.*)$', said, re.IGNORECASE | re.MULTILINE)
    return (plan.group(1) if plan else said).strip()


def plain(name):
    """ "project.project:suite / program" and "project:suite / program" become "program". """
    return name.split(' / ')[-1]


def runs_of(path):
    """{program: record} of the JSON lines, one for each program that ran."""
    with open(path, encoding='utf-8') as file:
        records = [json.loads(line) for line in file if line.strip()]
    return {plain(record['name']): record for record in records}


def suites_of(path):
    """Meson writes what tests print as it is, control characters that no XML may have included."""
    with open(path, encoding='utf-8', errors='replace') as file:
        text = re.sub('[\x00-\x08\x0b\x0c\x0e-\x1f]', '?', file.read())
    return ElementTree.fromstring(text.encode()).iter('testsuite')


def count_suite(stage, suite, runs, count):
    """A suite of junit: the points of one TAP program, or programs that are a point each.

    Returns the programs that have a failure of their own to show."""
    program, told = plain(suite.get('name')), set()
    for case in suite.iter('testcase'):
        owner = program if program in runs else plain(case.get('name'))
        name = f'{stage}: {owner}: {case.get("name")}' if owner == program else f'{stage}: {owner}'
        if case.find('skipped') is not None:
            reason = reason_of(case)
            if reason:
                count.skipped.append(f'{name}: {reason}')
            else:
                count.failed.append(f'{name}: skipped without a reason')
        elif case.find('failure') is not None or case.find('error') is not None:
            count.failed.append(name)
            told.add(owner)
        else:
            count.passed += 1
    return told


def count_stage(stage, logbase):
    count, told = Count(), set()
    try:
        # Where tests run in a wrapper, its name is added to that of the log.
        log, = glob.glob(glob.escape(logbase) + '*.json')
        runs = runs_of(log)
        suites = suites_of(log[:-len('json')] + 'junit.xml')
    except (OSError, ValueError, ElementTree.ParseError):
        count.failed.append(f'{stage}: did not come to its tests')
        return count
    for suite in suites:
        told |= count_suite(stage, suite, runs, count)
    for program, record in runs.items():
        if record['result'] not in GOOD and program not in told:
            count.failed.append(f'{stage}: {program}: ended with {record["result"]}')
    if not runs:
        count.failed.append(f'{stage}: ran no tests')
    return count


def main(stages):
    total = Count()
    lines = []
    for stage in stages:
        match = re.match(r'([^=!]+)([=!])(.*)', stage)
        name, kind, rest = match.groups()
        count = Count()
        if kind == '=':
            count = count_stage(name, os.path.abspath(rest))
        else:
            count.skipped.append(f'{name}: {rest}')
        lines.append(f'{name}: {count}')
        total.add(count)
    for text in total.failed:
        print(f'FAILED  {text}')
    for text in total.skipped:
        print(f'SKIPPED {text}')
    print('\n'.join(lines))
    print(total)
    return 1 if total.failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
