"""The lab's network: a Cloud as Linux namespaces, routes and rules, with real packets.

Cloud ──plan──▶ Plan ──routing──▶ `ip -batch` text ──┐
                  └──filtering──▶ `nft -f` text ─────┴──fabric──▶ the kernel ──▶ drops, probes
"""

from natless.lab.fabric.drops import Drop, DropKind
from natless.lab.fabric.fabric import Fabric
from natless.lab.fabric.plan import INTERNET
from natless.lab.fabric.probe import Probe

__all__ = ["INTERNET", "Drop", "DropKind", "Fabric", "Probe"]
