#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Installs, upgrades and removes the packages of pi-computed-mpi: mpi.py DIRECTORY

DIRECTORY is where dev.d/package.sh left them. They go into an overlay over this machine, which has
the libraries to build them and so to run them; nothing of it stays. Takes root, and skips without.
"""

import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from tap import Tap

# Not in the environment: what is called rpm.py there is not what rpmlint imports.
sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'e2e'))
from debian import newer  # noqa: E402

FLAVOURS = ('mpich', 'openmpi')
NAME = 'pi-computed-mpi'
LINKS = (f'/usr/bin/{NAME}', f'/usr/share/man/man1/{NAME}.1.gz')
# Where a package or an alternative could leave something.
PLACES = ('/etc', '/usr', '/var/lib/dpkg/alternatives')
INSIDE = '--inside'
ENVIRONMENT = {'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8', 'HOME': '/',
               'DEBIAN_FRONTEND': 'noninteractive', 'OMPI_ALLOW_RUN_AS_ROOT': '1',
               'OMPI_ALLOW_RUN_AS_ROOT_CONFIRM': '1'}


class Root:
    """This machine, and what is written over it in memory."""

    def __init__(self, folder):
        subprocess.run(['mount', '-t', 'tmpfs', 'tmpfs', folder], check=True)
        self.path = os.path.join(folder, 'root')
        upper, work = os.path.join(folder, 'upper'), os.path.join(folder, 'work')
        for path in (self.path, upper, work):
            os.mkdir(path)
        subprocess.run(['mount', '-t', 'overlay', 'overlay', self.path, '-o',
                        f'lowerdir=/,upperdir={upper},workdir={work}'], check=True)
        for path in ('dev', 'proc', 'sys'):
            subprocess.run(['mount', '--rbind', f'/{path}', f'{self.path}/{path}'], check=True)

    def say(self, *argv):
        """What a command says that has to succeed."""
        done = subprocess.run(['chroot', self.path, *argv], stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT,
                              timeout=300, check=False)
        assert done.returncode == 0, f'{argv}: status {done.returncode}: {done.stdout}'
        return done.stdout

    def install(self, packages):
        for package in packages:
            shutil.copy(package, os.path.join(self.path, 'tmp'))
        self.say('dpkg', '--install', *[f'/tmp/{os.path.basename(path)}' for path in packages])

    def real(self, link):
        return self.say('readlink', '--canonicalize-existing', link).strip()

    def files(self):
        return set(self.say('find', *PLACES).splitlines())


def choice_faults(root, flavour):
    """Unless the plain names are those of this flavour."""
    return [f'{link} is {root.real(link)}' for link in LINKS
            if f'{NAME}.{flavour}' not in root.real(link)]


def program_faults(root, program):
    version = root.say(program, '--version')
    if 'pi-computed' not in version:
        return [f'{program} --version: {version}']
    said = root.say(program, '--to=1000000')
    last = json.loads(said.splitlines()[-1])
    return [] if last.get('complete') and last['terms'] == 1000000 else [said]


def check(tap, root, packages):
    before = root.files()
    root.install(packages)
    tap.result('both are installed together, and Open MPI comes first',
               choice_faults(root, 'openmpi'))
    tap.catches('the plain name of another', choice_faults(root, 'mpich'))
    for program in (NAME, *[f'{NAME}.{flavour}' for flavour in FLAVOURS]):
        tap.result(f'{program} has a version and sums', program_faults(root, program))
    root.say('man', '--where', f'{NAME}.mpich')

    root.say('update-alternatives', '--set', NAME, f'/usr/bin/{NAME}.mpich')
    with tempfile.TemporaryDirectory() as folder:
        root.install([newer(package, folder) for package in packages])
    tap.result('an upgrade keeps the choice', choice_faults(root, 'mpich'))
    root.say('dpkg', '--remove', 'pi-computed-mpich')
    tap.result('without its program the other takes its place', choice_faults(root, 'openmpi'))
    root.say('dpkg', '--remove', 'pi-computed-openmpi')
    tap.result('a removal leaves no file and no alternative', sorted(root.files() ^ before))


def main(directory, inside=None):
    tap = Tap()
    if os.geteuid() != 0:
        tap.skip('packages of pi-computed-mpi', 'takes root, to install them into an overlay')
        tap.done()
    if not inside:
        os.execvp('unshare', ['unshare', '--mount', sys.executable, __file__, directory, INSIDE])
    packages = [path for flavour in FLAVOURS
                for path in glob.glob(os.path.join(directory, f'pi-computed-{flavour}_*.deb'))]
    if len(packages) != len(FLAVOURS):
        sys.exit(f'mpi.py: {directory} has no packages, or old ones: ./dev package deb')
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(tap, Root(folder), packages)
        finally:
            subprocess.run(['umount', '--recursive', '--lazy', folder], check=True)
    tap.done()


main(*sys.argv[1:])
