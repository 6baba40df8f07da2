#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Looks at the built rpm packages: rpm.py SOURCE DIRECTORY

DIRECTORY is where dev.d/rpm.sh left them. What rpmlint says, and what the scripts of the packages
do with the units: those are lists in the spec, which a new unit has to get into.
"""

import glob
import os
import re
import sys
import tempfile
import tomllib

from tap import Tap, run

CONFIG = 'packaging/rpm/rpmlint.toml'
SPEC = 'packaging/rpm/pi-computed.spec'
SCRIPTS = ('PREIN', 'POSTIN', 'PREUN', 'POSTUN')


def rpmlint(config, paths):
    """(whether it is content, what it says)"""
    done = run(['rpmlint', '--strict', '--config', config, *paths])
    return done.returncode == 0, done.stdout + done.stderr


def rpmlint_without_filters(config, paths):
    with open(config, encoding='utf-8') as file:
        rest = re.sub(r'^Filters = \[$.*?^\]$', '', file.read(), flags=re.MULTILINE | re.DOTALL)
    with tempfile.NamedTemporaryFile('w', suffix='.toml') as bare:
        bare.write(rest)
        bare.flush()
        return rpmlint(bare.name, paths)


def idle_filters(filters, said):
    """Those that keep nothing back of what is said without them."""
    lines = said.splitlines()
    return [f'nothing needs this filter any more: {text}' for text in filters
            if not any(re.search(text, line) for line in lines)]


def script_faults(scripts):
    """What rpmbuild left as it was: a macro that it does not know."""
    return [f'%{name.lower()}: {word}' for name, text in scripts.items()
            for word in re.findall(r'%\S+', text)]


def unit_faults(units, scripts):
    """`units` is {name: text}. What can be enabled is for presets; what can run ends.

    What serves one connection ends with it."""
    def named(script):
        return re.findall(r'\S+', scripts[script])

    faults = []
    for name, text in units.items():
        if name.endswith('.slice') or '@.' in name:
            continue
        if '[Install]' in text and name not in named('POSTIN'):
            faults.append(f'{name}: no %systemd_post')
        if name not in named('PREUN'):
            faults.append(f'{name}: no %systemd_preun')
        if name.endswith('.service') and 'Type=oneshot' not in text and \
                name not in named('POSTUN'):
            faults.append(f'{name}: no %systemd_postun_with_restart')
    return faults


def query(package, *options):
    return run(['rpm', '--query', '--package', '--nosignature', *options, package]).stdout


def scripts_of(package):
    """{tag: text} of a package's scripts."""
    return {tag: query(package, '--queryformat', f'%{{{tag}}}') for tag in SCRIPTS}


def units_of(package, source):
    """{name: source} of the system units in a package."""
    found = {}
    for path in query(package, '--list').splitlines():
        folder, name = os.path.split(path)
        if folder == '/usr/lib/systemd/system':
            unit, = glob.glob(os.path.join(source, 'units', glob.escape(name) + '*'))
            with open(unit, encoding='utf-8') as file:
                found[name] = file.read()
    return found


def rpmlint_tests(tap, paths, config):
    content, said = rpmlint_without_filters(config, paths)
    tap.catches('what the filters keep back', not content)
    tap.catches('a filter for nothing', idle_filters(['no-such-message'], said))
    with open(config, 'rb') as file:
        tap.result(f'each filter of {CONFIG} has a use',
                   idle_filters(tomllib.load(file)['Filters'], said))
    content, said = rpmlint(config, paths)
    tap.result('rpmlint has nothing to say', [] if content else [said])


def script_self_tests(tap):
    tap.catches('a macro that is none', script_faults({'PREIN': 'true\n%sysusers_create a\n'}))
    none = dict.fromkeys(SCRIPTS, '')
    for unit in ('a.service', 'a.socket', 'a.timer'):
        tap.catches(f'a {unit} that goes on', unit_faults({unit: '[Unit]\n'}, none))
    tap.catches('a unit without preset',
                unit_faults({'a.socket': '[Install]\n'}, {**none, 'PREUN': 'a.socket'}))
    tap.catches('a service of the old release',
                unit_faults({'a.service': '[Unit]\n'}, {**none, 'PREUN': 'a.service'}))


def main(source, directory):
    tap = Tap()
    built = glob.glob(os.path.join(directory, '*RPMS', '**', '*.rpm'), recursive=True)
    # What rpmbuild makes of itself to hold debug information is not ours to mend.
    packages = sorted(path for path in built
                      if not re.search(r'-debuginfo-[^/]*$', path))
    if not packages:
        sys.exit(f'rpm.py: no packages in {directory}: dev.d/rpm.sh {directory}')
    rpmlint_tests(tap, [os.path.join(source, SPEC), *packages], os.path.join(source, CONFIG))
    script_self_tests(tap)
    for package in packages:
        if package.endswith('.src.rpm'):
            continue
        name, scripts = os.path.basename(package), scripts_of(package)
        tap.result(f'{name}: all macros are known', script_faults(scripts))
        units = units_of(package, source)
        tap.result(f'{name}: {len(units)} units are enabled, restarted and stopped',
                   unit_faults(units, scripts) if units else ['no units'])
    tap.done()


main(*sys.argv[1:3])
