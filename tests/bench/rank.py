# SPDX-License-Identifier: GPL-2.0-or-later
"""For mpi.py: runs a rank, and says on stderr what it took: CPU time in s, resident memory in KiB.

Not by subprocess, which would close the descriptor that a rank speaks to its launcher by."""

import os
import resource
import sys

status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawnp(
    sys.argv[1], sys.argv[1:], os.environ), 0)[1])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
os.write(2, f'rank took {used.ru_utime + used.ru_stime} {used.ru_maxrss}\n'.encode())
sys.exit(abs(status))
