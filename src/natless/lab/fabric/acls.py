"""Network ACLs → chains that are walked in the order of their entries, as AWS does.

Each direction has at most 40 entries (VPC quotas, "Rules per network ACL"), so a list in order is what it is on AWS.
"""

from __future__ import annotations

from collections.abc import Iterator

from natless.cloud import AclEntry, Cloud
from natless.finding import Gap
from natless.lab.fabric import traffic as traffics
from natless.lab.fabric.blocks import Block, chain
from natless.lab.fabric.ledger import Ledger, name


def blocks(cloud: Cloud, ledger: Ledger, identifier: str) -> Iterator[Block]:
    """Give the chains `acl-out-ID` and `acl-in-ID`; the last word of each is the `*` entry's, deny."""
    known = [each for each in cloud.network_acls[identifier].entries if not isinstance(each, Gap)]
    if len(known) < len(cloud.network_acls[identifier].entries):
        ledger.note(f"{identifier}: an entry is not known, it is left out")
    for egress in (True, False):
        refusal = ledger.drop("network-acl-out" if egress else "network-acl-in", identifier)
        entries = sorted((each for each in known if each.egress == egress), key=lambda each: each.number)
        lines = [line for entry in entries for line in _entry(entry, ledger, "return" if entry.allow else refusal)]
        yield chain(f"acl-{'out' if egress else 'in'}-{name(identifier)}", [*lines, refusal])


def _entry(entry: AclEntry, ledger: Ledger, verdict: str) -> Iterator[str]:
    traffic = traffics.of(entry.protocol, entry.ports, entry.icmp)
    if isinstance(entry.cidr, Gap) or isinstance(traffic, str):
        unknown = traffic if isinstance(traffic, str) else "CIDR"
        ledger.note(f"{entry.id}: its {unknown} is not known, it is left out")
        return
    field = "ip daddr" if entry.egress else "ip saddr"
    peer = f"{field} {entry.cidr}" if entry.cidr.prefixlen else ""
    yield " ".join(part for part in (peer, traffics.matching(traffic), verdict) if part)
