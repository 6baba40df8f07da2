#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares the deb packages with the rpm packages, file by file: compare.py DEBS RPMS

DEBS and RPMS are the directories where they lie. A file has to be in both, in the package of the
same name, with the same mode, owner and content; what may be different is in the tables below.
"""

import collections
import glob
import gzip
import io
import os
import re
import subprocess
import sys
import tarfile

from tap import Tap

PACKAGES = ('pi-computed', 'pi-computed-exporter')

# `deb` is a regular expression; what it finds in a path is `rpm` in the other package.
Move = collections.namedtuple('Move', 'deb rpm why')
MOVES = (
    Move(r'^/lib/systemd/', '/usr/lib/systemd/',
         "Debian 12 has system's units where its debhelper looks for them; /lib is /usr/lib"),
    Move(r'^/usr/share/zsh/vendor-completions/', '/usr/share/zsh/site-functions/',
         'Debian keeps site-functions for the administrator'),
)

# Paths that only packages of this kind need to have.
Alone = collections.namedtuple('Alone', 'kind path why')
ALONE = (
    Alone('deb', r'^/usr/share/doc/', 'the copyright and the change log of Debian'),
    Alone('rpm', r'^/usr/share/doc/', 'Debian compresses what is long, so names differ'),
    Alone('rpm', r'^/usr/share/licenses/', 'Debian has them in copyright'),
    Alone('rpm', r'^/usr/lib/\.build-id', 'how debuggers find a program by its build id'),
)

# Directories that belong to the system are in every deb, and in no rpm that is not the first.
OURS = re.compile(r'pi-?comput')

Entry = collections.namedtuple('Entry', 'kind mode owner content')


def entries(archive):
    """{path: Entry} of an archive of tar(1)."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = os.path.normpath('/' + member.name)
            kind, content = 'file', b''
            if member.isdir():
                kind = 'directory'
            elif member.issym():
                kind, content = 'link', member.linkname.encode()
            elif member.isreg():
                content = tar.extractfile(member).read()
                if path.endswith('.gz'):
                    content = gzip.decompress(content)
            else:
                kind = f'of type {member.type!r}'
            owner = f'{member.uname}:{member.gname}'
            found[path] = Entry(kind, f'{member.mode:04o}', owner, content)
    return found


class Rules:
    """The tables, and which of their rows were needed."""

    def __init__(self, moves, alone):
        self.moves, self.alone, self.used = moves, alone, set()

    def moved(self, deb):
        """Entries of a deb under the paths that they have in an rpm."""
        return {self.moved_path(path): entry for path, entry in deb.items()}

    def moved_path(self, path):
        for move in self.moves:
            path, count = re.subn(move.deb, move.rpm, path)
            if count:
                self.used.add(move)
        return path

    def may_be_alone(self, kind, path):
        for rule in self.alone:
            if rule.kind == kind and re.search(rule.path, path):
                self.used.add(rule)
                return True
        return False

    def unused(self):
        return [f'nothing needs this any more: {rule}'
                for rule in self.moves + self.alone if rule not in self.used]


def difference(deb, rpm):
    """What differs between two entries, as words; '' when nothing does."""
    for name, ours, theirs in zip(Entry._fields, deb, rpm):
        if name == 'content':
            # What a compiler made, twice and with other options.
            both_programs = ours[:4] == theirs[:4] == b'\x7fELF'
            if ours != theirs and not both_programs:
                return 'content'
        elif ours != theirs:
            return f'{name} {ours} in the deb, {theirs} in the rpm'
    return ''


def faults(deb, rpm, rules):
    """The differences between two packages that no rule allows."""
    found = []
    deb = rules.moved(deb)
    for path in sorted(deb.keys() | rpm.keys()):
        if path in deb and path in rpm:
            what = difference(deb[path], rpm[path])
            found += [f'{path}: {what}'] if what else []
            continue
        kind, entry = ('deb', deb[path]) if path in deb else ('rpm', rpm[path])
        if kind == 'deb' and entry.kind == 'directory' and not OURS.search(path):
            continue
        if not rules.may_be_alone(kind, path):
            found.append(f'{path}: only in the {kind}')
    return found


def config_faults(deb, rpm):
    """Both lists of files that an administrator's changes are kept in."""
    return [f'{path}: kept with its changes only by the {"deb" if path in deb else "rpm"}'
            for path in sorted(set(deb) ^ set(rpm))]


def output_of(*argv, **more):
    return subprocess.run(argv, stdout=subprocess.PIPE, check=True, **more).stdout


def deb_entries(path):
    return entries(output_of('dpkg-deb', '--fsys-tarfile', path))


def deb_config(path):
    control = entries(output_of('dpkg-deb', '--ctrl-tarfile', path))
    listed = control.get('/conffiles')
    return listed.content.decode().split() if listed else []


def rpm_entries(path):
    with open(path, 'rb') as file:
        return entries(output_of('rpm2archive', '--nocompression', stdin=file))


def rpm_config(path):
    return output_of('rpm', '-qp', '--nosignature', '--configfiles', path).decode().split()


def one(pattern):
    """The file of this name, of which there has to be one."""
    found = glob.glob(pattern, recursive=True)
    if len(found) != 1:
        sys.exit(f'compare.py: {len(found)} files are called {pattern}: ./dev package')
    return found[0]


def self_tests(tap):
    file = Entry('file', '0644', 'root:root', b'text')
    folder = Entry('directory', '0755', 'root:root', b'')
    same = {'/usr/bin/a': file, '/usr/lib64/pi-computed': folder}

    def said(deb, rpm, moves=(), alone=()):
        rules = Rules(moves, alone)
        return faults(deb, rpm, rules) + rules.unused()

    for name, change in (('mode', {'mode': '0755'}), ('setuid bit', {'mode': '4644'}),
                         ('owner', {'owner': 'root:adm'}), ('content', {'content': b'other'}),
                         ('link in its place', {'kind': 'link'})):
        tap.catches(f'another {name}', said(same, {**same, '/usr/bin/a': file._replace(**change)}))
    tap.catches('a program against a text',
                said(same, {**same, '/usr/bin/a': file._replace(content=b'\x7fELF')}))
    tap.catches('a file that the rpm lacks', said({**same, '/usr/bin/b': file}, same))
    tap.catches('a file that the deb lacks', said(same, {**same, '/usr/bin/b': file}))
    tap.catches('a directory of ours that the rpm lacks', said(same, {'/usr/bin/a': file}))
    tap.catches('a directory that the deb lacks', said(same, {**same, '/usr/x': folder}))
    move = Move('^/lib/', '/usr/lib/', '')
    tap.catches('another mode behind a move', said({'/lib/a': file}, {
        '/usr/lib/a': file._replace(mode='0600')}, (move,)))
    tap.catches('a move that nothing needs', said(same, same, (move,)))
    only = Alone('deb', '^/usr/share/doc/', '')
    tap.catches('what may be in the deb alone, in the rpm alone',
                said({'/usr/share/doc/a': file}, {'/usr/share/doc/b': file}, (), (only,)))
    tap.catches('a changed file that one forgets', config_faults(['/etc/a'], []))
    tap.result('self-test: the same twice',
               said(same, same) + config_faults(['/etc/a'], ['/etc/a']))


def main(debs, rpms):
    tap = Tap()
    self_tests(tap)
    rules = Rules(MOVES, ALONE)
    for name in PACKAGES:
        deb = one(os.path.join(debs, f'{name}_*.deb'))
        # A version begins with a digit; other packages' names go on.
        rpm = one(os.path.join(rpms, '**', f'{name}-[0-9]*.rpm'))
        tap.result(f'{name}: paths, modes, owners, content',
                   faults(deb_entries(deb), rpm_entries(rpm), rules))
        tap.result(f'{name}: files whose changes are kept',
                   config_faults(deb_config(deb), rpm_config(rpm)))
    tap.result('all that may differ does', rules.unused())
    tap.done()


main(*sys.argv[1:3])
