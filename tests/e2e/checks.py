#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The service on a booted machine, as an administrator sees it:
checks.py SOURCE PACKAGES PROBE STUB CACHE [SUITE]

Boots one with systemd of its own, see rack.sh, installs what ./dev package has left in the folder
PACKAGES, and prints TAP. PROBE is the program of fence-probe.c, STUB that of
../engine/stub-engine.c. Needs root and Debian; where it
cannot boot, it skips all and says why. PI_E2E_TERMS is the number of terms of the job that is
interrupted; without it a number that takes some seconds.
"""

import json
import os
import re
import sys
import time

import engine
import fence
import frame
from frame import Skipped, expect, pictl, read, rules, terms_for
from rack import packages_in, wait_for

SERVICE = 'pi-computed.service'
STATE = '/var/lib/pi-computed'
DROP_IN = '/etc/pi-computed/pi-computed.conf.d/50-test.conf'

# Exposure of a unit that systemd-analyze security may find, times 10. Engines are programs of the
# site, which use its network.
EXPOSURE = 15
EXPOSURES = {'pi-computed-engine@.service': 19}

# Of a job that is interrupted.
SECONDS = 8


def between(value, low, high, share):
    """Whether it is at most that share outside."""
    return low * (1 - share) <= value <= high * (1 + share)


def metrics(machine):
    return pictl(machine, 'metrics')


class Checks:
    """Each method with a text is a check; they are done in this order on one machine."""

    def __init__(self, machine, source, packages, probe, stub):
        self.machine = machine
        self.packages = packages
        self.probe = probe
        self.stub = stub
        header = read(source, 'daemon/events.h')
        self.events = dict(re.findall(r'#define PI_EVENT_(\w+) "([0-9a-f]{32})"', header))
        self.units = []

    def count(self, event):
        return len(self.machine.records(f'MESSAGE_ID={self.events[event]}'))

    def compare(self, theirs, ours, unit):
        """A figure of systemd's and one of GetMetrics: it changes while they are read."""
        said = [self.machine.show(SERVICE, theirs), metrics(self.machine)[ours],
                self.machine.show(SERVICE, theirs)]
        expect(said[0].isdigit(), f'systemd says "{said[0]}"')
        before, after = int(said[0]) / unit, int(said[2]) / unit
        print(f'# {ours}: {said[1]}; systemd: {before:.0f} before, {after:.0f} after')
        expect(between(said[1], *sorted((before, after)), 0.05), *said)

    def boots(self):
        """the machine boots"""
        word = self.machine.wait_until_up()
        expect(word == 'running', self.machine.run('systemctl', '--failed').stdout)

    def installs(self):
        """the service is installed, with all units"""
        self.machine.install(*packages_in(self.packages))
        said = self.machine.say('systemctl', 'list-unit-files', '--no-legend', '--plain',
                                'pi-computed*')
        self.units = [line.split()[0] for line in said.splitlines()]

    def starts(self):
        """the service starts and computes"""
        m = self.machine
        m.say('systemctl', 'enable', SERVICE)
        m.say('systemctl', 'start', SERVICE)
        expect(m.show(SERVICE, 'ActiveState') == 'active')
        report = pictl(m, 'compute', '1e9')['report']
        expect(report['verified'] and report['pi_text'].startswith('3.14159265'), report)

    def warns_nobody(self):
        """a first start warns of nothing"""
        records = self.machine.records(f'--unit={SERVICE}', '--priority=warning')
        expect(not records, *[record['MESSAGE'] for record in records])

    def is_activated(self):
        """the first call starts the service, also for a user without rights"""
        m = self.machine
        m.say('systemctl', 'stop', SERVICE)
        done = m.run('setpriv', '--reuid=nobody', '--clear-groups', 'pictl', '--json=short',
                     'compute', '1e6')
        expect(done.returncode == 0, done.stderr)
        expect(m.show(SERVICE, 'ActiveState') == 'active')

    def is_sandboxed(self):
        """systemd-analyze security finds each service closed"""
        services = [unit for unit in self.units if unit.endswith('.service')]
        expect(SERVICE in services, self.units)
        for unit in services:
            done = self.machine.run('systemd-analyze', 'security', '--no-pager',
                                    f'--threshold={EXPOSURES.get(unit, EXPOSURE)}', unit)
            last = done.stdout.strip().splitlines()[-1:]
            print(f'# {unit}: {" ".join(last)}')
            expect(done.returncode == 0, unit, done.stdout[-3000:], done.stderr)

    def is_fenced(self):
        """from inside each sandbox: no program, no place, no socket, no power but those it needs"""
        fence.check(self.machine, self.probe)
        self.machine.say('systemctl', 'start', SERVICE)

    def has_an_engine(self):
        """a job of an engine is launched outside of the sandbox, and leaves nothing"""
        engine.check(self.machine, self.stub)

    def verifies_units(self):
        """systemd-analyze verify has nothing to say"""
        for unit in self.units:
            done = self.machine.run('systemd-analyze', 'verify', '--man=no', unit)
            expect(done.returncode == 0 and not done.stderr, unit, done.stderr)

    def tells_cpu(self):
        """GetMetrics has the CPU time that systemd has"""
        m = self.machine
        job = pictl(m, 'submit', '1e15')['id']
        time.sleep(2)
        self.compare('CPUUsageNSec', 'cgroup_cpu_usec', 1000)
        m.say('pictl', 'cancel', str(job))

    def progress(self, job):
        """Of a job that must not fail."""
        shown = pictl(self.machine, 'show', job)
        expect(shown['State'] in ('queued', 'running', 'done'), shown)
        return shown['Progress']

    def survives(self):
        """a detached job survives SIGKILL, restart, loss of power and reboot, with the same bits"""
        m = self.machine
        terms = os.environ.get('PI_E2E_TERMS') or terms_for(m, SECONDS)
        whole = pictl(m, 'compute', terms)['report']
        blows = {
            'SIGKILL': lambda: m.say('systemctl', 'kill', '--signal=KILL', SERVICE),
            'restart': lambda: m.say('systemctl', 'restart', SERVICE),
            'loss of power': lambda: (m.cut_power(), m.start()),
            'reboot': m.reboot,
        }
        job = str(pictl(m, 'submit', terms, '--label=survivor')['id'])
        for number, (name, blow) in enumerate(blows.items(), 1):
            wait_for(f'progress before {name}',
                     lambda least=number / 5: self.progress(job) >= least)
            reached = self.progress(job)
            expect(reached < 1, f'the job was done before {name}')
            blow()
            wait_for(f'the service after {name}',
                     lambda: m.run('systemctl', 'is-active', SERVICE).stdout.strip() == 'active')
            print(f'# {name} at {reached:.3f}, on again from {self.progress(job):.3f}')
        wait_for('the end of the job', lambda: self.progress(job) == 1, 600)
        shown = pictl(m, 'show', job)
        expect(shown['State'] == 'done', shown)
        expect(shown['Report']['sum_hex'] == whole['sum_hex'], shown['Report'], whole)
        expect(shown['Report']['resumes'] == len(blows), shown['Report'])
        print(f'# {terms} terms in {whole["compute_usec"] / 1e6:.2f} s, '
              f'interrupted in {shown["Report"]["compute_usec"] / 1e6:.2f} s')

    def reloads(self):
        """systemctl reload takes new settings, and keeps the old ones when the new are bad"""
        m = self.machine
        m.write(DROP_IN, '[Limits]\nJobsPerUser=1\n')
        m.say('systemctl', 'reload', SERVICE)
        job = pictl(m, 'submit', '1e15')['id']
        refused = m.run('pictl', 'submit', '1e15')
        expect(refused.returncode != 0 and '1' in refused.stderr, refused)
        m.write(DROP_IN, '[Limits]\n\nJobsPerUser=0\n')
        before = self.count('RELOAD_FAILED')
        expect(m.run('systemctl', 'reload', SERVICE).returncode != 0, 'the reload succeeded')
        records = m.records(f'MESSAGE_ID={self.events["RELOAD_FAILED"]}')
        expect(len(records) == before + 1, records)
        for word in (f'{DROP_IN}:3', 'JobsPerUser', '1 to 4096'):
            expect(word in records[-1]['MESSAGE'], records[-1]['MESSAGE'])
        expect(m.show(SERVICE, 'ActiveState') == 'active')
        expect(m.run('pictl', 'submit', '1e15').returncode != 0, 'the old settings are gone')
        m.say('rm', DROP_IN)
        m.say('systemctl', 'reload', SERVICE)
        other = pictl(m, 'submit', '1e15')['id']
        m.say('pictl', 'cancel', str(job), str(other))

    def degrades(self, hurt, heal):
        """What a service does whose small disk cannot be written for a while."""
        m = self.machine
        self.restart_after(lambda: m.say('mount', '-t', 'tmpfs', '-o', 'size=8M,mode=700',
                                         'tmpfs', STATE))
        before = self.count('STORE_DEGRADED'), self.count('STORE_RECOVERED')
        hurt()
        job = str(pictl(m, 'submit', '1e15')['id'])
        wait_for('a degraded store', lambda: metrics(m)['store_degraded'])
        expect(metrics(m)['store_error'], 'no reason is given')
        # Longer than the store waits between two tries: it is told of once all the same.
        time.sleep(5)
        reached = self.progress(job)
        wait_for('the job to go on', lambda: self.progress(job) > reached)
        heal()
        wait_for('a store that works', lambda: not metrics(m)['store_degraded'])
        after = self.count('STORE_DEGRADED'), self.count('STORE_RECOVERED')
        expect(after == (before[0] + 1, before[1] + 1), f'records before {before}, after {after}')
        # So many starts in so short a time are an error elsewhere.
        m.say('systemctl', 'reset-failed', SERVICE)
        m.say('systemctl', 'restart', SERVICE)
        expect(self.progress(job) > reached, 'the job was not kept after all')
        m.say('pictl', 'cancel', job)

    def restart_after(self, change):
        self.machine.say('systemctl', 'stop', SERVICE)
        change()
        self.machine.say('systemctl', 'reset-failed', SERVICE)
        self.machine.say('systemctl', 'start', SERVICE)

    def disk_full(self):
        """a full disk: it computes without checkpoints, says so once, and recovers"""
        m, ballast = self.machine, f'{STATE}/ballast'
        try:
            self.degrades(lambda: m.run('dd', 'if=/dev/zero', f'of={ballast}', 'bs=4k'),
                          lambda: m.say('rm', ballast))
        finally:
            self.restart_after(lambda: m.run('umount', STATE))

    def disk_read_only(self):
        """a read-only disk: the same"""
        m = self.machine

        def lock():
            # The file system and not its mount, of which the service has a copy.
            m.say('mount', '-o', 'remount,ro', STATE)
            m.say('mount', '-o', 'remount,bind,rw', STATE)

        try:
            self.degrades(lambda: self.restart_after(lock),
                          lambda: m.say('mount', '-o', 'remount,rw', STATE))
        finally:
            self.restart_after(lambda: m.run('umount', STATE))

    def explains(self):
        """the journal finds the records of a job, and explains them"""
        m = self.machine
        job = str(pictl(m, 'submit', '1e11')['id'])
        wait_for('the end of the job', lambda: pictl(m, 'show', job)['State'] == 'done')
        # systemd numbers jobs of its own in a field of this name.
        records = m.records(f'--unit={SERVICE}', f'JOB_ID={job}')
        ids = [record.get('MESSAGE_ID') for record in records]
        for event in ('JOB_QUEUED', 'JOB_STARTED', 'JOB_DONE'):
            expect(self.events[event] in ids, event, *records)
        told = re.search(r'journalctl .*$', m.say('pictl', 'show', job), re.MULTILINE)
        expect(told, 'pictl show names no command for the records')
        said = m.say(*told.group().split(), '--no-pager', '--catalog')
        for word in ('queued', 'started', 'done'):
            expect(re.search(rf'Subject: Job {job} (is|has) {word}', said), said)

    def exports(self):
        """the exporter's socket serves the metrics over HTTP"""
        m, socket = self.machine, 'pi-computed-exporter.socket'
        expect(socket in self.units, self.units)
        expect(m.run('systemctl', 'is-enabled', socket).stdout.strip() == 'disabled')
        m.say('systemctl', 'start', socket)
        expect(m.run('systemctl', 'is-active', socket.replace('.socket', '.service'))
               .stdout.strip() == 'inactive', 'it runs before anybody asks')
        listen = re.search(r'(\S+) \(Stream\)', m.show(socket, 'Listen')).group(1)
        said = m.say('curl', '--fail', '--silent', '--show-error', f'http://{listen}/metrics')
        expect(re.search(r'^picompute_up 1$', said, re.MULTILINE), said[:500])
        expect('picompute_jobs_done_total ' in said, said[:500])
        m.say('systemctl', 'stop', socket, socket.replace('.socket', '.service'))

    def leaves_textfile(self):
        """the timer's service writes the file for node_exporter"""
        m, folder = self.machine, '/var/lib/prometheus/node-exporter'
        expect('pi-computed-textfile.timer' in self.units, self.units)
        # As the package of node_exporter does.
        m.say('mkdir', '-p', folder)
        m.say('systemctl', 'start', m.show('pi-computed-textfile.timer', 'Unit'))
        said = m.say('cat', f'{folder}/picompute.prom')
        expect(re.search(r'^picompute_up 1$', said, re.MULTILINE), said[:500])
        mode = m.say('stat', '--format=%a', f'{folder}/picompute.prom').strip()
        expect(mode == '644', f'mode {mode}: not readable by all')
        expect(m.say('ls', folder).split() == ['picompute.prom'], 'something beside it is left')

    def guards(self):
        """in a cluster members alone can connect, whatever others do to the rules"""
        m, helper = self.machine, 'pi-computed-firewall.service'
        # As the package of nftables has it: a reload flushes all.
        m.write('/etc/nftables.conf', 'flush ruleset\ntable inet filter {\n chain input {\n'
                '  type filter hook input priority filter;\n  tcp dport 22 accept\n }\n}\n')
        m.say('systemctl', 'start', 'nftables.service')
        before = m.say('nft', 'list', 'ruleset')
        m.say('pictl', 'cluster', 'init')
        wait_for('the rules', lambda: rules(m))
        expect(before in m.say('nft', 'list', 'ruleset'), 'rules of others have changed')
        expect(pictl(m, 'firewall', 'show')['mode'] == 'owner')
        capabilities = m.say('sh', '-c', f'grep CapEff /proc/{m.show(helper, "MainPID")}/status')
        expect(capabilities.split()[1] == '0000000000001000', capabilities)
        for argv in (('nft', 'flush', 'ruleset'), ('systemctl', 'reload', 'nftables.service')):
            m.say(*argv)
            expect(rules(m), f'{" ".join(argv)} took the rules away')
        m.say('systemctl', 'kill', '--signal=KILL', helper)
        wait_for('the rules to come back', lambda: rules(m))
        for verb in (('firewall', 'check'), ('doctor',)):
            done = m.run('pictl', *verb)
            expect(done.returncode == 0, verb, done.stdout, done.stderr)
        done = m.run('setpriv', '--reuid=nobody', '--clear-groups', 'pictl', 'firewall', 'show')
        expect(done.returncode == 6 and 'only root' in done.stderr, done.returncode, done.stderr)
        m.say('systemctl', 'stop', SERVICE)
        expect(not rules(m), 'they outlive the service')
        m.say('systemctl', 'start', SERVICE)
        wait_for('the rules after a restart', lambda: rules(m))
        m.say('pictl', 'cluster', 'leave')
        wait_for('the rules to go', lambda: not rules(m))
        expect(m.say('nft', 'list', 'ruleset') == before, 'rules of others have changed')

    def finds(self, remedy):
        """The firewall of another has to be named, and be no hindrance when its remedy was run."""
        m, check = self.machine, ('pictl', '--json=short', 'firewall', 'check', '--from=192.0.2.7')
        wait_for('the rules', lambda: rules(m))

        def broken():
            done = m.run(*check)
            found = [f for f in json.loads(done.stdout) if f['check'] == 'filters']
            expect(len(found) == 1 and done.returncode in (0, 1, 2), done.stdout, done.stderr)
            return found[0]['severity'] == 'broken' and found[0]
        found = broken()
        expect(found, m.run(*check).stdout, m.run('nft', 'list', 'ruleset').stdout[:6000])
        print(f'# {found["text"]} -> {found["remedy"]}')
        expect(remedy in found['remedy'].split('\n'), found)
        m.say(*remedy.replace('sudo ', '').split())
        expect(not broken(), m.run(*check).stdout)

    def beside_firewalld(self):
        """firewalld itself: what it refuses is named, and allowed on request"""
        m = self.machine
        m.say('systemctl', 'stop', 'nftables.service')
        m.say('systemctl', 'start', 'firewalld.service')
        m.say('pictl', 'cluster', 'init')
        self.finds('sudo pictl firewall apply --firewalld')
        said = m.say('firewall-cmd', '--list-services')
        expect('pi-computed' in said.split(), said)
        m.say('firewall-cmd', '--reload')
        expect('pi-computed' in m.say('firewall-cmd', '--list-services').split(), 'not permanent')
        expect(rules(m), 'firewalld took the rules away')
        m.say('systemctl', 'stop', 'firewalld.service')
        m.say('pictl', 'cluster', 'leave')

    def beside_ufw(self):
        """ufw itself: what it refuses is named, with its own command"""
        m = self.machine
        m.say('ufw', '--force', 'enable')
        m.say('pictl', 'cluster', 'init')
        self.finds('sudo ufw allow from 192.0.2.7 to any app pi-computed')
        m.say('ufw', '--force', 'disable')
        m.say('pictl', 'cluster', 'leave')

    def tells_memory(self):
        """GetMetrics has the memory that systemd has"""
        m = self.machine
        m.see_groups('own')
        expect(m.reboot() == 'running', m.run('systemctl', '--failed').stdout)
        job = pictl(m, 'submit', '1e15', '--parts=1000000')['id']
        time.sleep(1)
        if os.path.exists('/sys/fs/cgroup/cgroup.controllers') and \
                not m.show(SERVICE, 'MemoryCurrent').isdigit():
            raise Skipped('this machine hands no control of memory on')
        self.compare('MemoryCurrent', 'cgroup_memory_bytes', 1)
        m.say('pictl', 'cancel', str(job))

    def stops(self):
        """the machine shuts down while a job runs"""
        m = self.machine
        pictl(m, 'submit', '1e15')
        m.power_off()
        expect('ended with status 0' in m.console(), m.console()[-2000:])


ORDER = ('boots', 'installs', 'starts', 'warns_nobody', 'is_activated', 'is_sandboxed',
         'is_fenced', 'has_an_engine', 'verifies_units', 'tells_cpu', 'survives', 'reloads',
         'disk_full', 'disk_read_only', 'explains', 'exports', 'leaves_textfile', 'guards',
         'beside_firewalld', 'beside_ufw', 'tells_memory', 'stops')


def main(source, packages, probe, stub, cache, suite='bookworm'):
    frame.main_in_order('the service on a booted machine', cache, suite, 1,
                        lambda rack: Checks(rack[1], source, packages, probe, stub),
                        ORDER)


main(*sys.argv[1:7])
