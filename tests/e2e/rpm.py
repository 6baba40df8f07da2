#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The rpm packages on a booted machine: rpm.py RPMS CACHE [SUITE]

RPMS is the directory where dev.d/rpm.sh left two releases of them. The machine is Debian, with
rpm(8) beside its own dpkg and a preset as Fedora has it; nothing that the packages require is an
rpm there, hence --nodeps. Needs what the other checks on booted machines need, see frame.py.
"""

import glob
import os
import re
import sys

import frame
from frame import expect, pictl, rules, terms_for
from rack import wait_for

SERVICE = 'pi-computed.service'
SOCKET = 'pi-computed-exporter.socket'
USERS = ('pi-computed', 'pi-computed-firewall', 'pi-computed-exporter')
PACKAGES = ('pi-computed', 'pi-computed-exporter')
STATE = '/var/lib/pi-computed'
CONFIG = '/etc/pi-computed/pi-computed.conf'
# What Debian 12's rpm says whenever it is to install or remove something.
ADVICE = 'rpm: RPM should not be used directly install RPM packages, use Alien instead!\n' \
    'rpm: However assuming you know what you are doing...\n'

# Of the job that an upgrade interrupts.
SECONDS = 8


def release(directory):
    """The files of PACKAGES in a directory."""
    return [path for path in glob.glob(os.path.join(directory, '*', '*.rpm'))
            if re.sub(r'(-[^-]+){2}$', '', os.path.basename(path)) in PACKAGES]


class Checks:
    """Each method with a text is a check; they are done in this order on one machine."""

    def __init__(self, machine, rpms):
        self.machine = machine
        self.first = release(os.path.join(rpms, 'RPMS'))
        self.later = release(os.path.join(rpms, 'LATER'))
        self.node = ''

    def quiet(self, *argv):
        """A command that has to succeed and to say nothing."""
        done = self.machine.run(*argv)
        expect(done.returncode == 0 and not done.stdout + done.stderr.removeprefix(ADVICE),
               *argv, f'status {done.returncode}', done.stdout, done.stderr)

    def rpm(self, verb, packages, *more):
        """A command that installs these files, or upgrades to them."""
        paths = [f'/root/{os.path.basename(path)}' for path in packages]
        for package, path in zip(packages, paths):
            self.machine.copy(package, path)
        return 'rpm', verb, '--nodeps', '--nosignature', *more, *paths

    def units(self):
        listed = self.machine.say('rpm', '-ql', *PACKAGES)
        units = re.findall(r'^/usr/lib/systemd/system/(.*)$', listed, re.MULTILINE)
        # systemctl show takes no template, but any instance of it.
        return [unit.replace('@.', '@any.') for unit in units]

    def processes(self):
        """Of all users of the packages."""
        said = self.machine.say('ps', '-eo', 'user:32,args', '--no-headers')
        return [line for line in said.splitlines() if line.split()[0] in USERS]

    def boots(self):
        """the machine boots, and there are two releases to install"""
        for paths in (self.first, self.later):
            expect(len(paths) == len(PACKAGES), paths, 'dev.d/rpm.sh build-package/rpm .1')
        expect(self.machine.wait_until_up() == 'running')
        for kind in ('system', 'user'):
            self.machine.write(f'/etc/systemd/{kind}-preset/99-default-disable.preset',
                               'disable *\n')

    def fills_a_root(self):
        """rpm --root installs into a root that nobody runs, and removes from it"""
        m, root = self.machine, '/mnt/root'
        m.say('mkdir', '-p', '/mnt')
        m.say('mount', '-t', 'tmpfs', 'tmpfs', '/mnt')
        m.say('mkdir', '/mnt/upper', '/mnt/work', root)
        m.say('mount', '-t', 'overlay', 'overlay', root, '-o',
              'lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work')
        m.say('mount', '-t', 'proc', 'proc', f'{root}/proc')
        # Not quiet, neither here nor below: what cannot be done in such a root is said.
        m.say(*self.rpm('--install', self.first, '--root', root))
        made = m.say('cat', f'{root}/etc/passwd')
        for user in USERS:
            expect(f'\n{user}:' in made, made)
        enabled = m.run('systemctl', '--root', root, 'is-enabled', SERVICE).stdout.strip()
        expect(enabled == 'disabled', enabled)
        expect(not self.processes(), *self.processes())
        m.say('rpm', '--root', root, '--erase', *PACKAGES)
        left = m.say('find', '/mnt/upper', '-name', '*pi*comput*')
        # What rpm marks as removed hides nothing: the system below never had it.
        expect(not left, left)
        m.say('umount', '--recursive', '/mnt')
        expect(m.run('rpm', '-q', *PACKAGES).returncode != 0)

    def installs(self):
        """an installation makes the users; it enables and starts nothing"""
        m = self.machine
        self.quiet(*self.rpm('--install', self.first))
        for user in USERS:
            m.say('getent', 'passwd', user)
        units = self.units()
        expect(SERVICE in units and SOCKET in units, units)
        for unit in units:
            expect(m.show(unit, 'LoadState') == 'loaded', unit)
            expect(m.show(unit, 'ActiveState') == 'inactive', unit)
            expect(m.show(unit, 'UnitFileState') in ('disabled', 'static'), unit)
        expect(not self.processes(), *self.processes())

    def computes(self):
        """the service starts, computes and warns of nothing"""
        m = self.machine
        m.say('systemctl', 'start', SERVICE, SOCKET)
        report = pictl(m, 'compute', '1e9')['report']
        expect(report['verified'] and report['pi_text'].startswith('3.14159265'), report)
        records = m.records(f'--unit={SERVICE}', '--priority=warning')
        records += m.records('--unit=dbus.service', '--priority=warning', '--grep=pi-?comput')
        expect(not records, *[record['MESSAGE'] for record in records])
        said = m.say('journalctl', '--quiet', '--no-pager', '--catalog', f'--unit={SERVICE}')
        expect('Subject: ' in said, 'the catalog is not in use', said)

    def verifies(self):
        """rpm -V finds all as it was installed"""
        self.quiet('rpm', '--verify', '--nodeps', *PACKAGES)

    def upgrades(self):
        """an upgrade restarts what runs: the job goes on, the rules and the settings stay"""
        m = self.machine
        m.write(CONFIG, m.say('cat', CONFIG) + '\n[Limits]\nJobsPerUser=7\n')
        m.say('systemctl', 'reload', SERVICE)
        m.say('pictl', 'cluster', 'init')
        wait_for('the rules', lambda: rules(m))
        self.node = pictl(m, 'nodes')[0]['Id']
        m.say('curl', '--fail', '--silent', 'http://127.0.0.1:9314/metrics')

        terms = terms_for(m, SECONDS)
        whole = pictl(m, 'compute', terms)['report']
        job = str(pictl(m, 'submit', terms)['id'])
        wait_for('a checkpoint', lambda: pictl(m, 'show', job)['Progress'] > 0.2)
        running = [SERVICE, 'pi-computed-firewall.service', SOCKET.replace('.socket', '.service')]
        before = {unit: m.show(unit, 'MainPID') for unit in running}
        expect('0' not in before.values(), before)
        self.quiet(*self.rpm('--upgrade', self.later))
        expect(pictl(m, 'show', job)['Progress'] < 1, 'the job was done before')
        for unit, process in before.items():
            expect(m.show(unit, 'MainPID') not in ('0', process), f'{unit} was not restarted')
        wait_for('the rules to come back', lambda: rules(m))
        wait_for('the end of the job', lambda: pictl(m, 'show', job)['State'] == 'done')
        report = pictl(m, 'show', job)['Report']
        expect(report['resumes'] == 1 and report['sum_hex'] == whole['sum_hex'], report, whole)
        expect(pictl(m, 'nodes')[0]['Id'] == self.node)
        said = m.run('rpm', '--verify', '--nodeps', *PACKAGES).stdout.splitlines()
        expect(len(said) == 1 and said[0].endswith(f'  c {CONFIG}'), *said)

    def removes(self):
        """a removal leaves no process, port, rule or unit, but what was computed and set"""
        m = self.machine
        m.say('systemctl', 'enable', SERVICE, SOCKET)
        pictl(m, 'submit', '1e15', '--label=unfinished')
        units = self.units()
        done = m.run('rpm', '--erase', *PACKAGES)
        expect(done.returncode == 0 and not done.stdout, done)
        expect(done.stderr.removeprefix(ADVICE) ==
               f'warning: {CONFIG} saved as {CONFIG}.rpmsave\n', done.stderr)
        expect(not self.processes(), *self.processes())
        expect(not rules(m), 'the rules are left')
        expect(not m.say('ss', '--listening', '--tcp', '--no-header'), m.say('ss', '-ltn'))
        for unit in units:
            expect(not m.show(unit, 'FragmentPath'), unit)
            # What is below this slice need not be ours.
            expect(unit == 'pi.slice' or m.show(unit, 'ActiveState') == 'inactive', unit)
        expect(m.say('systemctl', 'is-system-running').strip() == 'running')
        left = m.say('find', '/etc', '/usr', '/run', '-name', '*pi*comput*', '-not', '-path',
                     '/run/systemd/*').split()
        expect(sorted(left) == ['/etc/pi-computed', f'{CONFIG}.rpmsave'], left)
        m.say('test', '-d', STATE)

    def returns(self):
        """installed again it has its jobs, and goes on with them"""
        m = self.machine
        self.quiet(*self.rpm('--install', self.later))
        m.say('systemctl', 'start', SERVICE)
        expect(pictl(m, 'nodes')[0]['Id'] == self.node)
        job, = [job for job in pictl(m, 'jobs') if job['Label'] == 'unfinished']
        expect(job['State'] in ('queued', 'running'), job)
        m.say('pictl', 'cancel', str(job['Id']))
        m.say('pictl', 'cluster', 'leave')


ORDER = ('boots', 'fills_a_root', 'installs', 'computes', 'verifies', 'upgrades', 'removes',
         'returns')


def main(rpms, cache, suite='bookworm'):
    frame.main_in_order('the rpm packages on a booted machine', cache, suite, 1,
                        lambda rack: Checks(rack[1], rpms), ORDER)


main(*sys.argv[1:4])
