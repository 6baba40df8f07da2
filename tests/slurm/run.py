#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs pi-computed-mpi on three nodes of Slurm, and hurts them: run.py FLAVOUR PROGRAM"""

import os
import signal
import sys
import time

import frame
from job import CHUNK, LONG, SRUN, TERMS, Job, different, sums_of
from rack import CPUS, NODES, Failed, say, wait_for


class Checks:
    """Of one program, which is for one launcher."""

    def __init__(self, rack, flavour, program):
        self.rack = rack
        self.flavour = flavour
        self.program = program
        alone = Job(program, f'--to={TERMS}', f'--chunk={CHUNK}').end()
        self.reference = sums_of(alone.lines())

    def srun(self, *options, to=TERMS, nodes=NODES, mpi=None):
        return Job('srun', f'--nodes={nodes}', '--ntasks-per-node=1', f'--cpus-per-task={CPUS}',
                   f'--mpi={mpi or SRUN[self.flavour]}', '--kill-on-bad-exit=1', self.program,
                   f'--to={to}', f'--chunk={CHUNK}', *options)

    def hurt(self, action, nodes=NODES, mend=lambda: None):
        """Faults of a run to which something happens when each rank has told a chunk, and of the
        one that goes on with its file before that is mended."""
        first = self.srun(to=LONG)
        first.wait_until_all_told(NODES)
        start = time.monotonic()
        action(first)
        first.end()
        print(f'# srun ended after {time.monotonic() - start:.1f} s: {first.status}')
        ends = [line for line in first.lines() if line['t'] == 'end']
        faults = [f'it said that it was complete: {line}' for line in ends if line['complete']]
        second = self.srun(f'--resume={first.path}', nodes=nodes).end()
        if second.status:
            faults.append(f'going on: status {second.status}: {second.errors()}')
        if not sums_of(second.lines()):
            faults.append('nothing was left to be done')
        mend()
        self.rack.wait_until_idle()
        return faults + self.left() + different(first.lines() + second.lines(), self.reference)

    def left(self):
        """What still runs on any node once there is no job any more."""
        try:
            wait_for('nothing to be left', lambda: not self.rack.of_jobs())
        except Failed:
            return [f'it still runs: {words}' for words in self.rack.of_jobs().values()]
        return []

    def whole(self):
        """three nodes sum the same bits as none"""
        run = self.srun(f'--expect-ranks={NODES}').end()
        hosts = [line['hosts'] for line in run.lines() if line['t'] == 'hello']
        faults = [] if hosts == [['n1', 'n2', 'n3']] else [f'hello: {hosts}']
        if run.status or not run.lines()[-1]['complete']:
            faults.append(f'status {run.status}: {run.errors()}')
        return faults + different(run.lines(), self.reference) + self.left()

    def lone(self):
        """with the wrong --mpi= it says so, and sums nothing"""
        run = self.srun(f'--expect-ranks={NODES}', mpi='none').end()
        named = {'openmpi': 'PMI', 'mpich': '--expect-ranks'}[self.flavour]
        return [] if run.status and named in run.errors() and not run.lines() else \
            [f'status {run.status}: {run.errors()}{run.lines()}']

    def rank_killed(self):
        """a rank that is killed ends the run, which can go on"""
        def kill(_):
            pid, = (pid for pid, words in self.rack[2].processes().items()
                    if words.startswith(self.program))
            os.kill(pid, signal.SIGKILL)
        return self.hurt(kill)

    def srun_killed(self):
        """so does srun's end"""
        return self.hurt(lambda job: job.process.kill())

    def cancelled(self):
        """so does scancel"""
        return self.hurt(lambda _: say('scancel', '--user=root'))

    def head_off(self):
        """so does the node of the first rank, without power"""
        node = self.rack[1]
        return self.hurt(lambda _: node.cut_power(), NODES - 1, node.start)

    def cable(self):
        """so does a cable that is out"""
        node = self.rack[3]
        return self.hurt(lambda _: node.link('down'), NODES - 1, lambda: node.link('up'))


def main(flavour, program):
    frame.main(lambda rack: Checks(rack, flavour, program),
               ('whole', 'lone', 'rank_killed', 'srun_killed', 'cancelled', 'head_off', 'cable'))


main(*sys.argv[1:])
