#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks what systemd will read: units.py SOURCE_ROOT BUILD_ROOT DAEMON

The rendered units, with the built daemon in the place of the installed one; the user; the
message catalog; the activation files. None of it needs a running systemd.
"""

import configparser
import os
import re
import shutil
import sys
import tempfile

from tap import Tap, read, run

# Ten times the exposure level that "systemd-analyze security" may find.
EXPOSURE = 15
EXPOSURE_OF_HELPERS = 20
# Calls of the worker threads; the sandbox must let them through.
WORKER_CALLS = ('sched_setaffinity', 'sched_setscheduler', 'setpriority')


def settings(text):
    """(section, key, value) of a unit in its order; keys may repeat."""
    section, found = '', []
    for line in text.splitlines():
        line = line.strip()
        if line.startswith('['):
            section = line.strip('[]')
        elif line and line[0] not in '#;':
            key, _, value = line.partition('=')
            found.append((section, key, value))
    return found


def value_of(text, wanted):
    values = [value for _, key, value in settings(text) if key == wanted]
    return values[-1] if values else None


def verify(folder, units, *more):
    env = dict(os.environ, SYSTEMD_UNIT_PATH=folder + ':', XDG_RUNTIME_DIR=folder)
    done = run(['systemd-analyze', 'verify', '--man=no', *more,
                *(os.path.join(folder, unit) for unit in units)], env=env)
    said = done.stdout + done.stderr
    return [f'rc {done.returncode}: {said}'] if done.returncode or said else []


def exposure_faults(path, limit=EXPOSURE):
    done = run(['systemd-analyze', 'security', '--offline=true', f'--threshold={limit}',
                '--no-pager', path])
    return [done.stdout + done.stderr] if done.returncode else []


def call_faults(text):
    """Replays the SystemCallFilter= lines over the calls that the workers make."""
    allowed = set()
    groups = {'@system-service': set(WORKER_CALLS), '@resources': set(WORKER_CALLS)}
    for _, key, value in settings(text):
        if key != 'SystemCallFilter':
            continue
        deny = value.startswith('~')
        for word in value.lstrip('~').split():
            calls = groups.get(word, set() if word.startswith('@') else {word})
            allowed = allowed - calls if deny else allowed | calls
    return [f'{call} is not allowed' for call in WORKER_CALLS if call not in allowed]


def catalog_faults(path, folder):
    root = os.path.join(folder, 'catalog-root')
    shutil.rmtree(root, ignore_errors=True)
    for directory in ('usr/lib/systemd/catalog', 'var/lib/systemd/catalog'):
        os.makedirs(os.path.join(root, directory))
    shutil.copy(path, os.path.join(root, 'usr/lib/systemd/catalog'))
    done = run(['journalctl', '--update-catalog', f'--root={root}'])
    if done.returncode or done.stderr:
        return [f'rc {done.returncode}: {done.stderr}']
    listed = run(['journalctl', '--list-catalog', f'--root={root}']).stdout
    wanted = re.findall(r'^-- ([0-9a-f]{32})$', open(path, encoding='utf-8').read(), re.MULTILINE)
    missing = [entry for entry in wanted if entry not in listed]
    return [f'{entry} is lost' for entry in missing] + ([] if wanted else ['no entries'])


def sysusers_faults(path):
    done = run(['systemd-sysusers', '--dry-run', os.path.abspath(path)])
    return [f'rc {done.returncode}: {done.stderr}'] if done.returncode else []


def activation_faults(text, unit, name='pi-computed.service'):
    file = configparser.ConfigParser(interpolation=None)
    file.optionxform = str
    file.read_string(text)
    section = file['D-BUS Service']
    faults = []
    if section.get('Name') != value_of(unit, 'BusName'):
        faults.append(f'Name={section.get("Name")} is not BusName={value_of(unit, "BusName")}')
    if section.get('SystemdService') != name:
        faults.append(f'SystemdService= is not {name}')
    if section.get('User') != value_of(unit, 'User'):
        faults.append(f'User={section.get("User")} is not that of the unit')
    if section.get('Exec') not in ('/bin/false', value_of(unit, 'ExecStart')):
        faults.append(f'Exec={section.get("Exec")} is not what the unit runs')
    return faults


def socket_faults(unit, daemon, settings_table):
    """The socket of the cluster is the one that the daemon looks for, at the port it would open."""
    name = re.search(r'#define SOCKET_NAME "(\w+)"', daemon).group(1)
    port = re.search(r'"Port", COUNT\(port\), "(\d+)"', settings_table).group(1)
    faults = []
    if value_of(unit, 'FileDescriptorName') != name:
        faults.append(f'FileDescriptorName= is not {name}')
    if value_of(unit, 'ListenStream') != port:
        faults.append(f'ListenStream= is not {port}, the default of Port=')
    if value_of(unit, 'Accept') == 'yes':
        faults.append('Accept=yes: the daemon wants the socket, not connections')
    return faults


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)
    return path


def helper_tests(tap, folder, source, build, program):
    """What tells Prometheus: the exporter, where it is built, and the timer."""
    helpers = [('pi-computed-textfile.service', 'pi-computed-textfile.timer')]
    if os.path.exists(os.path.join(build, 'units/pi-computed-exporter.service')):
        helpers.append(('pi-computed-exporter.service', 'pi-computed-exporter.socket'))
    else:
        tap.skip('units of the exporter', 'it is not built: there is no libmicrohttpd')
    for service, starter in helpers:
        unit = read(build, f'units/{service}')
        line = value_of(unit, 'ExecStart')
        tap.result(f'{line.split()[0]} is absolute', [] if line.startswith('/') else [line])
        path = write(folder, service, re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={program}', unit))
        write(folder, starter, read(source, f'units/{starter}'))
        tap.result(f'systemd-analyze verify: {service}', verify(folder, [service, starter]))
        tap.result(f'exposure of {service} is at most {EXPOSURE_OF_HELPERS / 10}',
                   exposure_faults(path, EXPOSURE_OF_HELPERS))
        # Nothing of this is on unless somebody says so.
        tap.result(f'{service} is started by {starter}',
                   ['it has a WantedBy='] if value_of(unit, 'WantedBy') else [])


def firewall_tests(tap, folder, source, build, program):
    """The helper that changes packet filters: one capability, and no network."""
    name = 'pi-computed-firewall.service'
    unit = read(build, f'units/{name}')
    path = write(folder, name, re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={program}', unit))
    tap.result(f'systemd-analyze verify: {name}', verify(folder, [name, 'pi-computed.slice']))
    tap.result(f'exposure of {name} is at most {EXPOSURE_OF_HELPERS / 10}',
               exposure_faults(path, EXPOSURE_OF_HELPERS))
    tap.result('one capability', [] if value_of(unit, 'CapabilityBoundingSet') ==
               value_of(unit, 'AmbientCapabilities') == 'CAP_NET_ADMIN' else ['others, or none'])
    tap.result('activation of the firewall', activation_faults(
        read(source, 'dbus/org.picompute1.Firewall.service'), unit, name))


def engine_faults(socket, service, daemon):
    """A connection is a launch; nobody but the service's user makes one."""
    wanted = [(socket, 'Accept', 'yes'), (socket, 'SocketMode', '0600'),
              (socket, 'SocketUser', value_of(service, 'User')),
              (service, 'StandardInput', 'socket'), (service, 'StandardOutput', 'socket'),
              (service, 'CapabilityBoundingSet', ''), (service, 'KillMode', 'control-group')]
    faults = [f'{key}= is not {value}' for text, key, value in wanted
              if value_of(text, key) != value]
    if 'pi-computed-engine.socket' not in (value_of(daemon, 'Wants') or ''):
        faults.append('pi-computed.service does not want it')
    return faults


def engine_tests(tap, folder, source, build, program):
    service, socket = 'pi-computed-engine@.service', 'pi-computed-engine.socket'
    unit, starter = read(build, f'units/{service}'), read(source, f'units/{socket}')
    daemon = read(build, 'units/pi-computed.service')
    placed = re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={program}', unit)
    instance = 'pi-computed-engine@1.service'
    path = write(folder, instance, placed)
    write(folder, service, placed)
    write(folder, socket, starter)
    tap.result(f'systemd-analyze verify: {service}', verify(folder, [instance, socket]))
    tap.result(f'exposure of {service} is at most {EXPOSURE_OF_HELPERS / 10}',
               exposure_faults(path, EXPOSURE_OF_HELPERS))
    tap.result('a connection is a launch', engine_faults(starter, unit, daemon))
    tap.catches('a socket for everybody', engine_faults(
        starter.replace('0600', '0666'), unit, daemon))
    tap.catches('a service without engines', engine_faults(
        starter, unit, daemon.replace('Wants=', 'X-Wants=')))


def helper_user_faults(source, build, name):
    path = os.path.join(build, f'units/{name}.service')
    if not os.path.exists(path):
        return []
    user = value_of(read(build, f'units/{name}.service'), 'User')
    sysusers = f'units/{name}.sysusers'
    return sysusers_faults(os.path.join(source, sysusers)) + (
        [] if f'u {user} ' in read(source, sysusers) else ['sysusers makes another user'])


def self_tests(tap, folder, unit):
    here = os.path.join(folder, 'bad')
    os.makedirs(here)
    write(here, 'pi-bad.service', unit + '\n[Service]\nWatchdogSoc=3\n')
    tap.catches('a misspelt setting', verify(here, ['pi-bad.service']))
    write(here, 'pi-lost.service', '[Service]\nExecStart=/nonexistent/pi-computed\n')
    tap.catches('a missing program', verify(here, ['pi-lost.service']))
    bare = write(here, 'pi-bare.service', '[Service]\nExecStart=/bin/true\n')
    tap.catches('no sandbox', exposure_faults(bare))
    tap.catches('workers that may not pin themselves', call_faults(
        'SystemCallFilter=@system-service\nSystemCallFilter=~@resources\n'))
    tap.catches('a catalog entry without a subject', catalog_faults(
        write(here, 'bad.catalog', '-- 09be9fd0a6cf48b29afab7bfe875cd7\n\ntext\n'), folder))
    tap.catches('a user of no type', sysusers_faults(write(here, 'bad.conf', 'x pi - -\n')))
    tap.catches('a socket of another name', socket_faults(
        '[Socket]\nListenStream=1\nFileDescriptorName=a\n', '#define SOCKET_NAME "b"',
        '"Port", COUNT(port), "1"'))
    tap.catches('an activation file of another name', activation_faults(
        '[D-BUS Service]\nName=org.other\nExec=/bin/false\nUser=pi-computed\n'
        'SystemdService=pi-computed.service\n', unit))


def main(source, build, daemon):
    tap = Tap()
    unit = read(build, 'units/pi-computed.service')
    user_unit = read(build, 'units/user/pi-computed.service')
    for line in (value_of(unit, 'ExecStart'), value_of(user_unit, 'ExecStart')):
        tap.result(f'{line} is absolute', [] if line.startswith('/') else [line])

    with tempfile.TemporaryDirectory() as folder:
        placed = re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={daemon}', unit)
        path = write(folder, 'pi-computed.service', placed)
        write(folder, 'user/pi-computed.service',
              re.sub(r'(?m)^ExecStart=\S+', f'ExecStart={daemon}', user_unit))
        beside = ['pi-computed.slice', 'pi.slice', 'pi-computed.socket']
        for name in beside:
            write(folder, name, read(source, os.path.join('units', name)))
        self_tests(tap, folder, placed)
        tap.result('systemd-analyze verify: system',
                   verify(folder, ['pi-computed.service', *beside]))
        tap.result('the socket of the cluster', socket_faults(
            read(source, 'units/pi-computed.socket'), read(source, 'daemon/membership.c'),
            read(source, 'daemon/settings/keys.c')))
        tap.result('systemd-analyze verify: user',
                   verify(folder, ['user/pi-computed.service'], '--user'))
        tap.result(f'exposure is at most {EXPOSURE / 10}', exposure_faults(path))
        helper_tests(tap, folder, source, build, daemon)
        firewall_tests(tap, folder, source, build, daemon)
        engine_tests(tap, folder, source, build, daemon)
        tap.result('workers may pin themselves and step back', call_faults(unit))
        tap.result('the catalog', catalog_faults(
            os.path.join(source, 'units/pi-computed.catalog'), folder))

    sysusers = os.path.join(source, 'units/pi-computed.sysusers')
    tap.result('the user', sysusers_faults(sysusers) + (
        [] if f'u {value_of(unit, "User")} ' in read(source, 'units/pi-computed.sysusers')
        else ['sysusers makes another user than User= of the unit']))
    for name in ('pi-computed-exporter', 'pi-computed-firewall'):
        tap.result(f'the user of {name}', helper_user_faults(source, build, name))
    tap.result('activation by the system bus',
               activation_faults(read(source, 'dbus/org.picompute1.service'), unit))
    tap.result('activation by the session bus',
               activation_faults(read(build, 'units/session/org.picompute1.service'), user_unit))
    tap.done()


main(*sys.argv[1:4])
