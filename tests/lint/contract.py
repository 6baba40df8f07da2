#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds manual, catalog, policy and news to the names in the code: contract.py SOURCE_ROOT"""

import re
import sys
import xml.etree.ElementTree as ElementTree

from tap import Tap, read

MANUAL = 'man/org.picompute1.rst'


def definitions(manual, title):
    """{name: what stands in brackets} of the definition list under a heading of the manual."""
    section = re.search(rf'^{re.escape(title)}\n=+\n(.*?)(?=^[^\n]+\n={{4,}}\n|\Z)', manual,
                        re.MULTILINE | re.DOTALL)
    if not section:
        return None
    return dict(re.findall(r'^``(\S+?)``(?: \((.*)\))?$', section.group(1), re.MULTILINE))


def compare(wanted, manual, title):
    """Faults between {name: type, unit or None} in the code and a section of the manual."""
    if not wanted:
        return [f'nothing found in the code for "{title}"']
    found = definitions(manual, title)
    if found is None:
        return [f'{MANUAL} has no section "{title}"']
    faults = [f'{name}: missing in "{title}"' for name in wanted if name not in found]
    faults += [f'{name}: in "{title}", not in the code' for name in found if name not in wanted]
    faults += [f'{name}: "{found[name]}" in "{title}", "{wanted[name]}" in the code'
               for name in wanted
               if name in found and wanted[name] is not None and found[name] != wanted[name]]
    return faults


def names(text, prefix):
    return {name: None for name in re.findall(rf'#define {prefix}\w+ "([a-z_0-9]+)"', text)}


def errors(text):
    return {name: f'exit status {status}' for name, status in
            re.findall(r'ERROR_PREFIX "(\w+)",\s*\w+,\s*(\d+)', text)}


def metric_tables(text):
    """[{key: "type, unit"}] of each table of keys.c, in the order of the file."""
    for name, value in re.findall(r'^#define (\w+) (".*")$', text, re.MULTILINE):
        text = re.sub(rf'([,{{]\s*){name}(?=\s*,)', lambda m, v=value: m.group(1) + v, text)
    tables = []
    start = r'static const PiMetricKey \w+\[[^]]*\]'
    for table in re.findall(start + r' = \{(.*?)\n\};', text, re.DOTALL):
        rows = re.findall(r'\{\s*"(\w+)",\s*"([^"]+)",\s*"([^"]*)",', table)
        if len(rows) != len(re.findall(r'\{\s*"\w+"', table)):
            return []
        tables.append({name: f'{kind}, {unit}' if unit else kind for name, kind, unit in rows})
    return tables


def message_faults(events, catalog):
    wanted = set(re.findall(r'#define PI_EVENT_\w+ "([0-9a-f]{32})"', events))
    found = set(re.findall(r'^-- ([0-9a-f]{32})$', catalog, re.MULTILINE))
    if not wanted:
        return ['no MESSAGE_ID found in daemon/events.h']
    return [f'{entry}: not in the catalog' for entry in wanted - found] + \
           [f'{entry}: in the catalog only' for entry in found - wanted]


def news_faults(build, news):
    version = re.search(r"^  version: '([^']+)'", build, re.MULTILINE).group(1)
    first = re.search(r'^pi-computed (\S+)', news, re.MULTILINE)
    if not first:
        return ['NEWS names no version']
    return [] if first.group(1) == version else \
        [f'meson.build says {version}, NEWS begins with {first.group(1)}']


def member_faults(documents, manual):
    faults = []
    for document in documents:
        for interface in ElementTree.fromstring(document).iter('interface'):
            for member in interface:
                name = member.get('name')
                if member.tag in ('method', 'property', 'signal') and f'``{name}``' not in manual \
                        and f'``{name}(' not in manual:
                    faults.append(f'{interface.get("name")}.{name}: not in {MANUAL}')
    return faults


def policy_faults(header, policy, polkit):
    # What nodes say to each other is on no message bus.
    interfaces = [name for name in re.findall(r'#define PI_INTERFACE_\w+ "([^"]+)"', header)
                  if not name.endswith('.Peer')]
    actions = re.findall(r'#define PI_POLKIT_\w+ "([^"]+)"', header)
    return [f'{name}: not allowed by the bus policy' for name in interfaces
            if f'send_interface="{name}"' not in policy] + \
           [f'{action}: no polkit action' for action in actions if f'id="{action}"' not in polkit]


def self_tests(tap):
    manual = ('Options\n=======\n\n``parts`` (t)\n    Text.\n\n'
              'Other\n=====\n\n``cpus`` (u)\n    Text.\n')
    tap.result('self-test: the right section', compare({'parts': 't'}, manual, 'Options'))
    tap.catches('a key of no manual', compare({'parts': 't', 'cpus': 'u'}, manual, 'Options'))
    tap.catches('a key of no code', compare({'cpu': 'u'}, manual, 'Other'))
    tap.catches('a wrong unit', compare({'parts': 'u'}, manual, 'Options'))
    tap.catches('a missing section', compare({'a': None}, manual, 'Keys'))
    tap.catches('code that is not understood', compare({}, manual, 'Options'))
    event = f'#define PI_EVENT_A "{"0" * 32}"\n'
    tap.catches('an event without an entry', message_faults(event, ''))
    tap.catches('an entry without an event',
                message_faults(event, f'-- {"0" * 32}\n-- {"1" * 32}\n'))
    tap.catches('old news', news_faults("  version: '0.2.0'", 'pi-computed 0.1.0\n'))
    tap.catches('a method of no manual', member_faults(
        ['<node><interface name="a.B"><method name="C"/></interface></node>'], '``D``'))
    tap.catches('an interface of no policy', policy_faults(
        '#define PI_INTERFACE_A "a.A"\n#define PI_POLKIT_A "a.b"\n', '', 'id="a.b"'))
    tap.catches('an action that polkit does not know', policy_faults(
        '#define PI_POLKIT_A "a.b"\n#define PI_POLKIT_C "a.c"\n', '', 'id="a.b"'))


def main(root):
    tap = Tap()
    self_tests(tap)
    manual = read(root, MANUAL)
    header = read(root, 'dbus/names.h')
    tap.result('options', compare(names(header, 'PI_OPTION_'), manual, 'Options'))
    tap.result('report', compare(names(header, 'PI_REPORT_'), manual, 'Report'))
    tap.result('sweeps', compare(names(header, 'PI_SWEEP_'), manual, 'Sweeps'))
    tap.result('tokens', compare(names(header, 'PI_TOKEN_'), manual, 'Tokens'))
    tap.result('errors', compare(errors(read(root, 'dbus/error.c')), manual, 'Errors'))
    tables = metric_tables(read(root, 'daemon/metrics/keys.c'))
    titles = ('Metrics', 'Metrics of a Core', 'Metrics of a Baseline', 'Metrics of a Node')
    tap.result('tables of metrics', [] if len(tables) == len(titles) else [f'{len(tables)} tables'])
    for table, title in zip(tables, titles):
        tap.result(title.lower(), compare(table, manual, title))
    interfaces = [read(root, f'dbus/org.picompute1.{name}.xml')
                  for name in ('Manager', 'Job', 'Node', 'Firewall')]
    tap.result('methods and properties', member_faults(interfaces, manual))
    policies = [read(root, f'dbus/org.picompute1{name}.conf') for name in ('', '.Firewall')]
    tap.result('policies', policy_faults(header, ''.join(policies),
                                         read(root, 'dbus/org.picompute1.policy')))
    events = [read(root, f'{room}/events.h') for room in ('daemon', 'nft')]
    tap.result('catalog', message_faults(''.join(events),
                                         read(root, 'units/pi-computed.catalog')))
    tap.result('news', news_faults(read(root, 'meson.build'), read(root, 'NEWS')))
    tap.done()


main(sys.argv[1])
