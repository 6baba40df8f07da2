#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds what says the version, or what a build needs, to meson.build: versions.py SOURCE_ROOT"""

import re
import sys

from tap import Tap, read

MESON = 'meson.build'
SPEC = 'packaging/rpm/pi-computed.spec'

# Where the version of the newest release is.
VERSIONS = (
    ('NEWS', r'\Api-computed (\S+)\n'),
    ('packaging/debian/changelog', r'\Api-computed \(([^)-]+)(?:-[^)]+)?\) '),
    (SPEC, r'^Version: +(\S+)$'),
    (SPEC, r'^%changelog\n\* .* - ([^-\n]+)-\S+$'),
)


def version_of(meson):
    return re.search(r"^  version: '([^']+)',$", meson, re.MULTILINE).group(1)


def version_faults(wanted, path, pattern, text):
    found = re.findall(pattern, text, re.MULTILINE)
    return [] if found[:1] == [wanted] else [f'{path}: {found[:1] or "no version"}, not {wanted}']


def needs_of_meson(meson):
    """{name of pkg-config: least version} of what is linked."""
    return dict(re.findall(r"^\w+ = dependency\('([\w.-]+)', version: '>= ([\d.]+)'", meson,
                           re.MULTILINE))


def needs_of_spec(spec):
    return dict(re.findall(r'^BuildRequires: +pkgconfig\(([\w.-]+)\) >= ([\d.]+)$', spec,
                           re.MULTILINE))


def need_faults(meson, spec):
    ours, theirs = needs_of_meson(meson), needs_of_spec(spec)
    return [f'{SPEC}: {name} {theirs.get(name)}, {MESON}: {ours.get(name)}'
            for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]


def self_tests(tap):
    for path, pattern in VERSIONS:
        tap.catches(f'no version in {path}', version_faults('1.0', path, pattern, ''))
    tap.catches('an old version', version_faults('1.1', 'a', r'^(\S+)$', '1.0\n1.1\n'))
    meson = "a_dep = dependency('a', version: '>= 1.2', required: x)\n"
    tap.catches('a build need that the spec lacks', need_faults(meson, ''))
    tap.catches('a build need of another version',
                need_faults(meson, 'BuildRequires:  pkgconfig(a) >= 1.3\n'))
    tap.catches('a build need that is none',
                need_faults('', 'BuildRequires:  pkgconfig(a) >= 1.2\n'))


def main(root):
    tap = Tap()
    self_tests(tap)
    meson = read(root, MESON)
    for path, pattern in VERSIONS:
        tap.result(f'{path} has the version of {MESON}',
                   version_faults(version_of(meson), path, pattern, read(root, path)))
    tap.result(f'{SPEC} needs what {MESON} does', need_faults(meson, read(root, SPEC)))
    tap.done()


main(sys.argv[1])
