# SPDX-License-Identifier: GPL-2.0-or-later
"""Three nodes of Slurm on one machine, in namespaces that die with this program.

They are in a pid, mount, network and UTS namespace each, with a bridge between them, to which the
test itself is the machine one logs in on. Slurm's state is in a tmpfs that nobody else sees.
"""

import contextlib
import glob
import os
import shutil
import subprocess
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lint'))

import waiting  # noqa: E402
from waiting import Failed  # noqa: E402

# Slurm asks a node that was off only after a minute to end what it had.
PATIENCE = 150
INSIDE = 'PI_SLURM_INSIDE'
DIRECTORY = '/run/pi-slurm'
LOGIN = '10.97.0.254'
NODES = 3
# Slurm believes that each node has so many, whatever the machine has.
CPUS = 2
PROGRAMS = ('ip', 'munged', 'slurmctld', 'slurmd', 'srun', 'unshare', 'nsenter')
NAMESPACES = ['unshare', '--mount', '--pid', '--uts', '--ipc', '--fork', '--kill-child=KILL',
              '--mount-proc', '--propagation', 'private']

# No control groups, and no accounting. A node that says nothing is given up after some ten seconds.
SLURM_CONF = f'''
ClusterName=pi
SlurmctldHost=login({LOGIN})
SlurmUser=root
SlurmctldPidFile={DIRECTORY}/slurmctld.pid
SlurmctldLogFile={DIRECTORY}/slurmctld.log
SlurmdPidFile={DIRECTORY}/slurmd.%n.pid
SlurmdLogFile={DIRECTORY}/slurmd.%n.log
SlurmdSpoolDir={DIRECTORY}/%n
StateSaveLocation={DIRECTORY}/state
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=4
MessageTimeout=2
TCPTimeout=2
KillWait=2
NodeName=n[1-{NODES}] NodeAddr=10.97.0.[1-{NODES}] CPUs={CPUS} RealMemory=1000
PartitionName=all Nodes=n[1-{NODES}] Default=YES
'''

# The first process of a node, with which all others end.
NODE = f'''
hostname "$1"
mkdir -p /run/pmix
for directory in /run/pmix /dev/shm /sys/fs/cgroup; do
    mount -t tmpfs tmpfs "$directory" || exit
done
slurmd -D -N "$1" >{DIRECTORY}/"$1".out 2>&1 &
wait
'''
NODES_OWN = (NAMESPACES[0], f'bash -c {NODE}', 'slurmd ')


def wait_for(what, probe, seconds=PATIENCE):
    return waiting.wait_for(what, probe, seconds)


def say(*argv):
    """What a command prints that has to succeed."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE)
    if done.returncode:
        raise Failed(f'{" ".join(argv)}: status {done.returncode}: {done.stdout}')
    return done.stdout


def start(*argv):
    """A daemon, which says what it has to say in its log."""
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, start_new_session=True)


def write(name, text):
    with open(os.path.join(DIRECTORY, name), 'w', encoding='utf-8') as file:
        file.write(text)


def read(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read()
    except OSError:
        return ''


def logs():
    """The last lines that Slurm's daemons wrote."""
    return [f'{path}: {line}' for path in glob.glob(f'{DIRECTORY}/*.log')
            for line in read(path).splitlines()[-10:]]


def why_not():
    """Why there can be no Slurm here, or ""."""
    if os.geteuid() != 0:
        return 'only root can have nodes of Slurm'
    for program in PROGRAMS:
        if not shutil.which(program):
            return f'there is no {program} here'
    done = subprocess.run([*NAMESPACES, 'mount', '-t', 'tmpfs', 'tmpfs', '/run'], check=False,
                          stderr=subprocess.PIPE, text=True)
    return f'no namespace can be had: {done.stderr.strip()}' if done.returncode else ''


def enter():
    """Starts this program anew in namespaces, in which it returns."""
    if os.environ.pop(INSIDE, None) is None:
        os.environ[INSIDE] = 'yes'
        os.execvp(NAMESPACES[0], [*NAMESPACES, '--net', sys.executable, *sys.argv])
    # Process 1 takes no signals, and has to bury whom nobody waits for: it is not the test.
    test = os.fork()
    if test == 0:
        return
    ended = 0
    while ended != test:
        ended, status = os.wait()
    os._exit(min(255, abs(os.waitstatus_to_exitcode(status))))


class Rack:
    """Nodes 1 to 3, rack[1] and so on, of one Slurm; after enter()."""

    def __init__(self):
        say('mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/run')
        os.makedirs(DIRECTORY + '/state')
        os.makedirs('/run/munge')
        os.environ['SLURM_CONF'] = f'{DIRECTORY}/slurm.conf'
        # With the default, "mixed", ranks of Slurm 22.05 on a busy machine are now and then let go
        # before the others have got through MPI_Init(), in which Open MPI 4.1 then crashes.
        os.environ['SLURM_PMIX_FENCE'] = 'tree'
        write('slurm.conf', SLURM_CONF)
        # A folder of each node's own: what steps make in there is called the same everywhere.
        write('mpi.conf', 'PMIxCliTmpDirBase=/run/pmix\n')
        write('cgroup.conf', 'CgroupPlugin=cgroup/v1\n')
        self.make_network()
        self.start_munged()
        self.controller = start('slurmctld', '-D', '-i')
        self.nodes = [Node(number) for number in range(1, NODES + 1)]
        self.wait_until_idle()

    def __getitem__(self, number):
        return self.nodes[number - 1]

    @staticmethod
    def make_network():
        hosts = [f'{LOGIN} login'] + [f'10.97.0.{n} n{n}' for n in range(1, NODES + 1)]
        write('hosts', '\n'.join(['127.0.0.1 localhost', *hosts, '']))
        say('mount', '--bind', f'{DIRECTORY}/hosts', '/etc/hosts')
        say('hostname', 'login')
        say('ip', 'link', 'set', 'lo', 'up')
        say('ip', 'link', 'add', 'bridge', 'type', 'bridge', 'forward_delay', '0')
        say('ip', 'address', 'add', f'{LOGIN}/24', 'dev', 'bridge')
        say('ip', 'link', 'set', 'bridge', 'up')

    def start_munged(self):
        with open(f'{DIRECTORY}/munge.key', 'wb') as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(os.urandom(128))
        options = [f'--{name}={DIRECTORY}/munge.{ending}' for name, ending in
                   (('key-file', 'key'), ('log-file', 'log'), ('pid-file', 'pid'),
                    ('seed-file', 'seed'))]
        self.munged = start('munged', '--foreground', *options)
        wait_for('munged', lambda: os.path.exists('/run/munge/munge.socket.2'))

    def wait_until_idle(self):
        wait_for('all nodes to be idle', lambda: subprocess.run(
            ['sinfo', '--noheader', '--states=idle', '--format=%D'], check=False, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.strip() == str(NODES))

    def of_jobs(self):
        """{pid: command line} of what runs on any node and is not the node's own."""
        return {pid: words for node in self.nodes for pid, words in node.processes().items()
                if not words.startswith(NODES_OWN)}


class Node:
    """n1, n2 or n3."""

    def __init__(self, number):
        self.name = f'n{number}'
        self.cable = f'cable{number}'
        say('ip', 'netns', 'add', self.name)
        say('ip', 'link', 'add', self.cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns',
            self.name)
        say('ip', 'link', 'set', self.cable, 'master', 'bridge', 'up')
        for command in (f'address add 10.97.0.{number}/24 dev eth0', 'link set eth0 up',
                        'link set lo up'):
            say('ip', '-netns', self.name, *command.split())
        self.start()

    def start(self):
        self.machine = start('nsenter', f'--net=/run/netns/{self.name}', *NAMESPACES, 'bash', '-c',
                             NODE, 'bash', self.name)

    def cut_power(self):
        """All its processes are gone at once."""
        self.machine.kill()
        self.machine.wait()

    def link(self, state):
        """Its cable: "up" or "down"."""
        say('ip', 'link', 'set', self.cable, state)

    def processes(self):
        """{pid: command line}"""
        network = os.stat(f'/run/netns/{self.name}').st_ino
        found = {}
        for path in glob.glob('/proc/[0-9]*'):
            # It may end while one looks.
            with contextlib.suppress(OSError):
                words = read(f'{path}/cmdline').replace('\0', ' ').strip()
                if words and os.stat(f'{path}/ns/net').st_ino == network:
                    found[int(os.path.basename(path))] = words
        return found
