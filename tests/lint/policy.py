#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets a private dbus-daemon of type "system" enforce the bus policy: policy.py SOURCE_ROOT DAEMON

Who may own the name, and what may be called on it, with the real daemon behind it.
"""

import contextlib
import os
import pwd
import subprocess
import sys
import tempfile
import time

from tap import Tap, read, run

NAME, PATH = 'org.picompute1', '/org/picompute1'

# The rules every system bus begins with.
BUS = '''<busconfig>
<type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><deny own="*"/><deny send_type="method_call"/>
<allow send_type="signal"/><allow send_requested_reply="true" send_type="method_return"/>
<allow send_requested_reply="true" send_type="error"/>
<allow receive_type="method_call"/><allow receive_type="method_return"/>
<allow receive_type="error"/><allow receive_type="signal"/>
<allow send_destination="org.freedesktop.DBus"/></policy>
<include>{folder}/policy.conf</include></busconfig>
'''

ALLOWED = [
    ('org.freedesktop.DBus.Peer', 'Ping'),
    ('org.freedesktop.DBus.Introspectable', 'Introspect'),
    ('org.freedesktop.DBus.ObjectManager', 'GetManagedObjects'),
    ('org.freedesktop.DBus.Properties', 'GetAll', 's', 'org.picompute1.Manager'),
    ('org.picompute1.Manager', 'ComputePi', 'ta{sv}', '1000', '0'),
]
DENIED = [
    ('org.freedesktop.DBus.Debug.Stats', 'GetStats'),
    ('org.picompute1.Peer', 'Identify'),
    ('org.example.Other', 'Anything'),
]


@contextlib.contextmanager
def bus(policy, owner):
    """The address of a system bus on which `owner` stands for both users of the policy."""
    with tempfile.TemporaryDirectory() as folder:
        for user in ('root', 'pi-computed'):
            policy = policy.replace(f'user="{user}"', f'user="{owner}"')
        for name, text in (('bus.conf', BUS.format(folder=folder)), ('policy.conf', policy)):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        process = subprocess.Popen(
            ['dbus-daemon', f'--config-file={folder}/bus.conf', '--nofork', '--print-address'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError('dbus-daemon does not accept the policy')
            yield address
        finally:
            process.terminate()
            process.wait()


def busctl(address, *words):
    return run(['busctl', f'--address={address}', '--timeout=20', 'call', *words])


def call(address, interface, member, *arguments):
    return busctl(address, NAME, PATH, interface, member, *arguments)


def wait_for_name(address, process):
    while process.poll() is None:
        owned = busctl(address, 'org.freedesktop.DBus', '/', 'org.freedesktop.DBus',
                       'NameHasOwner', 's', NAME)
        if owned.stdout.strip() == 'b true':
            return
        time.sleep(0.02)
    raise RuntimeError(f'the daemon ended with {process.returncode} before it had its name')


def try_calls(tap, address, daemon):
    process = subprocess.Popen([daemon, '--system', '--workers=1'], stdin=subprocess.DEVNULL,
                               env=dict(os.environ, DBUS_SYSTEM_BUS_ADDRESS=address))
    try:
        wait_for_name(address, process)
        for interface, member, *arguments in ALLOWED:
            done = call(address, interface, member, *arguments)
            tap.result(f'{interface}.{member} is allowed', [done.stderr] if done.returncode else [])
        for interface, member in DENIED:
            done = call(address, interface, member)
            refused = done.returncode and 'Access' in done.stderr and 'denied' in done.stderr
            tap.result(f'{interface}.{member} is denied by the bus',
                       [] if refused else [f'rc {done.returncode}: {done.stdout}{done.stderr}'])
    finally:
        process.terminate()
        process.wait()
    tap.result('the daemon ends in order', [process.returncode] if process.returncode else [])


def request_name(address):
    return busctl(address, 'org.freedesktop.DBus', '/org/freedesktop/DBus',
                  'org.freedesktop.DBus', 'RequestName', 'su', NAME, '4')


def main(root, daemon):
    tap = Tap()
    policy = read(root, 'dbus/org.picompute1.conf')
    me = pwd.getpwuid(os.getuid()).pw_name
    other = 'nobody' if me != 'nobody' else 'daemon'
    with bus(policy, me) as address:
        done = request_name(address)
        tap.result('its user may own the name', [done.stderr] if done.returncode else [])
        try_calls(tap, address, daemon)
    with bus(policy, other) as address:
        done = request_name(address)
        tap.result('nobody else may own the name',
                   [] if done.returncode else ['the bus gave the name away'])
    loose = policy.replace('<deny own="org.picompute1"/>', '<allow own="org.picompute1"/>')
    with bus(loose, other) as address:
        done = request_name(address)
        tap.catches('a policy that gives the name to all', not done.returncode)
    tap.done()


main(*sys.argv[1:3])
