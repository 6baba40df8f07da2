#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What pi-computed-mpi costs under each launcher: mpi.py FLAVOUR=PROGRAM...

Slurm's nodes are namespaces of this machine (tests/slurm/rack.py): three ranks are no faster than
one, so what is told is what they cost. Runs take turns; the tables have medians and ranges.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, '..', 'slurm'))

import rack  # noqa: E402

RANKS = 3
LAUNCHES = 11
ROUNDS = 5
TINY = 10**6
LARGE = 10**11
# Many chunks, or one for each rank, of the same terms.
SMALL = 10**9
CHUNKS = 50_000

SRUN = ['srun', f'--nodes={RANKS}', '--kill-on-bad-exit=1']
LAUNCHERS = {
    'openmpi': (('none', []),
                ('mpirun', ['mpirun.openmpi', '--oversubscribe', '--bind-to', 'none', '-np',
                            str(RANKS)]),
                ('srun --mpi=pmix', [*SRUN, '--mpi=pmix'])),
    'mpich': (('none', []),
              ('mpirun', ['mpirun.mpich', '-np', str(RANKS)]),
              ('srun --mpi=pmi2', [*SRUN, '--mpi=pmi2'])),
}


class Launcher:
    """A way to start a program, and what its runs took."""

    def __init__(self, flavour, program, name, argv):
        self.name = f'{flavour}, {name}'
        self.argv = argv
        self.program = program
        self.ranks = RANKS if argv else 1
        self.samples = {}

    def add(self, what, value):
        self.samples.setdefault(what, []).append(value)

    def cell(self, what, factor=1.0):
        values = [value * factor for value in self.samples[what]]
        return f'{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})'

    def launch(self):
        """A tiny job: ms until its first line, its last one, and the launcher's end."""
        start = time.monotonic()
        with subprocess.Popen([*self.argv, self.program, f'--to={TINY}', '--threads=1'],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL) as run:
            for line in run.stdout:
                for kind in ('hello', 'end'):
                    if line.startswith(b'{"t":"%s"' % kind.encode()):
                        self.add(kind, 1e3 * (time.monotonic() - start))
        if run.returncode:
            raise rack.Failed(f'{self.name}: status {run.returncode}')
        self.add('exit', 1e3 * (time.monotonic() - start))

    def compute(self, terms, *options):
        """CPU seconds of all ranks, and the most KiB of one."""
        done = subprocess.run([*self.argv, sys.executable, os.path.join(HERE, 'rank.py'),
                               self.program, f'--to={terms}', '--threads=1', *options],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, check=True, text=True,
                              timeout=5 * rack.PATIENCE)
        took = re.findall(r'^rank took (\S+) (\S+)$', done.stderr, re.MULTILINE)
        if len(took) != self.ranks:
            raise rack.Failed(f'{self.name}: {len(took)} ranks: {done.stderr}')
        return sum(float(cpu) for cpu, _ in took), max(int(memory) for _, memory in took)

    def costs(self):
        cpu, memory = self.compute(LARGE)
        self.add('cpu', cpu)
        self.add('memory', memory)
        many, _ = self.compute(SMALL, f'--chunk={SMALL // CHUNKS}')
        few, _ = self.compute(SMALL, f'--chunk={-(-SMALL // self.ranks) // 8 * 8 + 8}')
        self.add('chunk', 1e6 * (many - few) / CHUNKS)


def table(title, headings, rows):
    print(f'\n{title}')
    rows = [headings, *rows]
    if os.environ.get('PI_BENCH_TABLE') == 'markdown':
        rows.insert(1, ['---'] * len(headings))
        print('\n'.join(f'| {" | ".join(row)} |' for row in rows))
        return
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    for row in rows:
        print('  '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())


def print_tables(launchers):
    table(f'Launch, {RANKS} ranks, {TINY:g} terms: ms of {LAUNCHES} runs',
          ['', 'to the first line', 'to the last line', 'to the exit'],
          [[each.name, each.cell('hello'), each.cell('end'), each.cell('exit')]
           for each in launchers])
    alone = {each.name.split(',')[0]: statistics.median(each.samples['cpu'])
             for each in launchers if not each.argv}
    table(f'Costs, {RANKS} ranks with a thread each; {ROUNDS} rounds',
          ['', f'CPU s of {LARGE:g} terms', 'of that without', 'a chunk, CPU us', 'MiB a rank'],
          [[each.name, each.cell('cpu'), each.cell('cpu', 1 / alone[each.name.split(',')[0]]),
            each.cell('chunk'), each.cell('memory', 1 / 1024)] for each in launchers])


def main(*words):
    reason = rack.why_not()
    if not reason:
        rack.enter()
        rack.Rack()
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1')
    print(f'load average before the run {os.getloadavg()[0]:.2f}'
          f'{"; no Slurm: " + reason if reason else ""}', flush=True)
    programs = dict(word.split('=', 1) for word in words)
    launchers = [Launcher(flavour, program, name, argv) for flavour, program in programs.items()
                 for name, argv in LAUNCHERS[flavour]
                 if not argv or shutil.which(argv[0]) and not (reason and argv[0] == 'srun')]
    for number in range(LAUNCHES):
        for launcher in launchers:
            launcher.launch()
            if number < ROUNDS:
                launcher.costs()
    print_tables(launchers)


main(*sys.argv[1:])
