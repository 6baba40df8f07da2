# SPDX-License-Identifier: GPL-2.0-or-later
"""pi-computed-engine as its tests see it: from the other end of its socket."""

import json
import os
import socket
import subprocess
import tempfile
import time
import uuid

SECONDS = 60
ENVIRONMENT = {key: value for key, value in os.environ.items() if key != 'CONFIGURATION_DIRECTORY'}


def marked(mark):
    """Commands of processes that have the mark in their environment."""
    found = []
    for pid in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{pid}/environ', 'rb') as file:
                environ = file.read()
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                command = file.read().replace(b'\0', b' ').decode()
        except OSError:
            continue
        if f'PI_TEST_MARK={mark}'.encode() in environ:
            found.append(command)
    return found


def left_after_a_while(mark):
    """Those that are still there when they had time to end."""
    deadline = time.monotonic() + SECONDS
    while marked(mark) and time.monotonic() < deadline:
        time.sleep(0.01)
    return marked(mark)


class Launch:
    """A run of the program, with a socket as systemd gives it one."""

    def __init__(self, program, settings, **environment):
        self.mark = uuid.uuid4().hex
        self.folder = tempfile.TemporaryDirectory(prefix='pi-launch-')
        folder = os.path.join(self.folder.name, 'pi-computed')
        os.mkdir(folder)
        with open(os.path.join(folder, 'pi-computed.conf'), 'w', encoding='utf-8') as file:
            file.write('[Engine]\n' + settings)
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(SECONDS)
        self.errors = open(os.path.join(self.folder.name, 'stderr'), 'w+', encoding='utf-8')
        self.process = subprocess.Popen(
            [program, '--user'], stdin=theirs, stdout=theirs, stderr=self.errors,
            env=dict(ENVIRONMENT, XDG_CONFIG_HOME=self.folder.name, PI_TEST_MARK=self.mark,
                     **environment))
        theirs.close()
        self.file = self.socket.makefile('r', encoding='utf-8', errors='replace')
        self.lines = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        self.file.close()
        self.errors.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()

    def say(self, order):
        self.socket.sendall((json.dumps(order) + '\n').encode())

    def read(self):
        """The next line; None at the end."""
        try:
            text = self.file.readline()
        except ConnectionResetError:  # with an order that was not read
            return None
        if not text:
            return None
        try:
            self.lines.append(json.loads(text))
        except ValueError:
            self.lines.append({'t': 'torn', 'text': text})
        return self.lines[-1]

    def wait_for(self, kind):
        while self.read():
            if self.lines[-1]['t'] == kind:
                return self.lines[-1]
        raise AssertionError(f'no line "{kind}" in {self.lines}')

    def finish(self):
        """Reads to the end, and waits for the program's."""
        while self.read():
            pass
        self.status = self.process.wait(timeout=SECONDS)
        self.errors.seek(0)
        self.stderr = self.errors.read()
        return self

    def kinds(self):
        return [line['t'] for line in self.lines]

    def of(self, kind):
        return [line for line in self.lines if line['t'] == kind]

    def states(self):
        return [line['state'] for line in self.of('state')]

    def faults(self, status=0, signal_=0, what=None):
        """What is wrong with how it ended."""
        faults = []
        if self.status != 0:
            faults.append(f'the program ended with {self.status}')
        if self.kinds().count('exit') != 1 or self.kinds()[-1] != 'exit':
            return faults + [f'no exit line at the end: {self.kinds()}']
        last = self.lines[-1]
        if (last['status'], last['signal']) != (status, signal_):
            faults.append(f'status and signal: {last}')
        if what is not None and what not in last['what']:
            faults.append(f'"{what}" is not in "{last["what"]}"')
        return faults + [f'left running: {command}' for command in marked(self.mark)]


def expect(*claims):
    """The texts of the claims that are false: (claim, text)..."""
    return [text for claim, text in claims if not claim]
