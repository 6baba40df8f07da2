# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted machine: machine.sh as an object."""

import json
import os
import re
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
DRIVER = os.path.join(HERE, 'machine.sh')

# Seconds that anything may take which has an end.
PATIENCE = 60


class Failed(Exception):
    """What was expected of the machine did not come about."""


def wait_for(what, probe, seconds=PATIENCE):
    """The first true value of probe(); Failed with its last one when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'waited {seconds} s for: {what}; last seen: {value!r}')
        time.sleep(0.05)


class Machine:
    """Boots at once; close() leaves nothing of it. `state` is an empty directory."""

    def __init__(self, base, tree, state):
        self.state = state
        self.holder = subprocess.Popen([DRIVER, 'hold', base, tree, self.state],
                                       stdin=subprocess.PIPE)

    def close(self):
        self.holder.stdin.close()
        try:
            self.holder.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.holder.terminate()
            self.holder.wait()

    def console(self):
        try:
            with open(os.path.join(self.state, 'console'), encoding='utf-8', errors='replace') as f:
                # Without colours, cursors and empty lines.
                said = re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', f.read())
                return re.sub(r'\s*[\r\n]\s*', '\n', said)
        except FileNotFoundError:
            return ''

    def see_groups(self, kind):
        """Control groups from the next boot on: "own" or "unified"."""
        with open(os.path.join(self.state, 'control-groups'), 'w', encoding='utf-8') as file:
            file.write(kind)

    def run(self, *argv, text=None):
        """Runs a command in the machine to its end, with `text` to read."""
        return subprocess.run([DRIVER, 'enter', self.state, *argv], input=text or '', text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=2 * PATIENCE)

    def say(self, *argv, text=None):
        """What a command prints that has to succeed."""
        done = self.run(*argv, text=text)
        if done.returncode:
            raise Failed(f'{" ".join(argv)}: status {done.returncode}: {done.stderr}{done.stdout}')
        return done.stdout

    def json(self, *argv):
        said = self.say(*argv)
        try:
            return json.loads(said)
        except ValueError:
            raise Failed(f'{" ".join(argv)}: no JSON: {said[:500]}') from None

    def write(self, path, text):
        self.say('mkdir', '-p', os.path.dirname(path))
        self.say('tee', path, text=text)

    def first_process(self):
        """Its number here; "" while there is none."""
        done = subprocess.run([DRIVER, 'first_process', self.state], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.strip()

    def wait_until_up(self, before=''):
        """Waits for systemd to have done its part; its word for that."""
        def probe():
            if self.holder.poll() is not None:
                raise Failed(f'the machine is gone: {self.console()[-2000:]}')
            if self.first_process() in ('', before):
                return None
            said = self.run('timeout', '20', 'systemctl', 'is-system-running', '--wait').stdout
            return said.strip() if said.strip() in ('running', 'degraded') else None
        return wait_for('the machine to come up', probe)

    def reboot(self):
        before = self.first_process()
        self.run('systemctl', 'reboot')
        return self.wait_until_up(before)

    def cut_power(self):
        before = self.first_process()
        os.kill(int(before), 9)
        return self.wait_until_up(before)

    def power_off(self):
        self.run('systemctl', 'poweroff')
        self.holder.wait(PATIENCE)

    def show(self, unit, name):
        return self.say('systemctl', 'show', '--property', name, '--value', unit).strip()

    def records(self, *matches):
        """Records of the journal, oldest first."""
        said = self.say('journalctl', '--quiet', '--sync') + self.run(
            'journalctl', '--quiet', '--no-pager', '--output=json', *matches).stdout
        return [json.loads(line) for line in said.splitlines()]
