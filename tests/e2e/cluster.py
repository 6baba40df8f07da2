#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the experiment did, on three booted machines, and what befalls them:
cluster.py PACKAGES CACHE [SUITE]

PACKAGES is the folder that ./dev package fills. A fourth machine is a stranger's. Prints TAP, and
skips like checks.py.
"""

import os
import re
import sys
import tempfile

import frame
from debian import newer
from frame import expect, pictl, rules, terms_for
from rack import packages_in, wait_for

SERVICE = 'pi-computed.service'
PORT = 31415

# What a job takes that something happens to, and the progress at which it happens.
SECONDS = 6
REACHED = 0.2

# Until members agree again who is there: they try to connect at least every 30 s.
RECOVERY = 120


class Checks:
    """Each method with a text is a check; they are done in this order, on machines 1 to 3 that
    are joined, and 4, which is not."""

    def __init__(self, rack, folder):
        self.rack = rack
        self.package = packages_in(folder)[0]
        self.members = list(rack)[:3]
        self.stranger = rack[4]
        self.terms = self.sum = None

    def boots(self):
        """four machines boot"""
        for machine, word in zip(self.rack, self.rack.wait_until_up()):
            expect(word == 'running', machine.name, machine.run('systemctl', '--failed').stdout)

    def installs(self):
        """the package installs on three of them at once, and opens no port"""
        before = [machine.say('ss', '--no-header', '-ltnu') for machine in self.members]
        self.rack.each(lambda m: m.install(self.package) if m is not self.stranger else None)
        for machine, ports in zip(self.members, before):
            machine.say('systemctl', 'start', 'pi-computed')
            expect(machine.show(SERVICE, 'ActiveState') == 'active', machine.name)
            expect(machine.say('ss', '--no-header', '-ltnu') == ports, 'something listens')

    def joins(self):
        """cluster init, one token, two joins: all see all"""
        one, *others = self.members
        one.say('pictl', 'cluster', 'init')
        token = one.say('pictl', 'cluster', 'token', '--uses=2').strip()
        for machine in others:
            print('# ' + machine.say('pictl', 'cluster', 'join', token).strip().replace('\n', '; '))
        self.wait_until_whole()

    def wait_until_whole(self):
        for machine in self.members:
            wait_for(f'{machine.name} to see two others, and no more',
                     lambda m=machine: sorted(node['State'] for node in pictl(m, 'nodes')) ==
                     ['self', 'up', 'up'], RECOVERY)

    def computes(self):
        """compute 1e10 in 128 parts: the same bits on one machine and on three"""
        one = self.members[0]
        words = ('compute', '1e10', '--parts=128')
        alone = pictl(one, *words, '--scope=local')['report']
        together = pictl(one, *words)['report']
        expect(alone['sum_hex'] == together['sum_hex'], alone, together)
        expect(together['terms'] == 10**10 and together['verified'], together)
        expect(len(together['nodes']) == 3, together['nodes'])
        expect(sum(node['terms'] for node in together['nodes']) == 10**10, together['nodes'])
        for machine in self.members[1:]:
            expect(pictl(machine, *words)['report']['sum_hex'] == alone['sum_hex'], machine.name)

    def sweeps(self):
        """sweep --nodes=1,2,3: a table with a line for each size of the cluster"""
        said = self.members[0].say('pictl', 'sweep', '--nodes=1,2,3', '--terms=1e10')
        for line in said.splitlines():
            print(f'# {line}')
        sizes = re.findall(r'^ +([123]) .* %', said, re.MULTILINE)
        expect(sizes == ['1', '2', '3'], said)

    def tells_shell(self):
        """GetMetrics by busctl from the shell, with figures of each member"""
        done = self.members[1].json('busctl', '--json=short', 'call', 'org.picompute1',
                                    '/org/picompute1', 'org.picompute1.Manager', 'GetMetrics')
        figures, = done['data']
        names = [node['name']['data'] for node in figures['nodes']['data']]
        expect(sorted(names) == [m.name for m in self.members], names)
        expect(figures['jobs_done']['data'] >= 1, figures['jobs_done'])

    def connects(self, machine, address):
        """Whether it can connect to the port of the cluster there."""
        return machine.run('socat', '-u', '/dev/null',
                           f'TCP:{address}:{PORT},connect-timeout=2').returncode == 0

    def refuses_strangers(self):
        """a foreign machine cannot connect to any, members can, and it is told who tried"""
        for machine in self.members:
            for address in (machine.address, f'[{machine.address6}]'):
                expect(not self.connects(self.stranger, address), f'a stranger: {address}')
            others = [m for m in self.members if m is not machine]
            expect(all(self.connects(other, machine.address) for other in others), machine.name)
            done = machine.run('pictl', 'firewall', 'check')
            expect(done.returncode == 0, machine.name, done.stdout, done.stderr)
            expect(self.stranger.address in done.stdout, done.stdout)
            done = machine.run('pictl', 'doctor')
            expect(done.returncode == 0, machine.name, done.stdout, done.stderr)
        # It is refused, and not cut off from the machines.
        self.stranger.say('ping', '-c1', '-W2', self.members[0].address)

    def measures(self):
        """a job long enough for something to happen to it, with its bits from one machine"""
        one = self.members[0]
        self.terms = terms_for(one, SECONDS)
        self.sum = pictl(one, 'compute', self.terms, '--scope=local')['report']['sum_hex']

    def show(self, job):
        shown = pictl(self.members[0], 'show', job)
        expect(shown['State'] in ('queued', 'running', 'done'), shown)
        return shown

    def survives(self, blow, mend=lambda: None):
        """A job of machine 1 during which `blow` happens: the right bits. Returns its report."""
        job = str(pictl(self.members[0], 'submit', self.terms)['id'])
        wait_for('progress', lambda: self.show(job)['Progress'] >= REACHED)
        blow()
        expect(self.show(job)['Progress'] < 1, 'it happened when the job was done')
        wait_for('the end of the job', lambda: self.show(job)['State'] == 'done', 300)
        mend()
        report = self.show(job)['Report']
        expect(report['sum_hex'] == self.sum, 'other bits', report)
        expect(report['terms'] == int(self.terms[:-1]) * 10**9, report)
        rows = [f'{node["name"]} {node["share"]:.2f} lost {node.get("leases_lost", 0)}'
                for node in report['nodes']]
        print(f'# {report["compute_usec"] / 1e6:.1f} s; {", ".join(rows)}')
        self.wait_until_whole()
        return report

    def lost(self, machine):
        """How often machine 1 lost that member, as its journal says."""
        return len([record for record in self.members[0].records(f'--unit={SERVICE}')
                    if record['MESSAGE'].startswith(f'Node {machine.name} ') and
                    'lost' in record['MESSAGE']])

    def survives_loss(self, machine, blow, mend):
        before = self.lost(machine)
        self.survives(blow, mend)
        expect(self.lost(machine) > before, f'nobody says that {machine.name} was lost')

    def crash(self):
        """a member crashes during a job: the same bits"""
        three = self.members[2]
        self.survives_loss(three, three.crash, three.start)

    def power(self):
        """a member loses power, which nobody tells: the same bits"""
        three = self.members[2]
        self.survives_loss(three, three.cut_power, three.start)

    def frozen(self):
        """a member freezes while its kernel answers: the same bits"""
        three = self.members[2]
        self.survives_loss(three, three.freeze, three.thaw)

    def one_way(self):
        """a member's packets no longer come, ours reach it: the same bits"""
        self.survives_loss(self.members[2], lambda: self.rack.cut(3, 1), self.rack.heal)

    def lossy(self):
        """30 % of a member's packets are lost: the same bits"""
        self.survives(lambda: self.members[2].loss(30), self.rack.heal)

    def slow(self):
        """a member is slowed to 20 %: the same bits, and it is given less"""
        three = self.members[2]
        # Of one CPU, and what it has is a third of all of them.
        three.slow(20 * os.cpu_count() // 3)
        try:
            report = self.survives(lambda: None)
        finally:
            three.slow('max')
        share = {node['name']: node['share'] for node in report['nodes']}
        expect(share['pi-3'] < 0.7 * min(share['pi-1'], share['pi-2']), share)

    def reboots(self):
        """a member reboots: the same bits, and it is back by itself"""
        self.survives(self.members[1].reboot)

    def upgrades(self):
        """the coordinator is upgraded: its job goes on, to the same bits"""
        one = self.members[0]
        with tempfile.TemporaryDirectory() as folder:
            made = newer(self.package, folder)
            before = one.show(SERVICE, 'MainPID')
            report = self.survives(lambda: one.install(made))
        expect(one.show(SERVICE, 'MainPID') != before, 'it was not started again')
        expect(report['resumes'] == 1, report)
        working = [node['name'] for node in report['nodes'] if node['terms'] > 0]
        expect(sorted(working) == [m.name for m in self.members], 'not all of them', report)

    def ends(self):
        """after cluster leave nothing listens and no rule is left"""
        for machine in reversed(self.members):
            machine.say('pictl', 'cluster', 'leave')
            wait_for('the rules to go', lambda m=machine: not rules(m))
            expect(str(PORT) not in machine.say('ss', '--no-header', '-ltn'), 'it listens')


ORDER = ('boots', 'installs', 'joins', 'computes', 'sweeps', 'tells_shell', 'refuses_strangers',
         'measures', 'crash', 'power', 'frozen', 'one_way', 'lossy', 'slow', 'reboots', 'upgrades',
         'ends')


def main(folder, cache, suite='bookworm'):
    frame.main_in_order('three machines', cache, suite, 4, lambda rack: Checks(rack, folder), ORDER)


main(*sys.argv[1:4])
