#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs pi-computed-mpi under the launchers that are here: run.py PICTL FLAVOUR=PROGRAM..."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))
from tap import Tap  # noqa: E402

TERMS = 10**10
LONG = 10**15  # hours: ends only when it is stopped
SECONDS = 120
RANKS = 3
TORN = '{"t":"chunk","from":'

LAUNCHERS = {
    'openmpi': ['mpirun.openmpi', '--oversubscribe', '--bind-to', 'none', '-np'],
    'mpich': ['mpirun.mpich', '-np'],
}
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1',
                   # Its search for fast networks takes longer than these runs.
                   OMPI_MCA_pml='ob1', OMPI_MCA_btl='self,vader,tcp')


class Run:
    """A run, and the lines it told."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
        self.lines = []

    def order(self, order):
        self.process.stdin.write(json.dumps(order) + '\n')
        self.process.stdin.flush()

    def wait_for(self, kind):
        """Reads until a line of that kind."""
        for text in self.process.stdout:
            if text.startswith('{'):
                self.lines.append(json.loads(text))
                if self.lines[-1]['t'] == kind:
                    return
        raise AssertionError(f'no line "{kind}": {self.process.stderr.read()}')

    def end(self, close=True):
        """Reads to the end."""
        if not close:
            stdin, self.process.stdin = self.process.stdin, None
        out, self.errors = self.process.communicate(timeout=SECONDS)
        if not close:
            stdin.close()
        self.lines += [json.loads(text) for text in out.splitlines() if text.startswith('{')]
        self.status = self.process.returncode
        return self

    def of(self, kind):
        return [line for line in self.lines if line['t'] == kind]


def pid_of(program, rank):
    """The process of a rank."""
    for name in os.listdir('/proc'):
        try:
            if os.readlink(f'/proc/{name}/exe') == program:
                with open(f'/proc/{name}/environ', encoding='utf-8') as file:
                    if re.search(f'(?m)^(OMPI_COMM_WORLD_RANK|PMI_RANK)={rank}$',
                                 file.read().replace('\0', '\n')):
                        return int(name)
        except OSError:
            continue
    return None


def wait_until_gone(program, ranks):
    """Those that have not ended in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        left = [rank for rank in ranks if pid_of(program, rank)]
        if not left:
            return []
        time.sleep(0.1)
    return [f'rank {rank} did not end' for rank in left]


def sum_of(chunks):
    return f"{sum(int(chunk['sum'], 16) for chunk in chunks) % 2**192:048x}"


def tiles(chunks, begin, end):
    for chunk in sorted(chunks, key=lambda c: c['from']):
        if chunk['from'] != begin:
            return False
        begin = chunk['to']
    return begin == end


def whole(run, ranks, expected, chunks=None, status=0):
    """What is wrong with a run that should be complete; any status will do with None."""
    chunks = run.of('chunk') if chunks is None else chunks
    faults = []
    if status is not None and run.status != status:
        faults.append(f'status {run.status}: {run.errors}')
    if [len(line['hosts']) for line in run.of('hello')] != [ranks]:
        faults.append(f"hello: {run.of('hello')}")
    if [line['complete'] for line in run.of('end')] != [True] or run.lines[-1]['t'] != 'end':
        faults.append(f'the last line is {run.lines[-1:]}')
    if not tiles(chunks, 0, TERMS):
        faults.append(f'{len(chunks)} chunks do not tile the range')
    if expected and sum_of(chunks) != expected:
        faults.append(f'{sum_of(chunks)} is not {expected}')
    return faults


def partial(run, status, words=''):
    """What is wrong with a run that was stopped."""
    faults = []
    if status is not None and run.status != status:
        faults.append(f'status {run.status}, not {status}: {run.errors}')
    if [line['complete'] for line in run.of('end')] != [False]:
        faults.append(f'the last line is {run.lines[-1:]}')
    if words not in run.errors:
        faults.append(f'stderr: {run.errors}')
    return faults


def test_flavour(tap, pictl, flavour, program, expected):
    def launch(ranks, *options):
        return Run(LAUNCHERS[flavour] + [str(ranks), program, '--threads=1', *options])

    def check(name, faults):
        tap.result(f'{flavour}: {name}', faults)

    check('no launcher', whole(Run([program, f'--to={TERMS}']).end(), 1, expected))
    check('one rank', whole(launch(1, f'--to={TERMS}').end(), 1, expected))
    check('three ranks', whole(launch(RANKS, '--to=1e10', f'--expect-ranks={RANKS}').end(), RANKS,
                               expected))

    run = launch(RANKS, f'--to={TERMS}', '--fault-injection=1').end()
    faults = whole(run, RANKS, expected)
    if [line['rank'] for line in run.of('fault')] != [1]:
        faults.append(f"faults: {run.of('fault')}")
    check('a rank that lies is found, and its terms are done by others', faults)

    run = launch(RANKS, f'--to={TERMS}', '--chunk=1e8')
    run.wait_for('chunk')
    frozen = pid_of(program, 1)
    os.kill(frozen, signal.SIGSTOP)
    run.wait_for('end')
    left = wait_until_gone(program, (0, 2))
    with contextlib.suppress(ProcessLookupError):
        os.kill(frozen, signal.SIGKILL)
    check('a rank that freezes keeps nobody',
          whole(run.end(), RANKS, expected, status=None) + left)

    run = launch(RANKS, '--control=stdin')
    run.order({'ranges': [[0, TERMS // 2]]})
    run.order({'ranges': [[TERMS // 2, TERMS]]})
    check('two orders on stdin', whole(run.end(close=False), RANKS, expected))

    for name, stop in (('a line', lambda run: run.order({'cmd': 'stop'})),
                       ('the end of stdin', lambda run: run.process.stdin.close())):
        run = launch(RANKS, '--control=stdin', '--chunk=16M')
        run.order({'ranges': [[0, LONG]]})
        run.wait_for('chunk')
        stop(run)
        if run.process.stdin.closed:
            run.process.stdin = None
        check(f'{name} stops it', partial(run.end(), 0))

    test_alone(check, pictl, program, expected)
    run = launch(RANKS, f'--to={TERMS}', '--expect-ranks=2').end()
    check('other ranks than expected',
          [f'{run.status} {run.lines} {run.errors}']
          if run.lines or run.status == 0 or '--expect-ranks' not in run.errors else [])


def write_lines(directory, name, run, torn=''):
    """Lines as in a file that the stdout of that run went to."""
    path = os.path.join(directory, name)
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(json.dumps(line) + '\n' for line in run.lines)
        file.write(torn)
    return path


def merge_faults(pictl, program, stopped):
    """What is wrong with the merging of a run that was stopped and one that went on from it."""
    def merge(*words):
        return subprocess.run([pictl, 'merge', '--json=short', *words], capture_output=True,
                              text=True, timeout=SECONDS, check=False)

    to = max(chunk['to'] for chunk in stopped.of('chunk')) + 10**9
    with tempfile.TemporaryDirectory() as directory:
        first = write_lines(directory, 'first.jsonl', stopped, TORN)
        early = merge(first, f'--terms={to}')
        rest = write_lines(directory, 'rest.jsonl', Run(
            [program, f'--to={to}', f'--resume={first}']).end())
        both = merge(first, rest)
    faults = []
    if early.returncode != 5 or early.stdout or f'--to={to} with --resume' not in early.stderr:
        faults.append(f'of the first alone {early.returncode}: {early.stdout}{early.stderr}')
    if both.returncode != 0 or 'torn' not in both.stderr:
        return faults + [f'of both {both.returncode}: {both.stderr}']
    report = json.loads(both.stdout)['report']
    whole_sum = sum_of(Run([program, f'--to={to}', '--kernel=generic']).end().of('chunk'))
    if (report['terms'], report['sum_hex'], report['runs']) != (to, whole_sum, 2):
        faults.append(f'not {to} terms of the sum {whole_sum}: {report}')
    return faults


def test_alone(check, pictl, program, expected):
    """Without a launcher: some of these start others, some pass signals on as others."""
    with tempfile.TemporaryDirectory() as directory:
        run = Run([program, f'--to={LONG}', '--chunk=16M'])
        run.wait_for('chunk')
        run.process.send_signal(signal.SIGTERM)
        check('SIGTERM ends it, and says how to go on', partial(run.end(), 75, '--resume'))
        check('pictl merge', merge_faults(pictl, program, run))

        first = Run([program, f'--to={TERMS // 4 // 8 * 8}']).end()
        path = write_lines(directory, 'first.jsonl', first, TORN)
        run = Run([program, f'--to={TERMS}', f'--resume={path}']).end()
        check('it goes on with a file',
              whole(run, 1, expected, first.of('chunk') + run.of('chunk')))

        run = Run([program, '--control=stdin'])
        run.order({'ranges': [[4, 8]]})
        run.end()
        check('an order that is no good', partial(run, 65, '[4,8]'))

    for option, status in (('--to=x', 64), ('--to=8 --resume=/nonexistent', 65)):
        run = Run([program, *option.split()]).end()
        check(f'{option} is refused',
              [f'{run.status}: {run.errors}'] if run.status != status or not run.errors else [])


NAMED = ('hostname mpi-test && echo "127.0.0.1 localhost mpi-test" >"$0" && '
         'mount --bind "$0" /etc/hosts && exec "$@"')


def have_a_known_name():
    """MPI looks for this machine's name, seconds each time where nobody knows it: then this goes on
    with a name and a file of names of its own."""
    try:
        socket.gethostbyname(socket.gethostname())
    except OSError:
        with tempfile.NamedTemporaryFile() as hosts:
            alone = ['unshare', '--mount', '--uts', 'sh', '-c', NAMED, hosts.name]
            if subprocess.run([*alone, 'true'], stderr=subprocess.DEVNULL).returncode == 0:
                sys.exit(subprocess.run([*alone, sys.executable, *sys.argv]).returncode)


def main():
    have_a_known_name()
    tap = Tap()
    programs = dict(word.split('=', 1) for word in sys.argv[2:])
    expected = None
    for flavour, launcher in LAUNCHERS.items():
        if flavour not in programs:
            tap.skip(flavour, 'pi-computed-mpi was built without it')
            continue
        if not shutil.which(launcher[0]):
            tap.skip(flavour, f'there is no {launcher[0]}')
            continue
        if expected is None:
            expected = sum_of(Run([programs[flavour], f'--to={TERMS}', '--chunk=1e8',
                                   '--kernel=generic']).end().of('chunk'))
        test_flavour(tap, sys.argv[1], flavour, programs[flavour], expected)
    tap.done()


if __name__ == '__main__':
    main()
