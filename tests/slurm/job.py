# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs of pi-computed-mpi, and what is wrong with the lines that they told."""

import itertools
import json
import subprocess

from rack import DIRECTORY, Failed, PATIENCE, read, wait_for

# The grid of all runs, so that the chunks of one can be compared with those of another.
CHUNK = 16_000_000
TERMS = 2000 * CHUNK
LONG = 10**15  # hours: something has to end it

SRUN = {'openmpi': 'pmix', 'mpich': 'pmi2'}
NUMBERS = itertools.count(1)


class Job:
    """A run of a command whose stdout goes into a file, as a user's would."""

    def __init__(self, *argv):
        self.path = f'{DIRECTORY}/run-{next(NUMBERS)}.jsonl'
        with open(self.path, 'w', encoding='utf-8') as out, \
                open(f'{self.path}.errors', 'w', encoding='utf-8') as errors:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=errors)

    def end(self, seconds=PATIENCE):
        try:
            self.status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f'it does not end: {self.errors()}, {self.lines()[-1:]}') from None
        return self

    def errors(self):
        return read(f'{self.path}.errors')

    def lines(self):
        return lines_of(self.path)

    def wait_until_all_told(self, ranks):
        def told():
            if self.process.poll() is not None:
                raise Failed(f'it ended early: {self.process.returncode}: {self.errors()}')
            return {line['rank'] for line in self.lines() if line['t'] == 'chunk'}
        wait_for('a chunk of each rank', lambda: len(told()) == ranks)


def lines_of(path):
    """But for one that is torn, which a run that was killed may leave."""
    return [json.loads(line) for line in read(path).split('\n')[:-1] if line.startswith('{')]


def sums_of(lines):
    """{(from, to): sum} of what is below TERMS."""
    return {(line['from'], line['to']): line['sum'] for line in lines
            if line['t'] == 'chunk' and line['from'] < TERMS}


def different(lines, reference):
    """What is wrong with lines that should tell all of the reference, with the same bits."""
    sums = sums_of(lines)
    wrong = sorted(key for key in sums.keys() | reference.keys()
                   if sums.get(key) != reference.get(key))
    return [f'terms {key}: {sums.get(key)} is not {reference.get(key)}, and so on, '
            f'{len(wrong)} chunks' for key in wrong[:1]]
