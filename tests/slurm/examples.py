#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Submits the batch scripts that docs/scaling.md shows, and lets time run out:
examples.py SOURCE_ROOT PROGRAM"""

import os
import subprocess
import sys

import frame
from job import CHUNK, LONG, SRUN, TERMS, Job, different, lines_of, sums_of
from rack import DIRECTORY, NODES, Failed, read, say, wait_for

from documented import blocks_of

DOCUMENT = 'docs/scaling.md'
# A minute is the least that Slurm knows.
MINUTES = 1
# What the scripts say, and what is said here in its place.
CHANGES = {'1e13': f'{TERMS} --chunk={CHUNK}', '--cpus-per-task=16': '--cpus-per-task=1',
           '1:00:00': str(MINUTES)}
# It comes up to half a minute earlier: a run of a minute has 20 s for its start.
SIGNAL = {'TERM@60': 'TERM@10'}
SECONDS = 150


def changed(script, changes):
    for shown, run in changes.items():
        if shown not in script:
            raise Failed(f'{DOCUMENT} has a script without {shown}')
        script = script.replace(shown, run)
    return script


class Checks:
    def __init__(self, root, program):
        folder, name = os.path.split(os.path.abspath(program))
        os.environ['PATH'] = f'{folder}:{os.environ["PATH"]}'
        self.program = name
        self.scripts = ['\n'.join(line.removeprefix('    ') for _, line in block) + '\n'
                        for block in blocks_of(DOCUMENT, read(os.path.join(root, DOCUMENT)))
                        if any('#SBATCH' in line for _, line in block)]
        # Beside all others, as it takes a minute.
        self.timed = self.srun(f'--time={MINUTES}', to=LONG)
        self.reference = sums_of(Job(program, f'--to={TERMS}', f'--chunk={CHUNK}').end().lines())

    def srun(self, *words, to, more=()):
        return Job('srun', *words, f'--nodes={NODES}', '--ntasks-per-node=1', '--cpus-per-task=1',
                   f'--mpi={SRUN["openmpi"]}', '--kill-on-bad-exit=1', self.program, f'--to={to}',
                   f'--chunk={CHUNK}', *more)

    def write(self, name, script):
        """Into a folder of its own, from where it is submitted."""
        folder = os.path.join(DIRECTORY, name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, 'pi.sbatch'), 'w', encoding='utf-8') as file:
            file.write(script)
        return folder

    def submit(self, folder):
        subprocess.run(['sbatch', 'pi.sbatch'], cwd=folder, check=True, stdout=subprocess.PIPE)

    def wait(self):
        wait_for('all of them to end',
                 lambda: not say('squeue', '--noheader', '--name=pi').strip(), SECONDS)

    def told(self, folder):
        paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
        lines = [line for path in paths if path.endswith('.jsonl') for line in lines_of(path)]
        said = [read(path) for path in paths if path.endswith('.out')]
        return lines, [text for text in said if text]

    def plain(self):
        """the batch script of the document"""
        folder = self.write('plain', changed(self.scripts[0], CHANGES))
        self.submit(folder)
        self.wait()
        lines, said = self.told(folder)
        return said + different(lines, self.reference)

    def resuming(self):
        """the one that goes on when its time was up"""
        script = changed(self.scripts[1], {**CHANGES, **SIGNAL})
        folder = self.write('resuming', script.replace(f'--to={TERMS}', f'--to={LONG}'))
        self.submit(folder)
        # The next one is submitted by the first one.
        self.write('resuming', script)
        self.wait()
        lines, said = self.told(folder)
        ends = [line['complete'] for line in lines if line['t'] == 'end']
        faults = [] if ends == [False, True] else [f'ends: {ends}', *said]
        return faults + different(lines, self.reference)

    def walltime(self):
        """a run whose time is up, and one that goes on"""
        first = self.timed.end(SECONDS)
        ends = [line for line in first.lines() if line['t'] == 'end']
        faults = [f'{line}' for line in ends if line['complete']]
        if 'TIME LIMIT' not in first.errors():
            faults.append(f'it did not end by that: {first.status}: {first.errors()}')
        second = self.srun(to=TERMS, more=[f'--resume={first.path}']).end()
        return faults + different(first.lines() + second.lines(), self.reference)


def main(root, program):
    frame.main(lambda rack: Checks(root, program), ('plain', 'resuming', 'walltime'))


main(*sys.argv[1:])
