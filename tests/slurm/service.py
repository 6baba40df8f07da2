#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs of the service that Slurm and MPI do, and what happens to them:
service.py DAEMON PICTL FLAVOUR=PROGRAM..."""

import json
import os
import signal
import subprocess
import sys
import time

import frame
from rack import CPUS, DIRECTORY, NODES, Failed, say, wait_for

TERMS = 2 * 10**11
ENDLESS = 10**16
SECONDS = 120
HELPER = 'pi-computed-mpi'
SERVICE = 'org.picompute1'

# Launcher=, the flavour of its helper, and how many ranks there are.
LAUNCHERS = [('none', 'openmpi', 1), ('openmpi', 'openmpi', 2), ('mpich', 'mpich', 2),
             ('slurm-pmix', 'openmpi', NODES), ('slurm-pmi2', 'mpich', NODES)]


class Checks:
    """Of a daemon on a bus of its own, on the machine that one logs in on."""

    def __init__(self, rack, daemon, pictl, programs):
        self.rack = rack
        self.programs = programs
        self.pictl = [pictl, '--user', '--json=short']
        self.argv = [daemon, '--user']
        self.state = f'{DIRECTORY}/service'
        os.makedirs(self.state)
        os.environ.update(STATE_DIRECTORY=self.state, CONFIGURATION_DIRECTORY=self.state,
                          OMPI_ALLOW_RUN_AS_ROOT='1', OMPI_ALLOW_RUN_AS_ROOT_CONFIRM='1')
        os.environ['DBUS_SESSION_BUS_ADDRESS'] = f'unix:path={self.state}/bus'
        self.bus = subprocess.Popen(
            ['dbus-daemon', '--session', '--nofork', f'--address=unix:path={self.state}/bus'],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.launcher('none', 'openmpi', 1)
        self.start()
        self.reference = self.ask('compute', str(TERMS))['report']['sum_hex']

    def launcher(self, preset, flavour, ranks, more=''):
        with open(f'{self.state}/pi-computed.conf', 'w', encoding='utf-8') as file:
            file.write(f'[Engine]\nLauncher={preset}\nHelper={self.programs[flavour]}\n'
                       f'Nodes={ranks}\nThreads={CPUS}\nMinTime=0\n{more}')

    def start(self):
        self.daemon = subprocess.Popen(self.argv, stderr=subprocess.DEVNULL)
        wait_for('the service', lambda: subprocess.run(
            ['busctl', '--user', 'status', SERVICE], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, check=False).returncode == 0)

    def ask(self, *words):
        done = subprocess.run([*self.pictl, *words], stdout=subprocess.PIPE, timeout=SECONDS,
                              stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise Failed(f'pictl {" ".join(words)}: {done.returncode}: {done.stderr}')
        return json.loads(done.stdout)

    def submit(self, terms):
        return self.ask('submit', str(terms), '--engine=mpi')['id']

    def job(self, number):
        return self.ask('show', str(number))

    def wait_until(self, number, what, probe):
        return wait_for(what, lambda: probe(self.job(number)), SECONDS)

    def ranks(self):
        """{pid: command line} on all nodes and here."""
        return {pid: words for pid, words in frame.processes().items()
                if HELPER in words.split(' ')[0]}

    def left(self):
        """What still runs for no job."""
        try:
            wait_for('nothing to be left', lambda: not self.rack.of_jobs() and not self.ranks())
            self.rack.wait_until_idle()
        except Failed:
            return [f'it still runs: {words}' for words in
                    [*self.rack.of_jobs().values(), *self.ranks().values()]]
        return []

    def different(self, report, ranks=None):
        faults = []
        if report['sum_hex'] != self.reference:
            faults.append(f'{report["sum_hex"]} is not {self.reference}')
        if report['engine'] != 'mpi' or ranks not in (None, len(report['nodes'])):
            faults.append(f'{report["engine"]}: {report["nodes"]}')
        return faults

    def same(self):
        """each launcher brings the bits of the service alone"""
        faults = []
        for preset, flavour, ranks in LAUNCHERS:
            self.launcher(preset, flavour, ranks)
            start = time.monotonic()
            report = self.ask('compute', str(TERMS), '--engine=mpi')['report']
            print(f'# {preset}: {time.monotonic() - start:.1f} s, '
                  f'the launch {report["launch_usec"] / 1e6:.2f} s')
            faults += [f'{preset}: {fault}' for fault in self.different(report, ranks)]
            if report['launches'] != 1:
                faults.append(f'{preset}: {report["launches"]} launches')
        return faults + self.left()

    def hurt(self, action, mend=lambda: None):
        """Faults of a job to which something happens when it has begun."""
        self.launcher('slurm-pmix', 'openmpi', NODES)
        number = self.submit(TERMS)
        self.wait_until(number, 'a chunk', lambda job: job['Progress'] > 0)
        action()
        mend()
        self.wait_until(number, 'the end', lambda job: job['State'] not in ('queued', 'running'))
        job = self.job(number)
        if job['State'] != 'done':
            return [f'{job["State"]}: {job["ErrorMessage"]}']
        return self.different(job['Report']) + self.left()

    def rank_killed(self):
        """a rank is killed: what is missing is launched again"""
        def kill():
            os.kill(next(pid for pid, words in self.rack[2].processes().items()
                         if words.startswith(self.programs['openmpi'])), signal.SIGKILL)
        return self.hurt(kill)

    def launcher_killed(self):
        """so it is when srun is"""
        def kill():
            for pid, words in frame.processes().items():
                if words.startswith('srun '):
                    os.kill(pid, signal.SIGKILL)
        return self.hurt(kill)

    def node_off(self):
        """and when a node has lost its power, once that is back"""
        def off():
            self.rack[3].cut_power()
        return self.hurt(off, lambda: self.rack[3].start())

    def daemon_killed(self):
        """a service that is killed goes on with the job when it is back"""
        def kill():
            self.daemon.kill()
            self.daemon.wait()
            wait_for('the launch to be gone', lambda: not self.ranks())
            self.start()
        return self.hurt(kill)

    def cancelled(self, state):
        number = self.submit(ENDLESS)
        self.wait_until(number, state, lambda job: job['EngineState'] == state)
        start = time.monotonic()
        self.ask('cancel', str(number))
        print(f'# cancelled while {state}: {time.monotonic() - start:.3f} s')
        faults = [] if self.job(number)['State'] == 'cancelled' else [str(self.job(number))]
        return faults + self.left()

    def cancel(self):
        """whoever cancels does not wait, and nothing is left"""
        self.launcher('slurm-pmix', 'openmpi', NODES)
        faults = self.cancelled('launching') + self.cancelled('running')
        blocker = subprocess.Popen(['srun', f'--nodes={NODES}', '--exclusive', 'sleep', 'infinity'],
                                   stderr=subprocess.DEVNULL)
        wait_for('the blocker', lambda: say('squeue', '--noheader', '--states=running').strip())
        number = self.submit(ENDLESS)
        self.wait_until(number, 'queued', lambda job: job['EngineState'] == 'queued')
        self.ask('cancel', str(number))
        blocker.terminate()
        blocker.wait()
        return faults + self.left()

    def wrong_launcher(self):
        """a helper of the other MPI is named"""
        self.launcher('slurm-pmi2', 'openmpi', NODES, 'Restarts=0\n')
        say('busctl', '--user', 'call', SERVICE, '/org/picompute1', f'{SERVICE}.Manager', 'Reload')
        number = self.submit(TERMS)
        self.wait_until(number, 'the end', lambda job: job['State'] == 'failed')
        job = self.job(number)
        print(f'# {job["ErrorMessage"]}')
        named = job['ErrorName'].endswith('.EngineFailed') and 'of one MPI?' in job['ErrorMessage']
        return ([] if named else [str(job)]) + self.left()


def main(daemon, pictl, *programs):
    flavours = dict(word.split('=', 1) for word in programs)
    frame.main(lambda rack: Checks(rack, daemon, pictl, flavours),
               ('same', 'rank_killed', 'launcher_killed', 'node_off', 'daemon_killed', 'cancel',
                'wrong_launcher'))


main(*sys.argv[1:])
