#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has pi-computed-engine start engines that behave and others: launch.py PROGRAM STUB"""

import json
import os
import signal
import socket
import subprocess
import sys

from launches import SECONDS, Launch, expect, left_after_a_while, marked

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lint'))
from tap import Tap  # noqa: E402

RANGES = [[begin, begin + 250000] for begin in range(0, 2000000, 250000)]
LONG = [[0, 10**15]]


def stub(launcher, mode, more=''):
    return f'Launcher={launcher} {mode}\nHelper=/bin/true\n{more}'


def run(program, settings, order=None):
    with Launch(program, settings) as launch:
        launch.say(order or {'ranges': RANGES})
        return launch.finish(), launch.faults


def test_honest(tap, program, engine):
    launch, faults = run(program, stub(engine, 'honest'))
    chunks = launch.of('chunk')
    tap.result('an engine that does what it is told', faults() + expect(
        (launch.states() == ['launching', 'running'], launch.states()),
        (sum(c['to'] - c['from'] for c in chunks) == 2000000, chunks),
        (launch.of('end') and launch.of('end')[0]['complete'], 'not complete'),
        (launch.kinds().index('hello') < launch.kinds().index('chunk'), launch.kinds())))


def test_passed_on(tap, program, engine):
    """What is for the daemon to judge."""
    for mode, kind, count in (('lies', 'chunk', 8), ('garbage', 'torn', 8),
                              ('wrong-numerics', 'hello', 1)):
        launch, faults = run(program, stub(engine, mode))
        tap.result(f'passed on: {mode}', faults() + expect(
            (len(launch.of(kind)) == count, launch.kinds())))
    launch, faults = run(program, stub(engine, 'dies 3'))
    tap.result('an engine that dies after 3 chunks', faults(0, signal.SIGKILL) + expect(
        (len(launch.of('chunk')) == 3, launch.kinds())))


def test_not_passed_on(tap, program, engine):
    launch, faults = run(program, stub(engine, 'banners'))
    tap.result('banners on stdout', faults() + expect(
        (len(launch.of('chunk')) == 8, launch.kinds()),
        (launch.stderr.count('BAD TERMINATION') == 10, launch.stderr),
        ('90 more lines' in launch.stderr, launch.stderr)))
    launch, faults = run(program, stub(engine, 'forged'))
    tap.result('an engine that forges an exit', faults(what='') + expect(
        (len(launch.of('end')) == 1, launch.kinds()),
        (launch.lines[-1]['what'] != 'forged', launch.lines[-1])))
    launch, faults = run(program, stub(engine, 'two-hellos'), {'ranges': LONG})
    tap.result('ranks that do not know of each other', faults(0, signal.SIGTERM, 'said hello twice')
               + expect((len(launch.of('hello')) == 1, launch.kinds())))
    launch, faults = run(program, stub(engine, 'long-line'))
    tap.result('a line that is too long', faults(0, signal.SIGTERM, 'more than 1 MiB'))


def test_words(tap, program, engine):
    launch, faults = run(program, stub(engine, 'fails 75'))
    tap.result('the words of an engine that fails', faults(75, 0, 'pi-computed-mpi: no such fabric')
               + expect(('srun: error' in launch.stderr, launch.stderr)))


def test_times(tap, program, engine):
    launch, faults = run(program, stub(engine, 'hang-before-hello', 'StartTimeout=1s\n'))
    tap.result('no hello', faults(0, signal.SIGTERM, 'StartTimeout= of [Engine]'))
    launch, faults = run(program, stub(engine, 'queued', 'StartTimeout=1s\nQueueTimeout=2s\n'))
    tap.result('a queue that is too long', faults(0, signal.SIGTERM, 'QueueTimeout= of [Engine]')
               + expect((launch.states() == ['launching', 'queued'], launch.states())))
    launch, faults = run(program, stub(engine, 'allocated'))
    tap.result('a queue that ends', faults() + expect(
        (launch.states() == ['launching', 'queued', 'launching', 'running'], launch.states()),
        (launch.of('state')[1]['detail'] == 'srun: job 12 queued and waiting for resources',
         launch.of('state')[1])))


def test_stop(tap, program, engine):
    with Launch(program, stub(engine, 'honest 8000')) as launch:
        launch.say({'ranges': LONG})
        launch.wait_for('chunk')
        launch.say({'cmd': 'stop'})
        launch.finish()
        tap.result('an engine that is stopped', launch.faults() + expect(
            (launch.of('end') and not launch.of('end')[0]['complete'], launch.of('end'))))
    with Launch(program, stub(engine, 'ignores-stop')) as launch:
        launch.say({'ranges': RANGES})
        launch.wait_for('chunk')
        launch.say({'cmd': 'stop'})
        launch.finish()
        tap.result('an engine that ignores a stop', launch.faults(0, signal.SIGKILL))
    with Launch(program, stub(engine, 'queued')) as launch:
        launch.say({'ranges': RANGES})
        launch.say({'cmd': 'stop'})
        launch.finish()
        tap.result('a stop in the queue', launch.faults(0, signal.SIGTERM))


def test_gone(tap, program, engine):
    for mode in ('honest 8000', 'hang-after-chunk', 'ignores-stop'):
        with Launch(program, stub(engine, mode)) as launch:
            launch.say({'ranges': LONG if '8000' in mode else RANGES})
            launch.wait_for('chunk')
            launch.socket.shutdown(socket.SHUT_WR)
            launch.finish()
            tap.result(f'a daemon that goes: {mode}', launch.faults(
                0, launch.lines[-1].get('signal'), 'Nobody gives orders'))
    with Launch(program, stub(engine, 'ignores-stop')) as launch:
        launch.say({'ranges': RANGES})
        launch.wait_for('chunk')
        launch.file.close()
        launch.socket.close()
        status = launch.process.wait(timeout=SECONDS)
        tap.result('a daemon that dies', expect((status == 0, f'status {status}')) +
                   marked(launch.mark))
    with Launch(program, stub(engine, 'ignores-stop')) as launch:
        launch.say({'ranges': RANGES})
        launch.wait_for('chunk')
        launch.process.terminate()
        launch.finish()
        tap.result('a program that is told to end', launch.faults(0, signal.SIGKILL, 'told to end'))
    with Launch(program, stub(engine, 'hang-after-chunk')) as launch:
        launch.say({'ranges': RANGES})
        launch.wait_for('chunk')
        launch.process.kill()
        launch.process.wait()
        tap.result('a program that is killed', [f'left running: {command}' for command
                                                in left_after_a_while(launch.mark)])
    launch, faults = run(program, stub(engine, 'grandchild'))
    tap.result('an engine that leaves a child', faults())


def test_slow_reader(tap, program, engine):
    """4 MB that wait have the engine wait, too; nothing is lost."""
    with Launch(program, stub(engine, 'honest 8')) as launch:
        launch.say({'ranges': [[0, 8 * 30000]]})
        launch.wait_for('hello')
        launch.finish()
        tap.result('every report of many', launch.faults() + expect(
            (len(launch.of('chunk')) == 30000, len(launch.of('chunk')))))


def test_unread_orders(tap, program, engine):
    with Launch(program, stub(engine, 'hang-before-hello')) as launch:
        order = {'ranges': [[8 * i, 8 * i + 8] for i in range(4096)]}
        try:
            for _ in range(5 * 2**20 // len(json.dumps(order)) + 1):
                launch.say(order)
        except OSError:
            pass  # it has been ended
        launch.finish()
        tap.result('orders that no engine reads', launch.faults(0, signal.SIGTERM, '4 MiB'))


def test_nothing_started(tap, program, engine):
    for name, settings, order, what in (
            ('a fault in the settings', 'Nodes=0\n', None, 'pi-computed.conf:2: Nodes=0 is out of'),
            ('an unknown placeholder', 'Launcher=x {rank}\n', None, '{rank} is no placeholder'),
            ('a launcher that is not there', 'Launcher=/no/mpirun\nHelper=/bin/true\n', None,
             'there is no program /no/mpirun'),
            ('a helper that is not there', f'Launcher={engine} honest\nHelper=/no/mpi\n', None,
             'Helper=/no/mpi: there is no such program'),
            ('an order that is none', stub(engine, 'honest'), {'ranges': [[4, 8]]}, '[4,8]'),
            ('a stop first', stub(engine, 'honest'), {'cmd': 'stop'}, 'before anything was')):
        launch, faults = run(program, settings, order)
        tap.result(name, faults(78, 0, what) + expect((launch.kinds() == ['exit'],
                                                       launch.kinds())))


def main(program, engine):
    tap = Tap()
    with subprocess.Popen(['cat'], stdin=subprocess.PIPE,
                          env=dict(os.environ, PI_TEST_MARK='self')) as left:
        tap.catches('a process that is left', marked('self'))
        left.stdin.close()
    for test in (test_honest, test_passed_on, test_not_passed_on, test_words, test_times, test_stop,
                 test_gone, test_slow_reader, test_unread_orders, test_nothing_started):
        test(tap, program, engine)
    tap.done()


main(*sys.argv[1:])
