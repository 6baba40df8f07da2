#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages on a booted machine, from the installation to the purge:
packages.py PACKAGES CACHE [SUITE]

PACKAGES is the folder that ./dev package fills. Prints TAP, and skips like checks.py.
"""

import sys
import tempfile
import time

import frame
from debian import newer
from frame import expect, pictl, rules, terms_for
from rack import packages_in, wait_for

SERVICE = 'pi-computed.service'
HELPER = 'pi-computed-firewall.service'
SETTINGS = '/etc/pi-computed/pi-computed.conf'
NAMES = ('pi-computed-exporter', 'pi-computed')

# What is not kept over a boot, and what dpkg, the journal and the message catalog keep themselves.
ELSEWHERE = ('/dev', '/proc', '/run', '/sys', '/tmp', '/var/cache', '/var/lib/dpkg', '/var/log',
             '/var/tmp')

# Of a job that is interrupted.
SECONDS = 10


class Checks:
    """Each method with a text is a check; they are done in this order on one machine."""

    def __init__(self, machine, folder):
        self.machine = machine
        self.packages = packages_in(folder)
        self.files = self.rules = self.terms = self.sum = self.node = None
        self.job = ''

    def all_files(self):
        words = [word for path in ELSEWHERE for word in ('-path', path, '-prune', '-o')]
        return set(self.machine.say('find', '/', *words, '-print').splitlines())

    def all_rules(self):
        return self.machine.say('nft', 'list', 'ruleset')

    def show(self):
        return pictl(self.machine, 'show', self.job)

    def boots(self):
        """the machine boots"""
        expect(self.machine.wait_until_up() == 'running')
        self.machine.say('nft', 'add', 'table', 'inet', 'of_another')
        self.files, self.rules = self.all_files(), self.all_rules()

    def installs(self):
        """a first installation starts the service, warns of nothing, and opens nothing"""
        m, start = self.machine, time.monotonic()
        ports = m.say('ss', '--no-header', '-ltnu')
        m.install(*self.packages)
        installed = time.monotonic()
        expect(pictl(m, 'compute', '1e9')['report']['verified'])
        print(f'# installed in {installed - start:.2f} s, the first 1e9 terms after '
              f'{time.monotonic() - installed:.2f} s more')
        expect(m.show(SERVICE, 'ActiveState') == 'active')
        expect(m.show(SERVICE, 'NRestarts') == '0', 'the first start failed')
        warnings = m.records('--priority=warning', f'--unit={SERVICE}')
        expect(not warnings, *warnings)
        expect(m.say('ss', '--no-header', '-ltnu') == ports, 'something listens')

    def enables(self):
        """the service alone is enabled"""
        m = self.machine
        said = m.say('systemctl', 'list-unit-files', '--no-legend', '--plain', 'pi-computed*')
        enabled = [line.split()[0] for line in said.splitlines() if line.split()[1] == 'enabled']
        expect(enabled == [SERVICE], said)
        users = m.run('systemctl', '--global', 'is-enabled', SERVICE)
        expect(users.stdout.strip() == 'disabled', users)

    def upgrades(self):
        """an upgrade: the running job goes on to the same bits, settings and membership stay"""
        m = self.machine
        self.terms = terms_for(m, SECONDS)
        self.sum = pictl(m, 'compute', self.terms)['report']['sum_hex']
        m.say('pictl', 'cluster', 'init')
        wait_for('the rules', lambda: rules(self.machine))
        self.node = pictl(m, 'cluster', 'status')
        m.say('sh', '-c', f'echo "# mine" >> {SETTINGS}')
        before = [m.show(unit, 'MainPID') for unit in (SERVICE, HELPER)]
        self.job = str(pictl(m, 'submit', self.terms)['id'])
        wait_for('progress', lambda: self.show()['Progress'] > 0.2)
        with tempfile.TemporaryDirectory() as folder:
            m.install(*[newer(package, folder) for package in self.packages])
        expect(self.show()['State'] in ('queued', 'running'), self.show())
        after = [m.show(unit, 'MainPID') for unit in (SERVICE, HELPER)]
        expect('0' not in after and not set(before) & set(after), before, after)
        wait_for('the rules', lambda: rules(self.machine))
        self.is_done()
        expect('# mine' in m.say('cat', SETTINGS), 'the settings are lost')

    def is_done(self):
        """Whether the job ended, with the right bits."""
        wait_for('the end of the job', lambda: self.show()['State'] == 'done', 120)
        report = self.show()['Report']
        expect(report['sum_hex'] == self.sum and report['resumes'] == 1, report)
        status = pictl(self.machine, 'cluster', 'status')
        for key in ('cluster_id', 'node_id'):
            expect(status[key] == self.node[key], key, status, self.node)

    def removes(self):
        """a removal stops all, leaves no rule and no port, and keeps jobs and settings"""
        m = self.machine
        self.job = str(pictl(m, 'submit', self.terms)['id'])
        wait_for('progress', lambda: self.show()['Progress'] > 0.2)
        m.say('systemctl', 'start', 'pi-computed-exporter.socket')
        m.say('dpkg', '--remove', *NAMES)
        expect(self.all_rules() == self.rules, self.all_rules())
        for user in ('pi-computed', 'pi-computed-firewall', 'pi-computed-exporter'):
            expect(m.run('pgrep', '-a', '-u', user).stdout == '', f'{user} still runs something')
        ports = m.say('ss', '--no-header', '-ltn')
        expect('31415' not in ports and '9314' not in ports, ports)
        expect('# mine' in m.say('cat', SETTINGS), 'the settings are lost')
        failed = m.run('systemctl', '--failed', '--no-legend').stdout
        expect(not failed.strip(), failed)

    def comes_back(self):
        """installed again, it goes on with the job, as the same member"""
        self.machine.install(*self.packages)
        self.is_done()
        wait_for('the rules', lambda: rules(self.machine))

    def purges(self):
        """a purge leaves not one file, and no rule"""
        m = self.machine
        m.say('dpkg', '--purge', *NAMES)
        left = self.all_files() - self.files
        expect(not left, *sorted(left))
        lost = self.files - self.all_files()
        expect(not lost, *sorted(lost))
        expect(self.all_rules() == self.rules, self.all_rules())


ORDER = ('boots', 'installs', 'enables', 'upgrades', 'removes', 'comes_back', 'purges')


def main(folder, cache, suite='bookworm'):
    frame.main_in_order('the packages on a booted machine', cache, suite, 1,
                        lambda rack: Checks(rack[1], folder), ORDER)


main(*sys.argv[1:4])
