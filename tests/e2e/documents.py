# SPDX-License-Identifier: GPL-2.0-or-later
"""What the commands of each document need, and what is made shorter, for commands.py."""

from dataclasses import dataclass, field

# A firewall of somebody else that shuts the port.
SHUT = '''nft -f - <<END
table inet corporate {
    chain incoming {
        type filter hook input priority 0; policy drop;
        iif lo accept
        ct state established,related accept
        meta l4proto { icmp, ipv6-icmp } accept
    }
}
END'''

# In the place of the packages that are installed, if any are.
UPGRADE = '[ ! -e /usr/bin/pictl ] || cp newer/*.deb .'


@dataclass
class Plan:
    """How the commands of a document are run."""
    # "bare": without the package where the commands without a prompt run; "alone": a new node on
    # each machine; "joined": all three in a cluster.
    state: str = 'alone'
    # Whether a command without a prompt is for each machine, or for pi-1.
    each: bool = False
    # What stands in commands, and what is run in its place.
    changes: dict = field(default_factory=dict)
    # By the beginning of commands: what root does before, on the same machine.
    before: dict = field(default_factory=dict)
    # By the beginning of commands: the exit statuses that the document tells of.
    status: dict = field(default_factory=dict)

    def stale(self, commands):
        """What stands in no command any more."""
        texts = [command.text for command in commands]
        return [word for word in self.changes if not any(word in text for text in texts)] + \
            [begin for begin in (*self.before, *self.status)
             if not any(text.startswith(begin) for text in texts)]


PLANS = {
    'README.md': Plan(
        'bare',
        changes={'1e12': '1e10', '1000000000000': '10000000000', '=1min': '=5s',
                 'sweep --plot': 'sweep --terms=1e8 --plot'}),
    'docs/cluster.md': Plan(),
    'docs/experiment.md': Plan(
        changes={'1e11': '1e8', 'sweep --plot': 'sweep --terms=1e8 --plot', '=docs/': '='}),
    'docs/firewall.md': Plan(
        'joined',
        before={'sudo pictl firewall check': SHUT,
                'sudo nft add rule inet filter input ip': 'nft -f /etc/nftables.conf'},
        status={'sudo pictl firewall check': (2,)}),
    'docs/operations.md': Plan(
        'bare', each=True,
        changes={'1e12': '2e11', 'apt remove': 'apt remove --yes', 'apt purge': 'apt purge --yes'},
        before={'sudo apt install ./pi-computed_': UPGRADE}),
    'man/org.picompute1.rst': Plan(
        changes={'1000000000000': '10000000000', 'RestoreCore u 3': 'RestoreCore u 1',
                 'busctl monitor': 'timeout 2 busctl monitor'},
        status={'sudo busctl monitor': (124,)}),
    'man/pi-computed.rst': Plan(
        changes={'/usr/libexec/pi-computed --user':
                 'systemd-run --user --property=Type=notify /usr/libexec/pi-computed --user',
                 # Enough for the CPU of the fault to have its part.
                 '1e9': '2e10'},
        status={'pictl --user compute': (4,)}),
    'man/pictl.rst': Plan(
        changes={'1e13': '1e10', '1e12': '1e10', '=1,2,3': '=1,2', '12h': '5s', '10min': '5s',
                 'sweep --plot': 'sweep --terms=1e8 --plot',
                 'sweep --compare': 'sweep --terms=1e8 --compare',
                 'sweep --terms=1e10': 'sweep --terms=1e8'},
        before={'sudo pictl doctor': SHUT},
        status={'sudo pictl doctor': (2,), 'sudo pictl firewall check': (2,)}),
}
