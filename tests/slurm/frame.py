# SPDX-License-Identifier: GPL-2.0-or-later
"""What the programs of tests here have in common."""

import glob
import os
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))

import rack  # noqa: E402
from tap import Tap  # noqa: E402


def processes():
    """{pid: command line} of all that this sees."""
    return {int(os.path.basename(path)): words for path in glob.glob('/proc/[0-9]*')
            if (words := rack.read(f'{path}/cmdline').replace('\0', ' ').strip())}


def main(checks_of, order):
    """Each method of checks_of(rack) that `order` names, by its text, where there can be a Slurm.
    A method raises, or returns faults."""
    tap = Tap()
    reason = rack.why_not()
    if reason:
        tap.skip('three nodes of Slurm', reason)
        tap.done()
    rack.enter()
    checks = checks_of(rack.Rack())
    for name in order:
        check = getattr(checks, name)
        start = time.monotonic()
        try:
            faults = check()
        except (rack.Failed, LookupError, ValueError, OSError, subprocess.SubprocessError) as error:
            faults = [f'{type(error).__name__}: {error}']
        tap.result(check.__doc__, faults + (rack.logs() if faults else []))
        print(f'# {name} took {time.monotonic() - start:.1f} s', flush=True)
    tap.done()
