"""What this machine allows: `natless lab check` asks it, step by step, and gives the line to run where it says no."""

from __future__ import annotations

import importlib.util
import os
import pathlib
import platform
import shutil
import sys
from collections.abc import Callable

import msgspec

from natless.lab import programs
from natless.lab.fabric.drops import Drops, Listener
from natless.lab.kernel import confinement, namespaces, rtnetlink
from natless.lab.kernel.confinement import ConfinementError
from natless.lab.kernel.namespaces import KernelError
from natless.lab.kernel.network import Rule, Up, Veth, additions


class Readiness(msgspec.Struct, frozen=True):
    """One thing the lab needs. `said` is what was found, `line` the one to run where `good` is False, else ""."""

    name: str
    good: bool
    said: str
    line: str = ""


_VIRTUAL_MACHINES = {
    "Darwin": "brew install lima && limactl start --name=natless template://debian-12 && limactl shell natless",
    "Windows": "wsl --install -d Debian",
}

# Program, then its package by package manager where that has another name.
_PROGRAMS = {
    "ip": {"apt-get": "iproute2", "apk": "iproute2", "zypper": "iproute2"},
    "nft": {},
    "haproxy": {},
    "bwrap": {},
}
_PACKAGES = {"ip": "iproute", "nft": "nftables", "haproxy": "haproxy", "bwrap": "bubblewrap"}
_MANAGERS = {
    "apt-get": "apt-get install -y",
    "dnf": "dnf install -y",
    "zypper": "zypper install -y",
    "apk": "apk add",
    "pacman": "pacman -S",
}
_MODULES = ("moto", "flask", "dnslib", "cryptography", "cfnlint")

_TRIAL_RULES = """\
table ip trial {
  set members { type inet_proto . inet_service . ipv4_addr; flags interval; elements = { tcp . 80-90 . 10.0.0.0/24 } }
  map public { type ipv4_addr : ipv4_addr; elements = { 10.0.0.5 : 203.0.113.5 } }
  chain refuse { log prefix "trial" group 1 snaplen 64 drop
  }
  map by-link { type ifname : verdict; elements = { "trial" : jump refuse } }
  chain packets { type filter hook forward priority filter; policy drop;
    meta mark set 1 ct state new iifname vmap @by-link
  }
  chain leave { type nat hook postrouting priority srcnat; policy accept;
    snat to ip saddr map @public
  }
}
"""


def probes() -> tuple[Readiness, ...]:
    """Ask for everything the lab needs. Never raises for what is missing: that is its answer."""
    system = platform.system()
    if system != "Linux":
        line = _VIRTUAL_MACHINES.get(system, "run natless in a virtual machine with Linux")
        said = f"{system}: the lab needs Linux's namespaces; run it in a virtual machine"
        return (Readiness("linux", good=False, said=said, line=line),)
    found = [Readiness("linux", good=True, said=f"{platform.release()}, {_who()}")]
    found += [_program(name) for name in _PROGRAMS]
    found += [_module(name) for name in _MODULES]
    found += _trial()
    return tuple(found)


def _who() -> str:
    return "as root" if os.geteuid() == 0 else f"as an ordinary user (uid {os.geteuid()})"


def _program(name: str) -> Readiness:
    place = programs.find(name)
    if place is not None:
        return Readiness(name, good=True, said=place)
    manager = next((each for each in _MANAGERS if shutil.which(each, path=programs.search_path())), None)
    package = _PROGRAMS[name].get(manager or "", _PACKAGES[name])
    line = f"{_MANAGERS[manager]} {package}" if manager else f"install the package {package}"
    sudo = "" if os.geteuid() == 0 or manager is None else "sudo "
    return Readiness(name, good=False, said="this program is not installed", line=f"{sudo}{line}")


def _module(name: str) -> Readiness:
    if importlib.util.find_spec(name) is not None:
        return Readiness(name, good=True, said="installed")
    return Readiness(name, good=False, said="this Python package is missing", line="pip install 'natless[lab]'")


def _trial() -> list[Readiness]:
    """Do, in namespaces that end at once, each kind of thing the lab does."""
    lines, words = _confined(_steps)
    found = [msgspec.json.decode(line, type=Readiness) for line in lines]
    if len(found) == len(_STEPS) + 1:
        return found
    if not found:
        return [Readiness("namespaces", good=False, said=words or "the kernel gave no reason", line=remedy(words))]
    return found


def _steps(tell: Callable[[Readiness], None]) -> None:
    tell(Readiness("namespaces", good=True, said="user, mount, pid, network, uts and ipc"))
    for name, (step, line) in _STEPS.items():
        try:
            tell(Readiness(name, good=True, said=step()))
        except (OSError, KernelError) as refusal:
            tell(Readiness(name, good=False, said=str(refusal), line=line))


def _network_namespace() -> str:
    namespaces.make("trial-one")
    namespaces.make("trial-two")
    return "made two"


def _link() -> str:
    settings = Veth("trial", "eth0", 9001, peer_namespace="trial-two"), Up("trial"), Rule(1, 100, mark=1)
    rtnetlink.change("trial-one", additions(settings))
    return "veth, policy routing"


def _rules() -> str:
    namespaces.run("trial-one", ("nft", "-f", "-"), _TRIAL_RULES)
    return "maps, connection tracking, NAT"


def _log() -> str:
    with namespaces.inside("trial-one"):
        Listener(Drops()).close()
    return "NFLOG"


_MODULE_LINE = "sudo modprobe -a veth nf_tables nft_ct nft_chain_nat nft_log nfnetlink_log nf_log_syslog"
_STEPS: dict[str, tuple[Callable[[], str], str]] = {
    "network namespaces": (_network_namespace, "sudo sysctl -w user.max_net_namespaces=15000"),
    "links": (_link, _MODULE_LINE),
    "packet rules": (_rules, _MODULE_LINE),
    "packet log": (_log, _MODULE_LINE),
}


def _confined(steps: Callable[[Callable[[Readiness], None]], None]) -> tuple[list[bytes], str]:
    """Run `steps` in new namespaces; give the lines it told, and what was said on standard error."""
    told, tell = os.pipe()
    heard, say = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(say, 2)
        os.close(say)
        _start(steps, tell)
    os.close(tell)
    os.close(say)
    os.waitpid(child, 0)
    with os.fdopen(told, "rb") as lines, os.fdopen(heard, "rb") as words:
        return lines.read().splitlines(), words.read().decode(errors="replace").strip()


def _start(steps: Callable[[Callable[[Readiness], None]], None], tell: int) -> None:
    def inner() -> int:
        steps(lambda readiness: _write(tell, readiness))
        return 0

    sys.stderr = os.fdopen(2, "w", closefd=False)
    try:
        confinement.spawn(inner)
    except ConfinementError as refusal:
        sys.stderr.write(f"{refusal}\n")
    finally:
        sys.stderr.flush()
        os._exit(0)


def _write(tell: int, readiness: Readiness) -> None:
    os.write(tell, msgspec.json.encode(readiness) + b"\n")


def remedy(words: str, settings: Callable[[str], str | None] | None = None) -> str:
    """Give the line that most likely lifts a refusal to make namespaces; `words` is what the kernel said.

    `settings` reads a file under /proc/sys, and is only given by tests.
    """
    read = settings or _setting
    if os.geteuid() != 0:
        # Ubuntu 24.04+: a user namespace is made, but without capabilities in it.
        if read("kernel/apparmor_restrict_unprivileged_userns") == "1":
            return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0   # or: sudo natless lab up"
        if read("kernel/unprivileged_userns_clone") == "0":
            return "sudo sysctl -w kernel.unprivileged_userns_clone=1   # or: sudo natless lab up"
    if read("user/max_user_namespaces") == "0":
        return "sudo sysctl -w user.max_user_namespaces=15000"
    if "/proc" in words:
        return "in podman: podman run --security-opt unmask=ALL ...   in docker: docker run --privileged ..."
    return "in a container: run it with --privileged   else: sudo natless lab up"


def _setting(name: str) -> str | None:
    try:
        return pathlib.Path("/proc/sys", name).read_text().strip()
    except OSError:
        return None
