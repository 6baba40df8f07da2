#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Booted machines to play with: cluster.py CACHE COUNT PACKAGES [-- COMMAND...]

Boots COUNT of them, see tests/e2e/rack.sh, installs in each what ./dev package has left in the
folder PACKAGES, and runs the command, or a shell, with the programs of dev.d/bin. When that ends,
or at a signal, nothing is left.
"""

import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BIN = os.path.join(HERE, 'bin')
sys.path.append(os.path.join(HERE, '../tests/e2e'))

import frame  # noqa: E402
from rack import Failed, Rack, make_base, packages_in  # noqa: E402

# Ctrl-C is for the command that runs, as in every shell.
SHELL = '''\
PS1='rack> '
rack help
echo 'Ctrl-D ends all.'
'''


def say(text):
    print(f'dev: {text}', file=sys.stderr, flush=True)


def run(state, command):
    """Its status; a shell when there is none."""
    variables = dict(os.environ, PI_RACK=state, PATH=f'{BIN}:{os.environ["PATH"]}')
    if command:
        return subprocess.run(command, env=variables, check=False).returncode
    with tempfile.NamedTemporaryFile('w') as file:
        file.write(SHELL)
        file.flush()
        signal.signal(signal.SIGINT, lambda *_: None)
        return subprocess.run(['bash', '--rcfile', file.name, '-i'], env=variables,
                              check=False).returncode


def main(cache, count, folder, *words):
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    reason = frame.why_not()
    if reason:
        raise Failed(reason)
    packages = packages_in(folder)
    base = make_base(cache)
    with tempfile.TemporaryDirectory(prefix='pi-computed-rack-') as state, \
            Rack(base, state, int(count)) as rack:
        rack.wait_until_up()
        rack.each(lambda machine: machine.install(*packages))
        say(f'{count} machines run, with {", ".join(map(os.path.basename, packages))}')
        return run(state, words[1:])


try:
    sys.exit(main(*sys.argv[1:]))
except KeyboardInterrupt:
    sys.exit(130)
except (Failed, OSError, subprocess.SubprocessError) as error:
    say(error)
    sys.exit(1)
