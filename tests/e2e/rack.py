# SPDX-License-Identifier: GPL-2.0-or-later
"""Booted machines with a network between them: rack.sh as objects."""

import concurrent.futures
import glob
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVER = os.path.join(HERE, 'rack.sh')

sys.path.append(os.path.join(HERE, '../lint'))

from waiting import Failed, PATIENCE, wait_for  # noqa: E402


def make_base(cache, suite='bookworm'):
    """The folder of the system that machines boot, made if it is not there."""
    if subprocess.run([DRIVER, 'base', cache, suite], check=False, stdout=sys.stderr).returncode:
        raise Failed(f'no system of {suite} could be made in {cache}')
    return os.path.join(cache, suite)


def packages_in(folder):
    """Those of the service, and of its exporter, that ./dev package left there."""
    found = [path for name in ('pi-computed', 'pi-computed-exporter')
             for path in glob.glob(os.path.join(folder, f'{name}_*.deb'))]
    if len(found) != 2:
        raise Failed(f'{folder} has no packages, or old ones: ./dev package makes them')
    return found


class Rack:
    """Machines 1 to `count`, rack[1] and so on, or all of them in a loop; they boot at once.

    `state` is an empty directory. close(), or the end of a with statement, leaves nothing but
    what the machines said in there.
    """

    def __init__(self, base, state, count=1):
        self.base = base
        self.state = state
        self.machines = [Machine(self, number) for number in range(1, count + 1)]
        # In a session of its own, so that Ctrl-C is for the one who closes this.
        self.holder = subprocess.Popen([DRIVER, 'hold', base, state, str(count)],
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                       start_new_session=True)
        if self.holder.stdout.readline() != 'ready\n':
            self.close()
            raise Failed(f'no machines in {state}')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __getitem__(self, number):
        return self.machines[number - 1]

    def __iter__(self):
        return iter(self.machines)

    def __len__(self):
        return len(self.machines)

    def close(self):
        self.holder.stdin.close()
        try:
            self.holder.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.holder.terminate()
            self.holder.wait()
        self.holder.stdout.close()

    def drive(self, verb, *argv):
        """What rack.sh prints, which has to succeed."""
        done = subprocess.run([DRIVER, verb, self.state, *map(str, argv)], text=True, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=2 * PATIENCE)
        if done.returncode:
            raise Failed(f'{verb} {" ".join(map(str, argv))}: {done.stderr}{done.stdout}')
        return done.stdout

    def each(self, action):
        """[action(machine)] for all machines at the same time."""
        with concurrent.futures.ThreadPoolExecutor(len(self.machines)) as pool:
            return list(pool.map(action, self.machines))

    def wait_until_up(self):
        """The word of each machine's systemd, once all have done their part."""
        return self.each(lambda machine: machine.wait_until_up())

    def cut(self, source, target):
        """What machine number `source` sends no longer reaches number `target`."""
        self.drive('cut', source, target)

    def part(self, some, others):
        """No machine numbered in `some` reaches one in `others`, nor the other way round."""
        for one in some:
            for other in others:
                self.cut(one, other)
                self.cut(other, one)

    def heal(self):
        """Undoes cuts, losses, and links that are down."""
        self.drive('heal')


class Machine:
    """One of a rack: pi-NUMBER, at `address` and `address6`."""

    def __init__(self, rack, number):
        self.rack = rack
        self.number = number
        self.name = f'pi-{number}'
        self.address = f'10.98.0.{number}'
        self.address6 = f'fd98::{number}'

    def path(self, name):
        return os.path.join(self.rack.state, str(self.number), name)

    def console(self):
        try:
            with open(self.path('console'), encoding='utf-8', errors='replace') as file:
                # Without colours, cursors and empty lines.
                said = re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', file.read())
                return re.sub(r'\s*[\r\n]\s*', '\n', said)
        except FileNotFoundError:
            return ''

    def see_groups(self, kind):
        """Control groups from the next boot on: "own" or "unified"."""
        with open(self.path('control-groups'), 'w', encoding='utf-8') as file:
            file.write(kind)

    def command(self, *argv):
        """What to run here to have that run there."""
        return [DRIVER, 'enter', self.rack.state, str(self.number), *argv]

    def run(self, *argv, text=None, patience=2 * PATIENCE):
        """Runs a command in the machine to its end, with `text` to read."""
        return subprocess.run(self.command(*argv), input=text or '', text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=patience)

    def say(self, *argv, text=None):
        """What a command prints that has to succeed."""
        done = self.run(*argv, text=text)
        if done.returncode:
            raise Failed(f'{self.name}: {" ".join(argv)}: status {done.returncode}: '
                         f'{done.stderr}{done.stdout}')
        return done.stdout

    def json(self, *argv):
        said = self.say(*argv)
        try:
            return json.loads(said)
        except ValueError:
            raise Failed(f'{self.name}: {" ".join(argv)}: no JSON: {said[:500]}') from None

    def write(self, path, text):
        self.say('mkdir', '-p', os.path.dirname(path))
        self.say('tee', path, text=text)

    def copy(self, source, path):
        """A file of this machine, to `path` in that one."""
        with open(source, 'rb') as file:
            subprocess.run(self.command('tee', path), stdin=file, stdout=subprocess.DEVNULL,
                           check=True)

    def install(self, *packages):
        """Installs files of Debian packages, all at once; what dpkg says."""
        folder = self.say('mktemp', '--directory').strip()
        paths = [f'{folder}/{os.path.basename(package)}' for package in packages]
        for package, path in zip(packages, paths):
            self.copy(package, path)
        said = self.say('env', 'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--install', *paths)
        self.say('rm', '-r', folder)
        return said

    def boots(self):
        """How often it was booted."""
        with open(self.path('power'), encoding='utf-8') as file:
            return int(file.read().split()[1])

    def is_on(self):
        with open(self.path('power'), encoding='utf-8') as file:
            return file.read().startswith('on')

    def wait_until_up(self):
        """Waits for systemd to have done its part; its word for that, running or degraded."""
        try:
            return self.rack.drive('wait_up', self.number).strip()
        except Failed as error:
            raise Failed(f'{error}\n{self.console()[-2000:]}') from None

    def reboot(self):
        before = self.boots()
        self.run('systemctl', 'reboot')
        wait_for(f'{self.name} to boot again', lambda: self.boots() > before)
        return self.wait_until_up()

    def power_off(self):
        """In order, as its administrator does it."""
        self.run('systemctl', 'poweroff')
        wait_for(f'{self.name} to go off', lambda: not self.is_on())

    def start(self):
        """Switches it on again, with the disk it had."""
        self.rack.drive('start', self.number)
        return self.wait_until_up()

    def crash(self):
        """Its processes are gone at once, and its kernel says so to others; it stays off."""
        self.rack.drive('crash', self.number)

    def cut_power(self):
        """The same, but nobody is told: silence."""
        self.rack.drive('powercut', self.number)

    def freeze(self):
        """No process of it runs; its kernel answers pings and takes connections."""
        self.rack.drive('freeze', self.number)

    def thaw(self):
        self.rack.drive('thaw', self.number)

    def slow(self, percent):
        """All of it gets that much of one CPU; "max" for what there is."""
        self.rack.drive('slow', self.number, percent)

    def link(self, state):
        """Its cable: "up" or "down", over reboots."""
        self.rack.drive('link', self.number, state)

    def loss(self, percent):
        """So much is lost of what it sends, and of what is sent to it."""
        self.rack.drive('loss', self.number, percent)

    def show(self, unit, name):
        return self.say('systemctl', 'show', '--property', name, '--value', unit).strip()

    def records(self, *matches):
        """Records of the journal, oldest first."""
        said = self.say('journalctl', '--quiet', '--sync') + self.run(
            'journalctl', '--quiet', '--no-pager', '--output=json', *matches).stdout
        return [json.loads(line) for line in said.splitlines()]
