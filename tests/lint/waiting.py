# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for conditions, for tests in Python."""

import time

# Seconds that anything may take which has an end.
PATIENCE = 60


class Failed(Exception):
    """What was expected did not come about."""


def wait_for(what, probe, seconds=PATIENCE):
    """The first true value of probe(); Failed with its last one when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        if time.monotonic() > end:
            raise Failed(f'waited {seconds} s for: {what}; last seen: {value!r}')
        time.sleep(0.02)
