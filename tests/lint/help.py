#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks the built programs for help, and for the impossible: help.py PICTL DAEMON [PROGRAM...]

Help goes to stdout within 80 columns; a wrong command line gets words on stderr only and
the exit status 2.
"""

import os
import re
import sys

from tap import Tap, run

COLUMNS = 80


def help_faults(argv):
    done = run(argv, env=dict(os.environ, COLUMNS='200'))
    faults = []
    if done.returncode:
        faults.append(f'exit status {done.returncode}')
    if done.stderr:
        faults.append(f'on stderr: {done.stderr}')
    if not done.stdout.strip():
        faults.append('no help on stdout')
    faults += [f'{len(line)} columns: {line}' for line in done.stdout.splitlines()
               if len(line) > COLUMNS]
    faults += [f'blanks at the end: "{line}"' for line in done.stdout.splitlines()
               if line != line.rstrip()]
    return faults


def usage_faults(argv):
    done = run(argv)
    faults = []
    if done.returncode != 2:
        faults.append(f'exit status {done.returncode}, not 2')
    if done.stdout:
        faults.append(f'on stdout: {done.stdout}')
    if not done.stderr.strip():
        faults.append('nothing on stderr')
    return faults


def verbs_of(text):
    """The verbs that the help of pictl lists: indented words under a heading with "command"."""
    verbs, inside = [], False
    for line in text.splitlines():
        if line and not line[0].isspace():
            inside = bool(re.search(r'command|verb', line, re.IGNORECASE)) and line.endswith(':')
        elif inside:
            match = re.match(r'^ {1,4}([a-z][a-z-]*)', line)
            if match:
                verbs.append(match.group(1))
    return verbs


def self_tests(tap):
    tap.catches('a wide help', help_faults(['/bin/sh', '-c', 'printf "%081d\\n" 0']))
    tap.catches('help on stderr', help_faults(['/bin/sh', '-c', 'echo help >&2']))
    tap.catches('no help', help_faults(['/bin/true']))
    tap.catches('an error on stdout', usage_faults(['/bin/sh', '-c', 'echo wrong; exit 2']))
    tap.catches('an error that is none', usage_faults(['/bin/sh', '-c', 'echo wrong >&2']))
    tap.result('self-test: verbs', [] if verbs_of(
        'Use it.\n\nCommands:\n  compute TERMS  Sum\n  jobs           List\n\nOptions:\n  --help\n'
    ) == ['compute', 'jobs'] else ['the list of verbs is not understood'])


def main(pictl, daemon, *more):
    tap = Tap()
    self_tests(tap)
    for program in (pictl, daemon, *more):
        name = os.path.basename(program)
        tap.result(f'{name} --help', help_faults([program, '--help']))
        tap.result(f'{name} --version', help_faults([program, '--version']))
        tap.result(f'{name} --no-such-option', usage_faults([program, '--no-such-option']))
    verbs = verbs_of(run([pictl, '--help']).stdout)
    tap.result('pictl --help lists its verbs', [] if 'compute' in verbs else [f'found {verbs}'])
    for verb in verbs:
        tap.result(f'pictl {verb} --help', help_faults([pictl, verb, '--help']))
        tap.result(f'pictl {verb} --no-such-option',
                   usage_faults([pictl, verb, '--no-such-option']))
    tap.result('pictl no-such-verb', usage_faults([pictl, 'no-such-verb']))
    tap.result('pi-computed --workers=0', usage_faults([daemon, '--workers=0']))
    tap.result('pi-computed --workers=1025', usage_faults([daemon, '--workers=1025']))
    tap.result('pi-computed --kernel=none', usage_faults([daemon, '--kernel=none']))
    tap.result('pi-computed with a word', usage_faults([daemon, 'word']))
    tap.done()


main(*sys.argv[1:])
