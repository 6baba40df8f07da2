#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds every source file to its form: text.py SOURCE_ROOT

Licence line first, no tabs, no trailing blanks, 100 columns, 600 lines a file, and
functions of C that fit a screen.
"""

import re
import sys

from tap import Tap, read, sources

LICENCE = 'SPDX-License-Identifier: GPL-2.0-or-later'
COLUMNS = 100
FILE_LINES = 600
FUNCTION_LINES = 80       # above this is a fault
FUNCTION_ADVICE = 60      # above this is worth a word

ENDINGS = ('.c', '.h', '.py', '.sh', '.xml', '.conf', '.policy', '.in', '.rst', '.slice',
           '.sysusers', '.catalog', '.spec', '.toml', 'macros.debian', 'meson.build',
           'meson_options.txt', '.md')
# Prose of its own form.
NO_LICENCE = ('.md',)
NO_COLUMNS = ('.md', '.rst', '.in')


def licence_faults(path, lines):
    # A shebang or an XML prologue comes before it, because it has to.
    limit = 5 if path.endswith(('.xml', '.conf', '.policy')) else 2
    if any(LICENCE in line for line in lines[:1]):
        return []
    prologue = lines[:1] and lines[0].startswith(('#!', '<?xml', '<!DOCTYPE'))
    if prologue and any(LICENCE in line for line in lines[1:limit]):
        return []
    return [f'{path}:1: the first line is not "{LICENCE}"']


def form_faults(path, text):
    faults = []
    lines = text.split('\n')
    if text and not text.endswith('\n'):
        faults.append(f'{path}: the last line has no end')
    if text.endswith('\n\n'):
        faults.append(f'{path}: blank lines at the end')
    if not path.endswith(NO_LICENCE):
        faults += licence_faults(path, lines)
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            faults.append(f'{path}:{number}: blanks at the end of the line')
        if '\t' in line:
            faults.append(f'{path}:{number}: a tab')
        if len(line) > COLUMNS and not path.endswith(NO_COLUMNS):
            faults.append(f'{path}:{number}: {len(line)} columns, at most {COLUMNS}')
    return faults


def size_faults(path, text):
    lines = text.count('\n')
    return [f'{path}: {lines} lines, at most {FILE_LINES}'] if lines > FILE_LINES else []


TOKEN = re.compile(r'''/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*\'''', re.DOTALL)


def functions(text):
    """(name, first line, lines) of each function, found by its braces at the top level."""
    # What braces may hide in becomes blank; the lines stay where they are.
    bare = TOKEN.sub(lambda match: re.sub(r'[^\n]', ' ', match.group()), text)
    depth, start, name = 0, 0, ''
    after = 0
    for match in re.finditer(r'[{};]', bare):
        sign = match.group()
        if sign == '{':
            if depth == 0:
                head = bare[after:match.start()]
                called = re.search(r'(\w+)\s*\([^;]*\)\s*(?:__attribute__.*)?$', head, re.DOTALL)
                name = called.group(1) if called and '=' not in head else ''
                start = after + len(head) - len(head.lstrip())
            depth += 1
        elif sign == '}':
            depth -= 1
            if depth == 0:
                if name:
                    first = bare.count('\n', 0, start) + 1
                    yield name, first, bare.count('\n', 0, match.start()) + 2 - first
                after = match.end()
        elif depth == 0:
            after = match.end()


def function_faults(path, text, limit=FUNCTION_LINES):
    return [f'{path}:{line}: {name}() has {length} lines, at most {limit}'
            for name, line, length in functions(text) if length > limit]


def self_tests(tap):
    good = f'/* {LICENCE} */\n'
    body = 'int f(const char *s) {\n' + '        g();\n' * 90 + '}\n'
    tap.catches('no licence', form_faults('a.c', 'int a;\n'))
    tap.catches('licence too late', form_faults('a.py', f'import os\n# {LICENCE}\n'))
    tap.catches('a trailing blank', form_faults('a.c', good + 'int a; \n'))
    tap.catches('a tab', form_faults('a.c', good + '\tint a;\n'))
    tap.catches('101 columns', form_faults('a.c', good + 'x' * 101 + '\n'))
    tap.catches('an unfinished last line', form_faults('a.c', good + 'int a;'))
    tap.catches('601 lines', size_faults('a.c', 'int a;\n' * 601))
    tap.catches('a function of 92 lines', function_faults('a.c', good + body))
    tap.catches('a long function behind a brace in a text',
                function_faults('a.c', 'int h(void) { return \'{\' + "{"[0]; /* { */ }\n' + body))
    tap.result('self-test: a table is not a function',
               function_faults('a.c', 'static const int t[] = {\n' + '        1,\n' * 90 + '};\n'))


def main(root):
    tap = Tap()
    self_tests(tap)
    files = sources(root, *ENDINGS)
    code = sources(root, '.c', '.h')
    texts = {path: read(root, path) for path in files}
    tap.result('licence, blanks, columns',
               [fault for path in files for fault in form_faults(path, texts[path])])
    tap.result(f'files of at most {FILE_LINES} lines',
               [fault for path in code for fault in size_faults(path, texts[path])])
    tap.result(f'functions of at most {FUNCTION_LINES} lines',
               [fault for path in code for fault in function_faults(path, texts[path])])
    for path in code:
        for advice in function_faults(path, texts[path], FUNCTION_ADVICE):
            print(f'# advice: {advice}')
    tap.done()


main(sys.argv[1])
