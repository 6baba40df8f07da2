#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that the documents show, on booted machines:
commands.py SOURCE PACKAGES CACHE [DOCUMENT...]

PACKAGES is the folder that ./dev package fills. Each command is run by a user who may use sudo, so
one of which a document forgets it fails. Without DOCUMENT, such as README.md, it is all of them.
Prints TAP, and skips like checks.py.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time

import frame
from debian import newer
from documents import PLANS, Plan
from frame import expect, pictl
from rack import Failed, packages_in, wait_for

from documented import NOT_RUN, Command, commands_of, documents

USER = 'admin'
HOME = f'/home/{USER}'

PREPARE = f'''
useradd --create-home --shell /bin/bash {USER}
echo '{USER} ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/{USER}
loginctl enable-linger {USER}
mkdir {HOME}/newer
# The editor of systemctl edit, which has the file as its last argument.
cat >/usr/local/bin/editor <<'END'
#!/bin/sh
for file; do :; done
cp {HOME}/typed "$file"
END
chmod 755 /usr/local/bin/editor
'''

# Whatever was done before, the node is a new one.
RESET = f'''
systemctl stop 'pi-computed*'
pkill -u {USER} pi-computed
rm -rf /etc/systemd/system/pi-computed*.d /run/systemd/system/pi-computed*.d
rm -rf /etc/pi-computed/pi-computed.conf.d /var/lib/pi-computed/* {HOME}/variables
nft flush ruleset
systemctl daemon-reload
systemctl start pi-computed
'''
NAMES = ('pi-computed-exporter', 'pi-computed')

# These come with a status of 0, too.
USELESS = 'You are currently not seeing messages'
MISTYPED = 'Unknown key|Unknown section|Failed to parse|Assignment outside'


class Reader:
    """Does what the documents say, on machines 1 to 3."""

    def __init__(self, rack, folder):
        self.rack = rack
        self.packages = packages_in(folder)
        # What a document writes in capitals, as the last command printed it.
        self.words = {}

    def prepare(self):
        expect(self.rack.wait_until_up() == len(self.rack) * ['running'])
        with tempfile.TemporaryDirectory() as folder:
            files = [(package, newer(package, folder)) for package in self.packages]
            self.rack.each(lambda m: self.prepare_one(m, files))

    @staticmethod
    def prepare_one(machine, files):
        machine.say('bash', '-ec', PREPARE)
        for package, later in files:
            name = os.path.basename(package)
            machine.copy(package, f'{HOME}/{name}')
            machine.copy(later, f'{HOME}/newer/{name}')

    def reach(self, plan):
        """The state that a document begins in."""
        self.rack.each(lambda m: self.reset(m, plan))
        if plan.state == 'joined':
            one, *others = self.rack
            one.say('pictl', 'cluster', 'init')
            token = one.say('pictl', 'cluster', 'token', f'--uses={len(others)}').strip()
            for machine in others:
                machine.say('pictl', 'cluster', 'join', token)
            wait_for('all to be up', lambda: sorted(node['State'] for node in pictl(one, 'nodes'))
                     == ['self', 'up', 'up'])

    def reset(self, machine, plan):
        if machine.run('test', '-e', '/usr/bin/pictl').returncode:
            machine.install(*self.packages)
        machine.run('bash', '-c', RESET)
        if plan.state == 'bare' and (plan.each or machine.number == 1):
            machine.say('dpkg', '--purge', *NAMES)

    def read(self, commands, plan):
        """Faults of the commands of a document."""
        self.reach(plan)
        faults = [fault for command in commands for fault in self.run(command, plan)]
        return faults + [said for said in self.rack.each(lambda m: m.run(
            'journalctl', '--quiet', f'--grep={MISTYPED}').stdout) if said]

    def run(self, command, plan):
        """Faults of a command, on each machine that it is for."""
        if plan.each and not command.machine:
            faults = self.rack.each(lambda m: self.run_on(m, command, plan))
        else:
            faults = [self.run_on(self.rack[command.machine or 1], command, plan)]
        return [fault for fault in faults if fault]

    def run_on(self, machine, command, plan):
        text, wanted = command.text, [0]
        for begin, script in plan.before.items():
            if text.startswith(begin):
                machine.say('bash', '-c', f'cd {HOME} && {script}')
        for begin, some in plan.status.items():
            if text.startswith(begin):
                wanted = some
        for shown, run in plan.changes.items():
            text = text.replace(shown, run)
        for word, printed in self.words.items():
            text = re.sub(fr'\b{word}\b', printed, text)
        start = time.monotonic()
        done = machine.run('runuser', '--login', USER, '--command', script_of(text, command.typed))
        print(f'# {machine.name}$ {text}  # status {done.returncode}, '
              f'{time.monotonic() - start:.1f} s', flush=True)
        for word, form in (('TOKEN', r'^pi1-\S+'), ('JOB', r'^o "(\S+)"')):
            match = re.match(form, done.stdout)
            if match:
                self.words[word] = match.group(match.lastindex or 0)
        said = done.stdout + done.stderr
        if done.returncode in wanted and USELESS not in said:
            return ''
        return f'{command}\n{machine.name}$ {text}\nstatus {done.returncode}, not one of ' \
               f'{wanted}, or of no use:\n{said[-2000:]}'


def script_of(text, typed):
    """What a shell has to do for it to be as if the lines were typed into one terminal."""
    lines = ['export LANG=C.UTF-8 XDG_RUNTIME_DIR=/run/user/$(id --user)',
             '[ ! -e variables ] || . ./variables']
    if typed:
        lines.append(f'cat >typed <<"END"\n{typed}END')
        text = f'script --quiet --return --command {shlex.quote(text)} /dev/null'
    lines.append(text)
    variable = re.match(r'(\w+)=', text)
    if variable:
        lines += ['status=$?', f'declare -p {variable.group(1)} >>variables', 'exit $status']
    return '\n'.join(lines)


def check_document(tap, reader, path, text):
    start = time.monotonic()
    commands, others = commands_of(path, text)
    commands = [command for command in commands if (path, command.text) not in NOT_RUN]
    plan = PLANS.get(path, Plan())
    faults = [f'documents.py has a plan for "{word}", which {path} does not show'
              for word in plan.stale(commands)]
    programs = reader.rack[1].say('ls', '/usr/bin', '/usr/sbin').split()
    faults += [f'{path}:{number}: "{line.strip()}" looks like a command, and is not run: add its '
               'program to tests/lint/documented.py' for number, line in others
               if len(line.split()[0]) > 1 and line.split()[0] in programs]
    try:
        faults += reader.read(commands, plan) if commands else []
    except (Failed, OSError, subprocess.SubprocessError) as error:
        faults.append(f'{type(error).__name__}: {error}')
    tap.result(f'{path}: {len(commands)} commands', faults)
    print(f'# {path} took {time.monotonic() - start:.1f} s')


def main(source, folder, cache, *names):
    texts = {path: text for path, text in documents(source).items() if path in (names or [path])}

    def read_all(tap, rack):
        reader = Reader(rack, folder)
        reader.prepare()
        for text in ('systemctl daemon-reload', 'journalctl --boot'):
            tap.catches(f'{text}, without sudo', reader.run(Command('', 0, 1, text), Plan()))
        for path, text in texts.items():
            check_document(tap, reader, path, text)
    frame.main('the commands of the documents', cache, 'bookworm', lambda tap, base: frame.on_rack(
        tap, base, 3, lambda rack: read_all(tap, rack)))


main(*sys.argv[1:])
