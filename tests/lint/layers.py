#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the #include lines to the layers of the design: layers.py SOURCE_ROOT"""

import re
import sys

from tap import Tap, read, sources

INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)

# What a room may include of ours besides itself: a folder ("daemon/jobs/") or one header.
ROOMS = {
    'dbus/': [],
    'daemon/series/': [],
    'daemon/metrics/': [],
    'daemon/work/': ['daemon/series/', 'daemon/metrics/'],
    'daemon/jobs/': ['daemon/series/', 'daemon/work/', 'daemon/metrics/', 'daemon/store/',
                     'daemon/settings/', 'dbus/error.h', 'dbus/names.h', 'dbus/options.h',
                     'dbus/variant.h', 'daemon/engine/contract.h', 'daemon/events.h'],
    'daemon/store/': ['daemon/series/', 'daemon/work/snapshot.h', 'dbus/error.h'],
    'daemon/settings/': ['dbus/error.h'],
    'daemon/exporter/': ['daemon/metrics/', 'dbus/'],
    'daemon/engine/': ['daemon/series/', 'dbus/error.h'],
    'daemon/launch/': ['daemon/engine/contract.h', 'daemon/jobs/engine.h', 'daemon/module.h',
                       'dbus/error.h'],
    'daemon/mpi/': ['daemon/series/', 'daemon/engine/contract.h', 'daemon/engine/run-file.h',
                    'daemon/settings/amount.h', 'daemon/work/clock.h', 'daemon/work/cpus.h',
                    'dbus/error.h'],
    'daemon/launcher/': ['daemon/engine/contract.h', 'daemon/settings/', 'dbus/error.h'],
    'daemon/cluster/': ['daemon/series/', 'daemon/jobs/', 'daemon/work/', 'daemon/metrics/',
                        'dbus/', 'daemon/events.h', 'daemon/module.h'],
    'daemon/firewall/': ['daemon/cluster/', 'daemon/events.h', 'dbus/'],
    'daemon/api/': ['daemon/cluster/', 'daemon/firewall/', 'daemon/jobs/', 'daemon/metrics/',
                    'daemon/series/', 'daemon/store/', 'daemon/work/', 'daemon/events.h', 'dbus/'],
    'daemon/': ['daemon/', 'dbus/'],
    'nft/': ['dbus/'],
    'ctl/': ['dbus/', 'daemon/engine/run-file.h', 'daemon/metrics/prometheus.h',
             'daemon/series/digits.h', 'daemon/series/expected.h', 'daemon/series/fixed.h'],
    'tests/': ['daemon/', 'dbus/', 'ctl/', 'nft/'],
}

# Errors are spoken of in one domain everywhere but in the numbers.
EVERYWHERE = {'config.h'}
ERROR_ROOMS = ('daemon/metrics/', 'daemon/work/')

# A library's headers, and who may see them.
LIBRARIES = [
    (re.compile(r'^systemd/sd-(bus|event)|^sd-(bus|event)\.h'), 'sd-bus',
     ('daemon/api/', 'daemon/main.c', 'daemon/cluster/', 'daemon/exporter/', 'daemon/firewall/',
      'dbus/', 'ctl/', 'nft/', 'tests/')),
    (re.compile(r'^sqlite3'), 'SQLite', ('daemon/store/', 'tests/')),
    (re.compile(r'^microhttpd'), 'libmicrohttpd', ('daemon/exporter/',)),
    (re.compile(r'^(ncurses|curses|term\.h)'), 'ncurses', ('ctl/',)),
    (re.compile(r'^(nftables/|libnftables)'), 'libnftables', ('nft/',)),
    (re.compile(r'^json-glib/'), 'json-glib', ('ctl/', 'daemon/engine/', 'nft/', 'tests/')),
    (re.compile(r'^mpi\.h'), 'MPI', ('daemon/mpi/',)),
    (re.compile(r'^gio/'), 'GIO', ('ctl/', 'tests/')),
    (re.compile(r'^gnutls/'), 'GnuTLS', ('daemon/cluster/', 'tests/')),
]


def room_of(path):
    rooms = [room for room in ROOMS if path.startswith(room)]
    return max(rooms, key=len) if rooms else None


def faults_in(path, text):
    room = room_of(path)
    if room is None:
        return [f'{path}: lies in no room of tests/lint/layers.py']
    allowed = [room] + ROOMS[room]
    if room in ERROR_ROOMS:
        allowed.append('dbus/error.h')
    faults = []
    for match in INCLUDE.finditer(text):
        quote, header = match.groups()
        line = text.count('\n', 0, match.start(2)) + 1
        if quote == '"':
            if header not in EVERYWHERE and not any(
                    header.startswith(part) if part.endswith('/') else header == part
                    for part in allowed):
                faults.append(f'{path}:{line}: {room} may not include "{header}"')
            continue
        for pattern, library, users in LIBRARIES:
            if pattern.match(header) and not path.startswith(users):
                faults.append(f'{path}:{line}: only {", ".join(users)} may see {library}')
    return faults


BAD = [
    ('a launcher that knows jobs', 'daemon/launcher/a.c', '#include "daemon/jobs/job.h"\n'),
    ('numbers that know errors', 'daemon/series/a.c', '#include "dbus/error.h"\n'),
    ('threads that know jobs', 'daemon/work/a.c', '#include "daemon/jobs/job.h"\n'),
    ('jobs that know the bus', 'daemon/jobs/a.c', '#include <systemd/sd-bus.h>\n'),
    ('jobs that know their adaptor', 'daemon/jobs/a.c', '#include "daemon/api/api.h"\n'),
    ('a tool that reaches into the daemon', 'ctl/a.c', '#include "daemon/series/sum.h"\n'),
    ('an include by a path of its own', 'ctl/a.c', '#include "format.h"\n'),
    ('a database outside the store', 'daemon/jobs/a.c', '#  include <sqlite3.h>\n'),
    ('a rule set outside nft', 'ctl/a.c', '#include <nftables/libnftables.h>\n'),
    ('objects in the daemon', 'daemon/cluster/a.c', '#include <gio/gio.h>\n'),
    ('a file in no room', 'extra/a.c', ''),
]


def main(root):
    tap = Tap()
    for name, path, text in BAD:
        tap.catches(name, faults_in(path, text))
    files = sources(root, '.c', '.h')
    for room in sorted({room_of(path) or path for path in files}):
        tap.result(f'includes of {room}', [
            fault for path in files if (room_of(path) or path) == room
            for fault in faults_in(path, read(root, path))])
    tap.done()


main(sys.argv[1])
