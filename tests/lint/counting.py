#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds tests/results.py to a project whose tests end in every way: counting.py SOURCE_ROOT"""

import os
import sys
import tempfile

from tap import Tap, run

PROJECT = '''project('sample')
sh = find_program('sh')
foreach t : [
    ['good', 'echo 1..2; echo "ok 1 - a"; echo "ok 2 /b"'],
    ['bad', 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; exit 1'],
    ['skips', 'echo 1..2; echo "ok 1 - a # SKIP no such CPU"; echo "ok 2 - b"'],
    ['mute', 'echo 1..1; echo "ok 1 - a # SKIP"'],
    ['none', 'echo "1..0 # SKIP nothing to do"'],
    ['dies', 'echo 1..3; echo "ok 1 - a"; kill -SEGV $$'],
    ['short', 'echo 1..3; echo "ok 1 - a"'],
    ['leaks', 'echo 1..1; echo "ok 1 - a"; exit 99'],
    ['hangs', 'echo 1..2; echo "ok 1 - a"; sleep 9']]
  test(t[0], sh, args: ['-c', t[1]], protocol: 'tap', suite: 'tap', timeout: 1)
endforeach
test('one', sh, args: ['-c', 'exit 0'], suite: 'plain')
test('two', sh, args: ['-c', 'exit 1'], suite: 'plain')
test('three', sh, args: ['-c', 'exit 77'], suite: 'plain')
'''

WANTED = [
    'FAILED  s: bad: 2 - b',
    'FAILED  s: mute: 1 - a: skipped without a reason',
    'FAILED  s: dies: ended with ERROR',
    'FAILED  s: short: ended with ERROR',
    'FAILED  s: leaks: ended with ERROR',
    'FAILED  s: hangs: ended with TIMEOUT',
    'FAILED  s: two',
    'FAILED  s: three: skipped without a reason',
    'SKIPPED s: skips: 1 - a: no such CPU',
    'SKIPPED s: none: nothing to do',
    'SKIPPED t: no room',
    'FAILED  u: did not come to its tests',
]


def main(root):
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, 'meson.build'), 'w', encoding='utf-8') as file:
            file.write(PROJECT)
        env = {name: value for name, value in os.environ.items() if not name.startswith('MESON')}
        run(['meson', 'setup', 'b'], cwd=folder, env=env)
        run(['meson', 'test', '-C', 'b', '--logbase', 's'], cwd=folder, env=env)
        run(['meson', 'test', '-C', 'b', '--logbase', 'g', '--wrapper', 'env A=b', 'good', 'one'],
            cwd=folder, env=env)
        logs = os.path.join(folder, 'b/meson-logs')
        results = os.path.join(root, 'tests/results.py')
        bad = run([sys.executable, results, f's={logs}/s', 't!no room', f'u={logs}/none'])
        good = run([sys.executable, results, f'g={logs}/g'])
    lines = bad.stdout.splitlines()
    for line in WANTED:
        tap.result(line, [] if line in lines else [bad.stdout])
    more = [line for line in lines if line[:7] in ('FAILED ', 'SKIPPED') and line not in WANTED]
    tap.result('nothing else failed or was skipped', more)
    tap.result('the total', [] if lines[-1] == '9 passed, 9 failed, 3 skipped' else [lines[-1]])
    tap.result('the exit status of failures', [] if bad.returncode == 1 else [bad.returncode])
    tap.result('a run without fault, in a wrapper',
               [] if good.stdout.endswith('\n3 passed, 0 failed, 0 skipped\n') and
               good.returncode == 0 else [good.stdout + good.stderr])
    tap.done()


main(sys.argv[1])
