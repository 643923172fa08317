"""Rules as nft text. Expected by hand from the VPC user guide, "Security group rules" and "Network ACLs"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from natless.cloud import (
    AclEntry,
    CidrPeer,
    Cloud,
    GroupPeer,
    GroupRule,
    Icmp,
    NetworkAcl,
    NetworkInterface,
    Ports,
    PrefixList,
    PrefixListPeer,
    RouteTable,
    SecurityGroup,
    Subnet,
    Vpc,
)
from natless.finding import Gap, Origin
from natless.lab.fabric.blocks import Block
from natless.lab.fabric.filtering import Rules, rules
from natless.lab.fabric.loading import transactions
from natless.lab.fabric.plan import Numbers, plan

HERE = Origin("hand")
GAP = Gap("a fact", HERE, "it was not read")
ANYWHERE = IPv4Network("0.0.0.0/0")


def rule(peer: Any, protocol: Any = "tcp", first: int = 443, last: int = 443) -> GroupRule:
    if protocol in {"icmp", "1"}:
        return GroupRule("sgr-1", HERE, protocol, Ports(), peer, None if first == -1 else Icmp(first, last))
    return GroupRule("sgr-1", HERE, protocol, Ports(first, last), peer)


def to(cidr: str, *traffic: Any) -> GroupRule:
    return rule(CidrPeer(IPv4Network(cidr)), *traffic)


def made(
    egress: tuple[GroupRule | Gap, ...] = (),
    entries: tuple[AclEntry | Gap, ...] = (),
    group: str = "sg-1",
    ingress: tuple[GroupRule | Gap, ...] = (),
) -> Rules:
    """Give the rules of a VPC with one ENI (10.0.0.5, one group, one ACL)."""
    cloud = Cloud(
        source="hand",
        vpcs={"vpc-1": Vpc("vpc-1", HERE, (IPv4Network("10.0.0.0/16"),))},
        subnets={"subnet-1": Subnet("subnet-1", HERE, "vpc-1", IPv4Network("10.0.0.0/24"), "zone")},
        route_tables={"rtb-1": RouteTable("rtb-1", HERE, "vpc-1", main=True)},
        network_acls={"acl-1": NetworkAcl("acl-1", HERE, "vpc-1", entries, (), default=True)},
        security_groups={"sg-1": SecurityGroup("sg-1", HERE, "vpc-1", ingress, egress)},
        network_interfaces={"eni-1": NetworkInterface("eni-1", HERE, "subnet-1", (group,), (IPv4Address("10.0.0.5"),))},
        prefix_lists={
            "pl-1": PrefixList("pl-1", HERE, "s3", (IPv4Network("52.216.0.0/15"), IPv4Network("52.217.0.0/16")))
        },
    )
    return rules(cloud, plan(cloud, Numbers()).vpcs["vpc-1"])


def blocks(found: Rules) -> Mapping[str, Block]:
    return {each.opening: each for each in found.blocks}


def egress(*given: GroupRule | Gap, ingress: tuple[GroupRule, ...] = ()) -> tuple[str, ...]:
    items = blocks(made(given, ingress=ingress))["chain groups-out-1"].items
    assert items[0] == "# sg-1: egress"
    assert items[-1] == REFUSAL
    return items[1:-1]


REFUSAL = 'log prefix "security-group-egress sg-1" group 1 snaplen 64 drop'
ANY = "0.0.0.0/0"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (to(ANY), "th dport 443 meta l4proto tcp return"),
        (to(ANY, "all"), "return"),
        (to(ANY, "-1"), "return"),
        (to("10.0.0.0/8", "6", 80, 90), "ip daddr 10.0.0.0/8 th dport 80-90 meta l4proto tcp return"),
        (to("10.0.0.0/8", "-1"), "ip daddr 10.0.0.0/8 return"),
        (to(ANY, "udp", 0, 65535), "th dport 0-65535 meta l4proto udp return"),
        (to(ANY, "tcp", 0, 255), "th dport 0-255 meta l4proto tcp return"),
        (to(ANY, "icmp", -1, -1), "meta l4proto 1 return"),
        (to(ANY, "1", 3, 4), "icmp type 3 icmp code 4 return"),
        (to("10.0.0.0/8", "icmp", 8, -1), "ip daddr 10.0.0.0/8 icmp type 8 return"),
        (to(ANY, "50"), "meta l4proto 50 return"),
        (to(ANY, "icmpv6"), "meta l4proto 58 return"),
        (rule(PrefixListPeer("pl-1")), "ip daddr 52.216.0.0/15 th dport 443 meta l4proto tcp return"),
        (rule(GroupPeer("sg-1")), "ip daddr vmap @out-1-members"),
    ],
)
def test_a_rule_alone_is_one_line(given: GroupRule, line: str) -> None:
    assert egress(given) == (line,)


def test_rules_of_any_number_are_one_look_up_for_each_kind_of_traffic() -> None:
    many = [to(f"10.{high}.{low}.0/24", "tcp", low, low) for high in range(20) for low in range(100)]
    wider = to("10.7.0.0/16", "udp", 53, 53), to("10.7.7.0/24", "udp", 50, 60), to(ANY, "udp", 123, 123)
    others = to("10.0.0.0/8", "50"), to("11.0.0.0/8", "all"), to("10.0.0.0/8", "icmp", 8, 0), to(ANY, "icmp", 3, -1)
    given = [*many, *wider, *others]
    assert egress(*given) == (
        "th dport 123 meta l4proto udp return",
        "icmp type 3 return",
        "ip daddr . th dport . meta l4proto @out-1-ports return",
        "ip daddr . meta l4proto @out-1-protocols return",
        "ip daddr 10.0.0.0/8 icmp type 8 icmp code 0 return",
    )
    found = blocks(made(tuple(given)))
    ports = found["set out-1-ports"]
    assert ports.kind == "type ipv4_addr . inet_service . inet_proto; flags interval;"
    assert len(ports.items) == 2000 + 3
    # Inside 10.7.0.0/16, where 53 is allowed already, 10.7.7.0/24 has what is left of 50 to 60.
    assert [item for item in ports.items if item.endswith("udp")] == [
        "10.7.0.0/16 . 53 . udp",
        "10.7.7.0/24 . 50-52 . udp",
        "10.7.7.0/24 . 54-60 . udp",
    ]
    assert found["set out-1-protocols"].items == ("10.0.0.0/8 . 50", "11.0.0.0/8 . 0-255")


def test_a_group_means_its_members_who_may_what_all_rules_that_name_them_allow() -> None:
    given = (rule(GroupPeer("sg-1")), rule(GroupPeer("sg-none")), rule(GroupPeer("sg-1"), "tcp", 80, 80))
    found = blocks(made(given))
    assert found["map out-1-members"].items == ("10.0.0.5 : goto out-1-of-1",)
    lines = ("# members of sg-1", "th dport . meta l4proto @out-1-of-1-ports return", REFUSAL)
    assert found["chain out-1-of-1"].items == lines
    assert found["set out-1-of-1-ports"].items == ("80 . tcp", "443 . tcp")


# EC2 user guide, "Untracked connections": open both ways, for TCP and UDP, answers to every port.
UNTRACKED = {
    "open both ways": (to(ANY, "all"), to(ANY, "all"), ["0-65535 . tcp", "0-65535 . udp"]),
    "one port, answers of TCP": (to(ANY), to(ANY, "tcp", 0, 65535), ["443 . tcp"]),
    "answers of UDP only": (to(ANY), to(ANY, "udp", 0, 65535), []),
    "answers to some ports": (to(ANY), to(ANY, "tcp", 1024, 65535), []),
    "answers from some addresses": (to(ANY), to("10.0.0.0/8", "all"), []),
    "only to some addresses": (to("10.0.0.0/8"), to(ANY, "all"), []),
    "ICMP": (to(ANY, "icmp", -1, -1), to(ANY, "all"), []),
}


@pytest.mark.parametrize(("out", "back", "untracked"), UNTRACKED.values(), ids=UNTRACKED)
def test_a_flow_is_not_tracked_where_rules_are_open_both_ways(
    out: GroupRule, back: GroupRule, untracked: list[str]
) -> None:
    found = blocks(made((out,), ingress=(back,)))
    lines = [line for line in found["chain groups-out-1"].items if line.endswith("goto untracked-out")]
    sets = [found["set out-1-untracked-ports"].items] if len(untracked) > 1 else []
    match untracked:
        case []:
            assert lines == []
        case [one]:
            ports, protocol = one.split(" . ")
            assert lines == [f"th dport {ports} meta l4proto {protocol} goto untracked-out"]
        case several:
            assert sets == [tuple(several)]


def test_what_is_not_known_allows_nothing_and_is_said() -> None:
    given = (GAP, rule(GAP), to(ANY, GAP), to(ANY, "no-such"), to(ANY, "icmp", 8, 300), rule(PrefixListPeer("pl-none")))
    assert egress(*given) == ()
    assert made(given).notes == (
        "sg-1: a rule is not known, it allows nothing",
        "sgr-1: its protocol is not known, it allows nothing",
        "sgr-1: its ICMP type is not known, it allows nothing",
        "pl-none: this prefix list is not known, rules that name it match nothing",
    )
    assert made(group="sg-9").notes == ("sg-9: this security group is not known, it allows nothing",)


def test_an_acl_is_asked_in_the_order_of_its_numbers_and_ends_with_deny() -> None:
    def entry(number: int, *, allow: bool, first: int) -> AclEntry:
        return AclEntry(
            "e", HERE, number, egress=True, allow=allow, protocol="tcp", ports=Ports(first, first), cidr=ANYWHERE
        )

    ping = AclEntry("e", HERE, 300, egress=True, allow=True, protocol="1", ports=Ports(), cidr=ANYWHERE, icmp=Icmp(8))
    found = made(entries=(entry(200, allow=True, first=443), ping, entry(100, allow=False, first=22), GAP))
    refusal = 'log prefix "network-acl-out acl-1" group 1 snaplen 64 drop'
    expected = (f"tcp dport 22 {refusal}", "tcp dport 443 return", "icmp type 8 return", refusal)
    assert blocks(found)["chain acl-out-acl-1"].items == expected
    assert len(blocks(found)["chain acl-in-acl-1"].items) == 1
    assert found.notes == ("acl-1: an entry is not known, it is left out",)


def test_a_label_stands_for_its_gate_however_long_the_element() -> None:
    name = "sg-" + "x" * 200
    found = made(group=name)
    assert found.labels["route rtb-1"] == ("route", "rtb-1")
    (label,) = [label for label, gate in found.labels.items() if gate == ("security-group-egress", name)]
    assert len(label) < 128, "the kernel keeps 127 bytes of a log prefix"


def test_long_rules_come_in_parts_and_the_hooks_with_the_last() -> None:
    many = tuple(rule(CidrPeer(IPv4Network((number << 8, 24))), first=number, last=number) for number in range(1, 2000))
    *texts, unhooked = transactions(made(many), "natless-2", "natless-1", "natless-0")
    assert len(texts) > 3
    assert max(map(len, texts)) < 30_000
    assert texts[0].startswith("table ip natless-2\ndelete table ip natless-2\ntable ip natless-2 {\n")
    assert [index for index, text in enumerate(texts) if " hook " in text] == [len(texts) - 1]
    assert texts[-1].endswith("delete table ip natless-0\n")
    hooked = re.findall(r"chain (\S+) \{\n(?: +#.*\n)? +type \w+ hook", texts[-1])
    assert re.findall(r"delete chain ip natless-1 (\S+)", unhooked) == hooked
    assert sum(text.count(" . tcp") for text in texts) == 1999


def test_short_rules_come_in_one_part() -> None:
    (text,) = transactions(made(), "natless-1", None)
    assert text.count("delete table") == 1, "only what an earlier attempt left"
