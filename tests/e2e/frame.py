# SPDX-License-Identifier: GPL-2.0-or-later
"""What all checks on booted machines have in common."""

import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lint'))

from rack import Failed, Rack, make_base  # noqa: E402
from tap import Tap, read  # noqa: E402


class Skipped(Exception):
    """This cannot be checked here, and why."""


def expect(condition, *said):
    if not condition:
        raise Failed('\n'.join(str(text) for text in said))


def pictl(machine, *argv):
    return machine.json('pictl', '--json=short', *argv)


def terms_for(machine, seconds):
    """Terms of a sum that takes the machine about so long, as pictl reads them."""
    rate = pictl(machine, 'compute', '5e10')['report']['throughput_terms']
    return f'{max(1, round(rate * seconds / 1e9))}G'


def rules(machine):
    """The table of the firewall, "" without."""
    done = machine.run('nft', 'list', 'table', 'inet', 'picomputed')
    return done.stdout if done.returncode == 0 else ''


def groups_of(rack):
    return glob.glob(f'/sys/fs/cgroup/**/pi-computed-rack.{rack.holder.pid}.*', recursive=True)


def processes_of(rack):
    found = []
    for path in glob.glob('/proc/[0-9]*/cmdline'):
        try:
            words = read('/', path[1:]).split('\0')
        except OSError:
            continue
        if any(rack.state in word for word in words):
            found.append(f'{path}: {" ".join(words)}')
    return found


def left_behind(rack):
    """What a rack could leave on this machine."""
    faults = [f'a mount: {line}' for line in read('/', 'proc/self/mounts').splitlines()
              if rack.state in line]
    faults += [f'a control group: {path}' for path in groups_of(rack)]
    faults += [f'a process: {process}' for process in processes_of(rack)]
    return faults + ([f'a directory: {rack.state}'] if os.path.exists(rack.state) else [])


def why_not():
    """Why no machine can be booted here, or ""."""
    if os.geteuid() != 0:
        return 'only root can boot a machine'
    for program in ('ip', 'mmdebstrap', 'nft', 'systemd-nspawn'):
        if not shutil.which(program):
            return f'there is no {program} here'
    if not re.search(r'^ID=debian$', read('/', 'etc/os-release'), re.MULTILINE):
        return 'this is not Debian'
    done = subprocess.run(['unshare', '--mount', '--pid', '--net', '--fork', '--mount-proc',
                           'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], check=False,
                          stderr=subprocess.PIPE, text=True)
    return f'no namespace can be had: {done.stderr.strip()}' if done.returncode else ''


def run_all(tap, checks, order):
    """Each method of `checks` that `order` names, by its text; no more when the first one fails."""
    for name in order:
        check = getattr(checks, name)
        start, faults = time.monotonic(), []
        try:
            check()
        except Skipped as reason:
            tap.skip(check.__doc__, reason)
            continue
        except (Failed, LookupError, TypeError, ValueError, OSError,
                subprocess.SubprocessError) as error:
            faults = [f'{type(error).__name__}: {error}']
        tap.result(check.__doc__, faults)
        print(f'# {name} took {time.monotonic() - start:.1f} s', flush=True)
        if faults and name == order[0]:
            return


def keep_journals(rack, folder):
    """What the machines said, in a file for each."""
    os.makedirs(folder, exist_ok=True)
    for machine in rack:
        with open(os.path.join(folder, machine.name), 'w', encoding='utf-8') as file:
            file.write(f'{machine.console()}\n\n{rack.drive("journal", machine.number)}')
    print(f'# the journals are in {folder}')


def on_rack(tap, base, count, action):
    """action(rack), and that nothing is left of the rack when it is done."""
    with tempfile.TemporaryDirectory(dir=os.path.dirname(base), prefix='rack-') as state:
        with Rack(base, state, count) as rack:
            action(rack)
            if tap.failed:
                name, _ = os.path.splitext(os.path.basename(sys.argv[0]))
                keep_journals(rack, f'{base}.journals/{name}')
    tap.result('nothing is left behind', left_behind(rack))


def main(what, cache, suite, checks):
    """checks(tap, base), where machines can be booted; a program of its own."""
    tap = Tap()
    try:
        reason = why_not()
        if reason:
            raise Skipped(reason)
        base = make_base(cache, suite)
    except (Failed, Skipped) as reason:
        tap.skip(what, reason)
        tap.done()
    # Meson, or a person, ends this with a signal: let the machines end, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    checks(tap, base)
    tap.done()


def main_in_order(what, cache, suite, count, checks_of, order):
    """main() with the checks of checks_of(rack) that `order` names, on so many machines."""
    main(what, cache, suite, lambda tap, base: on_rack(
        tap, base, count, lambda rack: run_all(tap, checks_of(rack), order)))
