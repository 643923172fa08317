"""What becomes of which packet, by hand. The network is small_network's.

Sources: EC2's API reference, "IpPermission" (protocol -1 and other numbers: all ports; ICMP: type and code, -1 for
all); VPC user guide, "Security group rules" (rules are allow-only, their union counts), "Network ACL rules" (lowest
number first, then the `*` entry) and "Path MTU"; CreateNetworkAclEntry (IcmpTypeCode).
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
from packets_fabric import Ends
from small_network import allow, entry

from natless.cloud import AclEntry, GroupRule, Icmp, Ports

INGRESS = "security-group-ingress sg-endpoint"
OUT = "network-acl-out acl-own"
ECHO, ECHO_CODE_1, TIMESTAMP = 8 << 8, 8 << 8 | 1, 13 << 8


class Row(NamedTuple):
    """A packet, and what becomes of it."""

    protocol: str
    number: int
    becomes: str
    ends: Ends = Ends()


ALB = Ends("eni-alb")
WITHIN = Ends("eni-task", "eni-peer", "10.0.11.6")
ANYONE = "0.0.0.0/0"

# What the one ingress rule of the endpoint's group lets in.
GROUP_TABLES: dict[str, tuple[GroupRule, list[Row]]] = {
    "ICMP type 8, every code": (
        allow(ANYONE, 8, -1, "icmp"),
        [
            Row("icmp", ECHO, "arrives"),
            Row("icmp", ECHO_CODE_1, "arrives"),
            Row("icmp", TIMESTAMP, INGRESS),
            Row("udp", 8, INGRESS),
        ],
    ),
    "ICMP type 8, code 0": (
        allow(ANYONE, 8, 0, "icmp"),
        [Row("icmp", ECHO, "arrives"), Row("icmp", ECHO_CODE_1, INGRESS), Row("icmp", TIMESTAMP, INGRESS)],
    ),
    "ICMP type 8 from a CIDR": (
        allow("10.0.11.0/24", 8, -1, "icmp"),
        [Row("icmp", ECHO, "arrives"), Row("icmp", ECHO, INGRESS, ALB)],
    ),
    "ICMP type 13 from a group": (
        allow("sg-alb", 13, -1, "icmp"),
        [Row("icmp", TIMESTAMP, "arrives", ALB), Row("icmp", ECHO, INGRESS, ALB), Row("icmp", TIMESTAMP, INGRESS)],
    ),
    "all of ICMP": (
        allow(ANYONE, -1, -1, "icmp"),
        [Row("icmp", ECHO, "arrives"), Row("icmp", TIMESTAMP, "arrives"), Row("tcp", 443, INGRESS)],
    ),
    "protocol 50": (
        allow(ANYONE, 443, 443, "50"),
        [Row("50", 0, "arrives"), Row("51", 0, INGRESS), Row("tcp", 443, INGRESS), Row("udp", 443, INGRESS)],
    ),
    "every protocol, whatever the ports": (
        allow(ANYONE, 443, 443, "-1"),
        [
            Row("tcp", 1, "arrives"),
            Row("udp", 65535, "arrives"),
            Row("icmp", ECHO, "arrives"),
            Row("50", 0, "arrives"),
        ],
    ),
    "every protocol from a CIDR": (
        allow("10.0.11.0/24", 0, 65535, "all"),
        [
            Row("tcp", 1, "arrives"),
            Row("icmp", ECHO, "arrives"),
            Row("51", 0, "arrives"),
            Row("tcp", 1, INGRESS, ALB),
        ],
    ),
    "UDP 53 to 60": (
        allow(ANYONE, 53, 60, "udp"),
        [
            Row("udp", 52, INGRESS),
            Row("udp", 53, "arrives"),
            Row("udp", 60, "arrives"),
            Row("udp", 61, INGRESS),
            Row("tcp", 53, INGRESS),
        ],
    ),
    "every port of TCP, by its number": (
        allow(ANYONE, 0, 65535, "6"),
        [Row("tcp", 1, "arrives"), Row("tcp", 65535, "arrives"), Row("udp", 1, INGRESS)],
    ),
    "a group without members": (allow("sg-none", 0, 65535, "all"), [Row("tcp", 443, INGRESS)]),
}

OVERLAP_RULES = (
    allow("10.0.0.0/16", 80, 90),
    allow("10.0.11.0/24", 85, 100),
    allow("10.0.11.5/32", 443),
    allow("10.0.11.5/32", 443),
    allow("10.0.11.0/24", 53, 53, "udp"),
    allow(ANYONE, 22),
    allow("pl-own", 8443),
    allow("sg-alb", 9000, 9001),
    allow("sg-task", 9001, 9002),
)
OVERLAPS = [
    Row("tcp", 79, INGRESS),
    Row("tcp", 80, "arrives"),
    Row("tcp", 90, "arrives"),
    Row("tcp", 91, "arrives"),
    Row("tcp", 100, "arrives"),
    Row("tcp", 101, INGRESS),
    Row("tcp", 443, "arrives"),
    Row("tcp", 22, "arrives"),
    Row("tcp", 53, INGRESS),
    Row("udp", 53, "arrives"),
    Row("tcp", 8443, INGRESS),
    Row("tcp", 9000, INGRESS),
    Row("tcp", 9002, "arrives"),
    Row("tcp", 80, "arrives", ALB),
    Row("tcp", 91, INGRESS, ALB),
    Row("tcp", 443, INGRESS, ALB),
    Row("tcp", 22, "arrives", ALB),
    Row("tcp", 8443, "arrives", ALB),
    Row("tcp", 9000, "arrives", ALB),
    Row("tcp", 9002, INGRESS, ALB),
]


def _out(number: int, protocol: str, first: int, last: int, *, allowed: bool) -> AclEntry:
    found = entry(number, egress=True, allowed=allowed, protocol=protocol, ports=Ports(first, last))
    return msgspec.structs.replace(found, ports=Ports(), icmp=Icmp(first, last)) if protocol == "1" else found


REST = _out(900, "-1", 0, 65535, allowed=True)

# What the network ACL of the task's subnet lets out; everything may come in.
ACL_TABLES: dict[str, tuple[tuple[AclEntry, ...], list[Row]]] = {
    "no entry": (
        (),
        [Row("tcp", 443, OUT), Row("icmp", ECHO, OUT), Row("50", 0, OUT), Row("tcp", 443, "arrives", WITHIN)],
    ),
    "deny one port, then the rest": (
        (_out(100, "6", 443, 443, allowed=False), REST),
        [
            Row("tcp", 443, OUT),
            Row("tcp", 444, "arrives"),
            Row("udp", 443, "arrives"),
            Row("tcp", 443, "arrives", WITHIN),
        ],
    ),
    "allow one port before a deny of all": (
        (_out(100, "6", 443, 443, allowed=True), _out(200, "-1", 0, 65535, allowed=False), REST),
        [Row("tcp", 443, "arrives"), Row("tcp", 444, OUT), Row("icmp", ECHO, OUT)],
    ),
    "ICMP type 8, code 0 denied": (
        (_out(100, "1", 8, 0, allowed=False), REST),
        [Row("icmp", ECHO, OUT), Row("icmp", ECHO_CODE_1, "arrives"), Row("icmp", TIMESTAMP, "arrives")],
    ),
    "ICMP type 8 alone allowed": (
        (_out(100, "1", 8, -1, allowed=True),),
        [
            Row("icmp", ECHO, "arrives"),
            Row("icmp", ECHO_CODE_1, "arrives"),
            Row("icmp", TIMESTAMP, OUT),
            Row("tcp", 443, OUT),
        ],
    ),
    "protocol 50 denied": (
        (_out(100, "50", 0, 0, allowed=False), REST),
        [Row("50", 0, OUT), Row("51", 0, "arrives"), Row("tcp", 443, "arrives")],
    ),
    "UDP alone allowed": (
        (_out(100, "17", 0, 65535, allowed=True),),
        [Row("udp", 53, "arrives"), Row("tcp", 53, OUT)],
    ),
}
