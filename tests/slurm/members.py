#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has Slurm start members of a cluster, and take them away: members.py PICTL DAEMON MEMBER"""

import glob
import json
import os
import re
import subprocess
import sys
import tempfile

import frame
from rack import LOGIN, say, wait_for

# Of a sum that goes on until it is cancelled, in parts that take a moment.
LONG = ('1e14', '--parts=1000000', '--scope=cluster')
TERMS = '1e11'
# Seconds a member waits for a cluster that is gone.
PATIENCE = 3
BUS = '''<busconfig><type>session</type><listen>unix:path=bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>'''
SETTINGS = f'[Cluster]\nName=head\nAddress={LOGIN}\nFirewall=no\n'


def said(job):
    """What the jobs of an array have said."""
    text = ''
    for path in sorted(glob.glob(f'slurm-{job}_*.out')):
        with open(path, encoding='utf-8') as file:
            text += file.read()
    return text


class Checks:
    """The head of a cluster on the machine one logs in on. Done in this order."""

    def __init__(self, _, pictl, daemon, member):
        self.program, self.member = pictl, member
        os.chdir(tempfile.mkdtemp(dir='/run'))
        for name, text in (('bus.conf', BUS), ('pi-computed.conf', SETTINGS)):
            with open(name, 'w', encoding='utf-8') as file:
                file.write(text)
        os.environ.update(DBUS_SESSION_BUS_ADDRESS='unix:path=bus', STATE_DIRECTORY='.',
                          CONFIGURATION_DIRECTORY='.')
        subprocess.Popen(['dbus-daemon', '--config-file=bus.conf', '--nofork'],
                         stderr=subprocess.DEVNULL)
        wait_for('the bus', lambda: os.path.exists('bus'))
        self.head = subprocess.Popen([daemon, '--user'], stderr=subprocess.DEVNULL)
        init = [pictl, '--user', 'cluster', 'init']
        wait_for('the head', lambda: not subprocess.run(init, check=False,
                                                        capture_output=True).returncode)
        self.first = self.second = self.sum = ''

    def pictl(self, *words):
        return json.loads(say(self.program, '--user', '--json=short', *words))

    def nodes(self):
        """{name: node} of all but the head."""
        return {node['Name']: node for node in self.pictl('nodes') if node['State'] != 'self'}

    def sbatch(self, *words):
        """The number of an array of jobs that the built member is run by."""
        script = self.pictl('cluster', 'sbatch', *words)['script']
        script, count = re.subn(r"(?<=\nexec )'\S*'", f'{self.member} --patience={PATIENCE}',
                                script)
        if count != 1:
            raise ValueError(script)
        return subprocess.run(['sbatch', '--parsable'], input=script, stdout=subprocess.PIPE,
                              text=True, check=True).stdout.strip()

    def wait_for_leases(self, *names):
        wait_for(f'leases of {names}', lambda: all(
            self.nodes().get(name, {}).get('Verified') for name in names))

    @staticmethod
    def wait_for_end(job):
        wait_for(f'the end of job {job}',
                 lambda: job not in say('squeue', '--noheader', '--format=%F').split())

    def joins(self):
        """jobs of an array are members, with its number and the node in their names"""
        self.first = self.sbatch('--nodes=2')
        names = [f'slurm-{self.first}_{n}-n{n}' for n in (1, 2)]
        wait_for('a member', lambda: 'up' in [node['State'] for node in self.nodes().values()])
        self.sum = str(self.pictl('submit', *LONG)['id'])
        self.wait_for_leases(*names)
        listed = say('squeue', '--noheader', '--format=%j')
        return [] if set(listed.split()) == {'pi-computed-member'} else [listed]

    def grows(self):
        """a sum that runs takes in whom another array brings"""
        self.second = self.sbatch('--nodes=1')
        self.wait_for_leases(f'slurm-{self.second}_1-n3')
        return []

    def shrinks(self):
        """scancel has members leave, and the sum goes on"""
        say('scancel', self.first)
        self.wait_for_end(self.first)
        names = set(self.nodes())
        state = self.pictl('show', self.sum)['State']
        return [] if names == {f'slurm-{self.second}_1-n3'} and state == 'running' else \
            [f'{names}, the sum is {state}', said(self.first)]

    def sums(self):
        """their sum has the same bits"""
        say(self.program, '--user', 'cancel', self.sum)
        alone, together = (self.pictl('compute', TERMS, f'--scope={scope}')['report']
                           for scope in ('local', 'cluster'))
        return [] if alone['sum_hex'] == together['sum_hex'] and len(together['nodes']) == 2 else \
            [str(together)]

    def orphans(self):
        """without the head a member ends by itself"""
        self.head.kill()
        self.wait_for_end(self.second)
        text = said(self.second)
        return [] if 'no member of the cluster could be reached' in text else [text]


ORDER = ('joins', 'grows', 'shrinks', 'sums', 'orphans')

frame.main(lambda rack: Checks(rack, *sys.argv[1:4]), ORDER)
