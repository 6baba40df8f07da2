# SPDX-License-Identifier: GPL-2.0-or-later
"""The sandboxes of the units, from inside: fence-probe.c runs in the place of each program."""

import re

from frame import expect

PROGRAMS = {'pi-computed.service': '/usr/libexec/pi-computed',
            'pi-computed-firewall.service': '/usr/libexec/pi-computed-firewall',
            'pi-computed-exporter.service': '/usr/libexec/pi-computed-exporter'}

# The sockets that each may have; every other family is refused.
SOCKETS = {'pi-computed.service': {'unix', 'inet', 'inet6', 'netlink'},
           'pi-computed-firewall.service': {'unix', 'netlink'},
           'pi-computed-exporter.service': {'unix'}}

# And the capabilities. CAP_NET_ADMIN is bit 12.
CAPABILITIES = {'pi-computed-firewall.service': 1 << 12}

# Where each may write.
FOLDERS = {'pi-computed.service': {'/tmp', '/var/lib/pi-computed'}}

# One-shot, so that systemd waits for the probe, and nobody restarts it.
DROP_IN = '[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStartPost=\nExecStopPost=\n'


def prepare(machine):
    """Places that anybody could use, were it not for the sandbox."""
    machine.say('mkdir', '-p', '-m', '777', '/open', '/run/WSL', '/mnt/c')


def said_inside(machine, probe, unit):
    """{what: outcome} of the probe in the sandbox of the unit."""
    program, drop_in = PROGRAMS[unit], f'/run/systemd/system/{unit}.d/fence.conf'
    machine.say('systemctl', 'stop', unit)
    machine.say('mv', program, f'{program}.aside')
    try:
        machine.copy(probe, program)
        machine.say('chmod', '755', program)
        machine.write(drop_in, DROP_IN)
        machine.say('systemctl', 'daemon-reload')
        machine.say('systemctl', 'start', unit)
        invocation = machine.show(unit, 'InvocationID')
        records = machine.records(f'_SYSTEMD_INVOCATION_ID={invocation}', '_TRANSPORT=stdout')
    finally:
        machine.say('mv', f'{program}.aside', program)
        machine.say('rm', '-f', drop_in)
        machine.say('systemctl', 'daemon-reload')
    said = dict(re.match(r'(.*?):\s+(.*)', record['MESSAGE']).groups() for record in records)
    expect('executable memory' in said, f'{unit}: the probe did not come to its end', *records)
    return said


def faults(unit, said):
    """What the probe could do that it must not, and what it could not that it must."""
    found = []

    def must(what, allowed):
        outcome = said.pop(what)
        if (outcome == 'done') != allowed:
            found.append(f'{unit}: {what}: {outcome}')

    for what in [what for what in said if what.startswith('Cap')]:
        bits = int(said.pop(what), 16)
        if bits & ~CAPABILITIES.get(unit, 0):
            found.append(f'{unit}: {what}: {bits:x}')
    for what, value in (('NoNewPrivs', '1'), ('Seccomp', '2')):
        if said.pop(what) != value:
            found.append(f'{unit}: {what} is not {value}')
    for what in list(said):
        kind, _, rest = what.partition(' ')
        must(what, kind == 'socket' and rest in SOCKETS[unit] or
             kind == 'write' and rest in FOLDERS.get(unit, {'/tmp'}))
    return found


def check(machine, probe):
    """No unit lets its program do what it does not need."""
    prepare(machine)
    found = []
    for unit in PROGRAMS:
        said = said_inside(machine, probe, unit)
        print(f'# {unit}: ' + ', '.join(f'{what}: {how}' for what, how in said.items()))
        found += faults(unit, said)
    expect(not found, *found)
