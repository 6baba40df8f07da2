#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has promtool judge the alert rules: rules.py SOURCE_ROOT PROMTOOL

Also holds their metrics to the table in the code, and each of them to a test. PROMTOOL may be
empty, when there is none.
"""

import os
import re
import sys
import tempfile

from tap import Tap, read, run

RULES = 'units/prometheus/pi-computed.rules.yml'
TESTS = 'tests/prometheus/rules.test.yml'


def promtool_faults(promtool, *arguments):
    done = run([promtool, *arguments])
    return [f'rc {done.returncode}: {done.stdout}{done.stderr}'] if done.returncode else []


def metric_names(keys):
    """The names without unit and "_total" that the tables of keys.c make."""
    tables = re.split(r'^static const PiMetricKey ', keys, flags=re.MULTILINE)[1:]
    names = {'up'}
    for prefix, table in zip(('', 'core_', 'kernel_', 'node_'), tables):
        for name in re.findall(r'\{\s*"(\w+)",', table):
            names.add(prefix + re.sub(r'_[un]sec$', '', name))
    return names


def name_faults(rules, keys):
    known = metric_names(keys)
    used = set(re.findall(r'\bpicompute_(\w+)', rules))
    if not used:
        return ['no metric found in the rules']
    return [f'picompute_{name} is no metric' for name in sorted(used)
            if re.sub(r'(_seconds|_ratio)?(_total)?$', '', name) not in known]


def rule_faults(rules, tests):
    faults = []
    alerts = re.split(r'^ +- alert: ', rules, flags=re.MULTILINE)[1:]
    for alert in alerts:
        name = alert.split('\n', 1)[0]
        text = ' '.join(alert.split())
        if not re.search(r'Run: (pictl|systemctl)( [\w.-]+)+$', text):
            faults.append(f'{name}: its description does not end with the command to run')
        if not re.search(rf'alertname: {name}\n +exp_alerts:\n +- exp_labels:', tests):
            faults.append(f'{name}: no test has it fire')
        if f'alertname: {name}, exp_alerts: []' not in tests:
            faults.append(f'{name}: no test has it keep quiet')
    return faults or ([] if alerts else ['no alert found'])


def self_tests(tap, keys):
    tap.catches('a metric of no key', name_faults('expr: picompute_job_done_total > 1', keys))
    tap.catches('rules without metrics', name_faults('expr: up == 0', keys))
    tap.catches('an alert without a test', rule_faults(
        '- name: a\n  - alert: A\n    description: Run: pictl metrics\n', ''))
    tap.catches('an alert without a command', rule_faults(
        '  - alert: A\n    description: Bad.\n',
        'alertname: A, exp_alerts: []\nalertname: A\n  exp_alerts:\n  - exp_labels:\n'))


def early_faults(promtool, rules, tests):
    """What the tests say of the rules when one of them fires too early."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, 'rules.test.yml')
        for name, text in (('rules.yml', rules.replace('> 100', '> 99')),
                           ('rules.test.yml', tests.replace(f'../../{RULES}', 'rules.yml'))):
            with open(os.path.join(folder, name), 'w', encoding='utf-8') as file:
                file.write(text)
        return promtool_faults(promtool, 'test', 'rules', path)


def main(root, promtool):
    tap = Tap()
    rules, tests = read(root, RULES), read(root, TESTS)
    keys = read(root, 'daemon/metrics/keys.c')
    self_tests(tap, keys)
    tap.result('metrics of the rules', name_faults(rules, keys))
    tap.result('each rule has its command and its tests', rule_faults(rules, tests))
    if not promtool:
        tap.skip('promtool', 'there is no promtool: install prometheus')
        tap.done()
    tap.result('promtool check rules',
               promtool_faults(promtool, 'check', 'rules', os.path.join(root, RULES)))
    tap.result('promtool test rules',
               promtool_faults(promtool, 'test', 'rules', os.path.join(root, TESTS)))
    tap.catches('a rule that fires too early', early_faults(promtool, rules, tests))
    tap.done()


main(sys.argv[1], sys.argv[2])
