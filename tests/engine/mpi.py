#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has pi-computed-engine start real MPI runs: mpi.py PROGRAM FLAVOUR=HELPER..."""

import os
import shutil
import sys

from launches import Launch, expect

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))
from tap import Tap  # noqa: E402

TERMS = 10**9
LONG = 10**15  # hours: ends only when it is stopped
ENVIRONMENT = {'OMPI_ALLOW_RUN_AS_ROOT': '1', 'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1',
               'OMPI_MCA_rmaps_base_oversubscribe': '1',
               # Its search for fast networks takes longer than these runs.
               'OMPI_MCA_pml': 'ob1', 'OMPI_MCA_btl': 'self,vader,tcp'}


def settings_of(launcher, helper, ranks):
    return f'Launcher={launcher}\nHelper={helper}\nRanks={ranks}\n'


def test_whole(tap, program, flavour, helper):
    with Launch(program, settings_of(flavour, helper, 2), **ENVIRONMENT) as launch:
        launch.say({'ranges': [[0, TERMS]]})
        launch.say({'ranges': [[TERMS, 2 * TERMS]]})
        launch.finish()
        tap.result(f'{flavour}: a run of two ranks', launch.faults() + expect(
            (launch.states() == ['launching', 'running'], launch.states()),
            (len(launch.of('hello')[0]['hosts']) == 2, launch.of('hello')),
            (sum(c['to'] - c['from'] for c in launch.of('chunk')) == 2 * TERMS, launch.of('chunk')),
            (launch.of('end')[0]['complete'], launch.of('end'))))


def test_stopped(tap, program, flavour, helper):
    with Launch(program, settings_of(flavour, helper, 2), **ENVIRONMENT) as launch:
        launch.say({'ranges': [[0, LONG]]})
        launch.wait_for('hello')
        launch.say({'cmd': 'stop'})
        launch.finish()
        tap.result(f'{flavour}: a run that is stopped', launch.faults() + expect(
            (launch.of('end') and not launch.of('end')[0]['complete'], launch.of('end'))))
    with Launch(program, settings_of(flavour, helper, 2), **ENVIRONMENT) as launch:
        launch.say({'ranges': [[0, LONG]]})
        launch.wait_for('hello')
        launch.process.terminate()
        launch.finish()
        last = launch.lines[-1]
        tap.result(f'{flavour}: a run that is ended', launch.faults(
            last.get('status'), last.get('signal'), 'told to end'))


def test_alone(tap, program, flavour, helper):
    with Launch(program, settings_of('none', helper, 1), **ENVIRONMENT) as launch:
        launch.say({'ranges': [[0, TERMS]]})
        launch.finish()
        tap.result(f'{flavour}: no launcher', launch.faults() + expect(
            (launch.of('end') and launch.of('end')[0]['complete'], launch.kinds())))


def test_mismatch(tap, program, helpers):
    """Each rank is a run of its own, and says that it is not what was expected."""
    for flavour, other in (('openmpi', 'mpich'), ('mpich', 'openmpi')):
        with Launch(program, settings_of(flavour, helpers[other], 2), **ENVIRONMENT) as launch:
            launch.say({'ranges': [[0, TERMS]]})
            launch.finish()
            last = launch.lines[-1]
            tap.result(f'{flavour} starts what was built for {other}', launch.faults(
                last.get('status'), last.get('signal'), 'there should be 2 ranks') + expect(
                    (last['status'] or last['signal'], last), (not launch.of('chunk'), 'chunks')))


def main(program, *words):
    tap = Tap()
    helpers = {}
    for word in words:
        flavour, helper = word.split('=', 1)
        if not shutil.which(f'mpirun.{flavour}'):
            tap.skip(flavour, f'there is no mpirun.{flavour}')
            continue
        helpers[flavour] = helper
        for test in (test_whole, test_stopped, test_alone):
            test(tap, program, flavour, helper)
    if len(helpers) == 2:
        test_mismatch(tap, program, helpers)
    else:
        tap.skip('launchers of another MPI', 'there are no two of them')
    tap.done()


main(*sys.argv[1:])
