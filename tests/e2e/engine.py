# SPDX-License-Identifier: GPL-2.0-or-later
"""Jobs of an engine on a booted machine: systemd starts pi-computed-engine for each launch, outside
of the service's sandbox. The engine is tests/engine/stub-engine.c."""

from frame import expect, pictl
from rack import wait_for

SERVICE = 'pi-computed.service'
STUB = '/usr/local/bin/stub-engine'
DROP_IN = '/etc/pi-computed/pi-computed.conf.d/60-engine.conf'
UNITS = 'pi-computed-engine@*'


def units(machine):
    """Of launches that there are."""
    said = machine.say('systemctl', 'list-units', '--no-legend', '--plain', '--state=active', UNITS)
    return [line.split()[0] for line in said.splitlines()]


def behave(machine, mode):
    machine.write(DROP_IN, f'[Engine]\nLauncher={STUB} {mode}\nHelper={STUB}\nMinTime=0\n')
    machine.say('systemctl', 'reload', SERVICE)


def computes(machine):
    alone = pictl(machine, 'compute', '1e9')['report']
    behave(machine, 'honest')
    report = pictl(machine, 'compute', '1e9', '--engine=mpi')['report']
    expect(report['engine'] == 'mpi' and report['sum_hex'] == alone['sum_hex'], report)
    wait_for('the launch to be gone', lambda: not units(machine))


def begin(machine):
    """A job whose engine hangs; its number and the unit."""
    behave(machine, 'hang-after-chunk')
    number = str(pictl(machine, 'submit', '1e15', '--engine=mpi')['id'])
    wait_for('the engine', lambda: pictl(machine, 'show', number)['EngineState'] == 'running')
    unit, = units(machine)
    expect(machine.show(unit, 'User') == 'pi-computed')
    return number, unit


def is_cancelled(machine):
    number, _ = begin(machine)
    pictl(machine, 'cancel', number)
    wait_for('the launch to be gone', lambda: not units(machine))


def ends_with_the_service(machine):
    """What was launched does not outlive the service; the job does."""
    number, first = begin(machine)
    machine.say('systemctl', 'kill', '--signal=KILL', '--kill-whom=main', SERVICE)
    wait_for('another launch', lambda: [unit for unit in units(machine) if unit != first])
    wait_for('the first one to be gone', lambda: first not in units(machine))
    pictl(machine, 'cancel', number)
    wait_for('all launches to be gone', lambda: not units(machine))


def check(machine, stub):
    machine.copy(stub, STUB)
    machine.say('chmod', '755', STUB)
    try:
        computes(machine)
        is_cancelled(machine)
        ends_with_the_service(machine)
    finally:
        machine.say('rm', '-f', DROP_IN, STUB)
        machine.say('systemctl', 'reload', SERVICE)
