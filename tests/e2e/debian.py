# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian packages that nobody has released."""

import os
import re
import subprocess


def newer(package, folder):
    """The same package in `folder`, whose version is +1 of what it is, and that of its kin."""
    tree = os.path.join(folder, 'tree')
    made = os.path.join(folder, os.path.basename(package).replace('_', '_newer_', 1))
    subprocess.run(['dpkg-deb', '--raw-extract', package, tree], check=True)
    control = os.path.join(tree, 'DEBIAN', 'control')
    with open(control, encoding='utf-8') as file:
        text = file.read()
    version = re.search(r'^Version: (.*)$', text, re.MULTILINE).group(1)
    text = text.replace(f'Version: {version}\n', f'Version: {version}+1\n')
    text = text.replace(f'(= {version})', f'(= {version}+1)')
    with open(control, 'w', encoding='utf-8') as file:
        file.write(text)
    subprocess.run(['dpkg-deb', '--root-owner-group', '--build', tree, made], check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(['rm', '-r', tree], check=True)
    return made
