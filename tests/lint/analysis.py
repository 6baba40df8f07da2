#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lets cppcheck look for bugs that compilers do not see: analysis.py SOURCE_ROOT

cppcheck.txt beside this file has what is not followed, and why.
"""

import os
import shutil
import sys
import tempfile

from tap import Tap, run

ROOMS = ['daemon', 'dbus', 'ctl', 'nft', 'tests']

# It reads no headers of libraries, and knows GLib by a file of its own. What that lacks: macros,
# and that MIN() is not always its second argument.
COMMAND = ['cppcheck', '--quiet', '--error-exitcode=1', f'-j{len(os.sched_getaffinity(0))}',
           '--enable=warning,style,performance,portability', '--std=c11', '-I.',
           '--library=gtk,posix', '-D_GNU_SOURCE', '-DG_DEFINE_QUARK(name,function)=',
           '-DG_GSIZE_FORMAT="zu"', '-DMIN(a,b)=pi_min(a,b)',
           '--template={file}:{line}: {message} [{id}]']

BAD = [
    ('resourceLeak', 'FILE *f = fopen(s, "r"); if (!f) return 1; if (getc(f) < 0) return 2;\n'
     'fclose(f); return 0;'),
    ('memleak', 'char *c = g_strdup(s); if (s[0]) return 1; g_free(c); return 0;'),
    ('doubleFree', 'char *c = g_strdup(s); g_free(c); g_free(c); return 0;'),
    ('nullPointerRedundantCheck', 'int n = s[0]; return s ? n : 1;'),
    ('multiCondition', 'if (*s == 1) return 1; else if (*s == 2) return 2;\n'
     'else if (*s == 1) return 3; return 0;'),
    ('arrayIndexOutOfBounds', 'int a[4] = { 0 }; for (int i = 0; i <= 4; i++) a[i] = *s;\n'
     'return a[0];'),
    ('uninitvar', 'int n; if (*s == 1) n = 2; return n;'),
]


def faults_in(paths, folder, *options):
    done = run(COMMAND + list(options) + paths, cwd=folder, timeout=110)
    return [done.stdout + done.stderr] if done.returncode else []


def self_tests(tap):
    with tempfile.TemporaryDirectory() as folder:
        for name, body in BAD:
            path = os.path.join(folder, f'{name}.c')
            with open(path, 'w', encoding='utf-8') as file:
                file.write('#include <glib.h>\n#include <stdio.h>\n'
                           f'int f(const char *s);\nint f(const char *s) {{\n{body}\n}}\n')
            tap.catches(name, [fault for fault in faults_in([path], folder)
                               if f'[{name}]' in fault])


def main(root):
    tap = Tap()
    if not shutil.which('cppcheck'):
        tap.skip('cppcheck', 'not there: install it')
        tap.done()
    self_tests(tap)
    tap.result('cppcheck', faults_in(ROOMS, root, '--suppressions-list=tests/lint/cppcheck.txt'))
    tap.done()


main(sys.argv[1])
