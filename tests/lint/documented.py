#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Finds the commands that the documents show: documented.py SOURCE_ROOT

tests/e2e/commands.py runs them on booted machines. Here, where there are none, each has to be of a
program that is there, or in the table of those that are not run.
"""

import itertools
import os
import re
import sys
from dataclasses import dataclass

from tap import Tap, read, sources

# What begins a command, and a machine of tests/e2e has.
PROGRAMS = {'apt', 'busctl', 'cp', 'curl', 'find', 'gdbus', 'install', 'journalctl', 'nft',
            'pi-computed', 'pictl', 'printf', 'rm', 'sqlite3', 'systemctl'}
# The same, but of no use there.
ELSEWHERE = {'./dev', 'New-NetFirewallHyperVRule', 'dnf', 'meson', 'ninja', 'ssh'}

FEDORA = 'there is no dnf here; tests/e2e/rpm.py installs the package by rpm'
SLURM = 'there is no Slurm here; tests/mpi/run.py resumes a run and merges both'
POWERSHELL = 'there is no Windows here; tests/unit/wsl sees to what setup prints'
NOT_RUN = {
    ('README.md', './dev run'): 'tests/lint/first-steps.py runs it',
    ('README.md', './dev test'): '.ci/run runs it',
    ('README.md', './dev cluster'): 'tests/e2e/cluster.py boots three machines in the same way',
    ('README.md', 'sudo dnf install ./pi-computed-[0-9]*.rpm'): FEDORA,
    ('docs/operations.md', 'sudo dnf install ./pi-computed-[0-9]*.rpm'): FEDORA,
    ('docs/scaling.md', 'PI_CLUSTER_MEMBERS=64 meson test -C build --setup slow cluster-many '
     '--verbose'): 'it takes minutes; CI runs the same test with fewer members',
    ('docs/scaling.md', './dev bench cluster'): 'its figures are noise on a busy machine',
    ('docs/scaling.md', './dev bench mpi'): 'its figures are noise on a busy machine',
    ('docs/scaling.md', './dev bench mpi-head'): 'its figures are noise on a busy machine',
    ('docs/wsl.md', "$id='{40E0AC32-46A5-438A-A0B2-2B479E8F2E90}'"): POWERSHELL,
    ('docs/wsl.md', "New-NetFirewallHyperVRule -Name pi-computed-31415 -DisplayName "
     "'pi-computed federation (TCP 31415)' -Direction Inbound -VMCreatorId $id -Protocol TCP "
     "-LocalPorts 31415 -RemoteAddresses '192.168.1.0/24' -Action Allow"): POWERSHELL,
    ('man/pictl.rst', 'pictl cluster sbatch --nodes=4 --time=8h --submit'):
        'no Slurm there; tests/slurm/members.py has one',
    ('man/pictl.rst', 'ssh root@node1 pictl cluster token | ssh root@node2 pictl cluster join -'):
        'nobody answers ssh here; tests/bus/test-cluster-api.c joins with a token from stdin',
    ('man/pictl.rst', 'srun --mpi=pmix pi-computed-mpi.openmpi --to=1e11 >first.jsonl'): SLURM,
    ('man/pictl.rst', 'srun --mpi=pmix pi-computed-mpi.openmpi --to=1e11 --resume=first.jsonl '
     '>rest.jsonl'): SLURM,
    ('man/pictl.rst', 'pictl merge --terms=1e11 first.jsonl rest.jsonl'): SLURM,
}

PROMPT = re.compile(r'(?:(?:node|pi-)([1-9]))?\$ (.+)')
PROGRAM = re.compile(r'(?:sudo |[A-Z_]+=\S* |\w+=\$\()*(?:/\S*/)?(\S+)')


@dataclass
class Command:
    """One line of a document, or several that a backslash joins."""
    document: str
    line: int
    machine: int      # whose prompt it is; 0 without one, or of any
    text: str
    typed: str = ''   # what the document has one type into what the command opens

    def __str__(self):
        return f'{self.document}:{self.line}: {self.text}'


def program_of(text):
    return PROGRAM.match(text).group(1)


def indent_of(line):
    return len(line) - len(line.lstrip())


def blocks_of(document, text):
    """Lists of (number, line) of what is shown as it is: what is indented, behind "::" in a manual
    page, and what is between fences."""
    manual = document.endswith('.rst')
    block, deep, before = [], None, ''
    for number, line in enumerate([*text.splitlines(), 'the end'], 1):
        fence = line.startswith('```') and not manual
        if deep is not None and not fence and (not line.strip() or indent_of(line) >= deep):
            block.append((number, line))
        else:
            if any(line.strip() for _, line in block):
                yield block
            block, inside, deep = [], deep == 0, None
            if fence and not inside:
                deep = 0
            elif manual and line.endswith('::') and not line.startswith('.. '):
                deep = indent_of(line) + 1
            elif not manual and not before.strip() and indent_of(line) >= 4:
                block, deep = [(number, line)], 4
        before = line


def paragraphs_of(block):
    for filled, lines in itertools.groupby(block, lambda item: bool(item[1].strip())):
        if filled:
            yield list(lines)


def joined(lines):
    """(number, text) without comments and the backslashes at the ends of lines."""
    start, text = 0, ''
    for number, line in lines:
        start = start if text else number
        text += re.sub(r'\s{2,}# .*', '', line).strip()
        if text.endswith('\\'):
            text = text[:-1]
            continue
        yield start, text
        text = ''
    if text:
        yield start, text


def commands_of(document, text):
    """(commands, other lines) of all blocks; what a command prints is neither."""
    commands, others = [], []
    for paragraphs in map(list, map(paragraphs_of, blocks_of(document, text))):
        prompted, editing = PROMPT.match(paragraphs[0][0][1].strip()), False
        for paragraph in paragraphs:
            lines = list(joined(paragraph))
            if prompted:
                found = [(number, PROMPT.match(line)) for number, line in lines]
                commands += [Command(document, number, int(match.group(1) or 0), match.group(2))
                             for number, match in found if match]
            elif editing:
                commands[-1].typed += ''.join(f'{line.strip()}\n' for _, line in paragraph)
            elif any(program_of(line) in PROGRAMS | ELSEWHERE for _, line in lines):
                commands += [Command(document, number, 0, line) for number, line in lines]
                editing = 'systemctl edit ' in commands[-1].text
            else:
                others += paragraph
    return commands, others


def documents(root):
    """Those that show commands: {path: text}."""
    paths = ['README.md'] + [f'{folder}/{name}' for folder, ending in (('docs', '.md'),
                                                                       ('man', '.rst'))
                             for name in sources(os.path.join(root, folder), ending)]
    return {path: read(root, path) for path in paths}


def unknown_faults(commands):
    return [f'{command}: neither of a program that a test can run, nor in the table NOT_RUN'
            for command in commands if (command.document, command.text) not in NOT_RUN and
            program_of(command.text) not in PROGRAMS]


def table_faults(commands, table):
    shown = {(command.document, command.text) for command in commands}
    return [f'{document} does not show "{text}" any more' for document, text in table
            if (document, text) not in shown]


SAMPLES = {
    'a.md': ('''To do it, `pictl jobs`:

    sudo pictl jobs          # which there are
    busctl call a \\
        /a b 'c # d'

- a list
  goes on

```
pi-2$ pictl nodes
  1 node # of them
pictl nodes tells
$ id=$(pictl submit 1)
```

    q = 2^3

No blank line
    pictl top
''', ['3 0 sudo pictl jobs', "4 0 busctl call a /a b 'c # d'", '11 2 pictl nodes',
      '14 0 id=$(pictl submit 1)'], ['17 q = 2^3']),
    'b.rst': ('''.. raw:: manpage

   pictl raw

Nothing::

It is::

    /usr/bin/pictl jobs

    who

and

**term**
    Text::

        A=1 ./dev test
        node1$ pictl top

    more text
    pictl text

::

    systemctl edit a

    [Service]
    B=pictl

    C=2
''', ['9 0 /usr/bin/pictl jobs', '18 0 A=1 ./dev test', '19 0 node1$ pictl top',
      '26 0 systemctl edit a [Service] B=pictl C=2'], ['11 who']),
}


def self_tests(tap):
    for document, (text, wanted, left) in SAMPLES.items():
        commands, others = commands_of(document, text)
        found = [' '.join([str(command.line), str(command.machine), command.text,
                           *command.typed.split()]) for command in commands]
        rest = [f'{number} {line.strip()}' for number, line in others]
        tap.result(f'self-test: {document}', [] if (found, rest) == (wanted, left) else
                   [*found, 'and others:', *rest])
    for text in ('node1$ pictl top', 'FOO=1 sudo reboot', './dev run', '$id=1'):
        tap.catches(f'"{text}"', unknown_faults([Command('a.md', 1, 0, text)]))
    tap.catches('a table of what is not shown', table_faults([], {('a.md', 'ssh a'): 'why'}))


def main(root):
    tap = Tap()
    self_tests(tap)
    commands = [command for path, text in documents(root).items()
                for command in commands_of(path, text)[0]]
    tap.result(f'{len(commands)} commands are known', unknown_faults(commands))
    tap.result('all that are not run are shown', table_faults(commands, NOT_RUN))
    tap.done()


if __name__ == '__main__':
    main(sys.argv[1])
