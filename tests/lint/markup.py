#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks the XML files of dbus/: markup.py SOURCE_ROOT

Against their DTDs where the machine has them, and for what no DTD says. The DTD of bus
policies lags behind dbus-daemon, which reads ours in tests/lint/policy.py.
"""

import os
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

from tap import Tap, run, sources

DTDS = {
    '.xml': ('/usr/share/xml/dbus-1/introspect.dtd', 'install libdbus-1-dev'),
    '.policy': ('/usr/share/polkit-1/policyconfig-1.dtd', 'install polkitd'),
}


def dtd_faults(path, dtd):
    done = run(['xmllint', '--noout', '--nonet', '--dtdvalid', dtd, path])
    return [done.stderr] if done.returncode else []


def well_formed_faults(path):
    done = run(['xmllint', '--noout', '--nonet', path])
    return [done.stderr] if done.returncode else []


def deny_faults(text):
    """A deny of all types would also swallow replies to the daemon, those of polkit first."""
    return [f'<deny {dict(rule.attrib)}>: say send_type="method_call"'
            for rule in ElementTree.fromstring(text).iter('deny')
            if 'send_destination' in rule.attrib and rule.get('send_type') != 'method_call']


def open_faults(text):
    """Each thing allowed to everybody names one interface of one destination."""
    faults = []
    for policy in ElementTree.fromstring(text).iter('policy'):
        if policy.get('user') in ('root', 'pi-computed', 'pi-computed-firewall'):
            continue
        for rule in policy.iter('allow'):
            if set(rule.attrib) != {'send_destination', 'send_interface'}:
                faults.append(f'<allow {dict(rule.attrib)}>: name a destination and an interface')
    return faults


BAD = {
    '.xml': '<node><interface><method name="A"/></interface></node>',
    '.policy': '''<policyconfig><action id="a.b"><description>A</description><message>B</message>
        <annotate key="k">v</annotate><defaults/></action></policyconfig>''',
}


def self_tests(tap, folder):
    for ending, (dtd, reason) in DTDS.items():
        path = os.path.join(folder, 'bad' + ending)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(BAD[ending])
        if os.path.exists(dtd):
            tap.catches(f'an invalid {ending}', dtd_faults(path, dtd))
        else:
            tap.skip(f'self-test: an invalid {ending}', f'no {dtd}: {reason}')
    broken = os.path.join(folder, 'broken.conf')
    with open(broken, 'w', encoding='utf-8') as file:
        file.write('<busconfig><policy></busconfig>')
    tap.catches('a broken file', well_formed_faults(broken))
    tap.catches('a deny of replies', deny_faults(
        '<busconfig><policy context="default"><deny send_destination="a.b"/></policy></busconfig>'))
    for name, rule in (('an open destination', 'send_destination'), ('a name for all', 'own')):
        tap.catches(name, open_faults(
            f'<busconfig><policy context="default"><allow {rule}="a.b"/></policy></busconfig>'))


def main(root):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        self_tests(tap, folder)
    for path in sources(os.path.join(root, 'dbus'), '.xml', '.policy', '.conf'):
        full = os.path.join(root, 'dbus', path)
        tap.result(f'{path} is well formed', well_formed_faults(full))
        dtd, reason = DTDS.get(os.path.splitext(path)[1], (None, None))
        if dtd and not os.path.exists(dtd):
            tap.skip(f'{path} is valid', f'no {dtd}: {reason}')
        elif dtd:
            tap.result(f'{path} is valid', dtd_faults(full, dtd))
        if path.endswith('.conf'):
            with open(full, encoding='utf-8') as file:
                text = file.read()
            tap.result(f'{path} denies calls only', deny_faults(text))
            tap.result(f'{path} is open by interface only', open_faults(text))
    tap.done()


main(sys.argv[1])
