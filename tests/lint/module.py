#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the module of the cluster to what is its own: module.py MODULE DAEMON

What it calls of other rooms it has from the daemon, which must export it. A copy within the module
would have variables of its own, and tables that are made twice.
"""

import subprocess
import sys

from tap import Tap

# Of these rooms the module calls something, and holds nothing.
FOREIGN = ('pi_jobs_', 'pi_guest_', 'pi_task_', 'pi_pool_', 'pi_sum_', 'pi_kernel', 'pi_store_',
           'pi_metrics_', 'pi_variant_', 'pi_bus_source_', 'pi_error_quark')


def symbols(*arguments):
    said = subprocess.run(['nm', *arguments], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1].split('@')[0] for line in said.splitlines() if line.strip()]


def foreign(defined):
    return [name for name in defined if name.startswith(FOREIGN)]


def missing(wanted, exported):
    return [name for name in wanted if name.startswith('pi_') and name not in exported]


def main(module, daemon):
    tap = Tap()
    tap.catches('a copy', foreign(['pi_cluster_new', 'pi_jobs_new']))
    tap.catches('a function that the daemon has not', missing(['pi_jobs_new'], {'pi_jobs_free'}))
    tap.result('the module has nothing of other rooms', foreign(symbols('--defined-only', module)))
    tap.result('the daemon has what the module calls',
               missing(symbols('-D', '--undefined-only', module),
                       set(symbols('-D', '--defined-only', daemon))))
    tap.done()


main(*sys.argv[1:])
