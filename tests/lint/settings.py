#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds manual and example of pi-computed.conf to the table of keys: settings.py SOURCE_ROOT"""

import re
import sys

from tap import Tap, read

TABLE = 'daemon/settings/keys.c'
MANUAL = 'man/pi-computed.conf.rst'
EXAMPLE = 'units/pi-computed.conf'

# Of kinds that are no numbers, as pi_setting_range() has them.
RANGES = {'NAME': 'at most 32 of a to z, 0 to 9 and -',
          'HOST': 'at most 64 of letters, digits, -, _ and ., no sign first',
          'SWITCH': 'yes or no',
          'LAUNCHER': 'none, openmpi, mpich, slurm-pmix, slurm-pmi2 or a command',
          'PATH': 'an absolute path of at most 900 bytes',
          'ADDRESSES': 'at most 8 addresses, separated by spaces'}
ROW = re.compile(r'\{ "(\w+)", "(\w+)", (\w+)\(\w+\), "([^"]*)", (?:"([^"]*)"|NULL),'
                 r'\s*(?:"([^"]*)"|NULL)(,\s*NEVER)? \}')


def table_of(text):
    """[(section, key, default, range)] in the order of the code; empty when not understood."""
    table = re.search(r'pi_setting_keys\[\] = \{(.*?)\n\};', text, re.DOTALL)
    if not table:
        return []
    rows = ROW.findall(table.group(1))
    if len(rows) != len(re.findall(r'\{ "', table.group(1))):
        return []
    return [(section, key, default,
             RANGES.get(kind) or f'{low} to {high}' + (', or infinity' * bool(never)))
            for section, key, kind, default, low, high, never in rows]


def manual_of(text):
    """The same from the definition lists below headings such as [LIMITS]."""
    rows, section = [], None
    for line, under in zip(text.split('\n'), text.split('\n')[1:] + ['']):
        if re.fullmatch(r'=+', under) and len(under) >= len(line) > 0:
            title = re.fullmatch(r'\[(\w+)\]', line)
            section = title and title.group(1).capitalize()
        match = re.fullmatch(r'``(\w+)=`` \(([^;]*); (.*)\)', line)
        if match and section:
            key, default, limits = match.groups()
            rows.append((section, key, '' if default == 'none' else default, limits))
    return rows


def example_of(text):
    """[(section, key, default)] of the lines that are commented out."""
    rows, section = [], None
    for line in text.split('\n'):
        head, key = re.fullmatch(r'\[(\w+)\]', line), re.fullmatch(r'#(\w+)=(.*)', line)
        section = head.group(1) if head else section
        if key:
            rows.append((section, *key.groups()))
    return rows


def compare(wanted, found, where):
    if not wanted:
        return [f'{TABLE}: the table is not understood']
    faults = [f'{where}: {row} is missing' for row in wanted if row not in found]
    faults += [f'{where}: {row} is not in the table' for row in found if row not in wanted]
    return faults or ([] if wanted == found else [f'{where}: another order than in the table'])


def live_faults(text):
    return [f'{EXAMPLE}: "{line}" is not commented out' for line in text.split('\n')
            if line and not line.startswith(('#', '['))]


def self_tests(tap):
    code = ('const PiSettingKey pi_setting_keys[] = {\n'
            '        { "A", "Jobs", COUNT(jobs), "2", "1", "9" },\n'
            '        { "A", "Age", SPAN(age), "1d", "1s", "9d",\n          NEVER },\n};\n')
    table = table_of(code)
    page = ('[A]\n===\n\n``Jobs=`` (2; 1 to 9)\n    T.\n'
            '``Age=`` (1d; 1s to 9d, or infinity)\n    T.\n')
    tap.result('self-test: a page as it should be', compare(table, manual_of(page), 'page'))
    for name, bad in (('another default', page.replace('(2;', '(3;')),
                      ('another range', page.replace('1 to 9', '0 to 9')),
                      ('another section', page.replace('[A]', '[B]')),
                      ('another order', page.replace('Jobs', 'X').replace('Age', 'Jobs')),
                      ('a key too few', page.split('``Age')[0]),
                      ('a key too many', page + '``More=`` (1; 1 to 2)\n')):
        tap.catches(name, compare(table, manual_of(bad), 'page'))
    tap.catches('a table of another form', compare(
        table_of(code.replace('"2", "1", "9"', '2, 1, 9')), manual_of(page), 'page'))
    tap.catches('an example of another default', compare(
        [('A', 'Jobs', '2')], example_of('[A]\n#Jobs=3\n'), 'example'))
    tap.catches('an example that sets something', live_faults('[A]\nJobs=2\n'))


def main(root):
    tap = Tap()
    self_tests(tap)
    table = table_of(read(root, TABLE))
    example = read(root, EXAMPLE)
    tap.result('the manual', compare(table, manual_of(read(root, MANUAL)), MANUAL))
    tap.result('the example', compare([row[:3] for row in table], example_of(example), EXAMPLE))
    tap.result('the example sets nothing', live_faults(example))
    tap.done()


main(sys.argv[1])
