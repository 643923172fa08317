"""Rules as nft text. Expected by hand from the VPC user guide, "Security group rules" and "Network ACLs"."""

from __future__ import annotations

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
from natless.lab.fabric.routing import change

HERE = Origin("hand")
GAP = Gap("a fact", HERE, "it was not read")
ANYWHERE = IPv4Network("0.0.0.0/0")


def rule(peer: Any, protocol: Any = "tcp", first: int = 443, last: int = 443) -> GroupRule:
    return GroupRule("sgr-1", HERE, protocol, Ports(first, last), peer)


def made(
    egress: tuple[GroupRule | Gap, ...] = (), entries: tuple[AclEntry | Gap, ...] = (), group: str = "sg-1"
) -> Rules:
    """Give the rules of a VPC with one ENI (10.0.0.5, one group, one ACL)."""
    cloud = Cloud(
        source="hand",
        vpcs={"vpc-1": Vpc("vpc-1", HERE, (IPv4Network("10.0.0.0/16"),))},
        subnets={"subnet-1": Subnet("subnet-1", HERE, "vpc-1", IPv4Network("10.0.0.0/24"), "zone")},
        route_tables={"rtb-1": RouteTable("rtb-1", HERE, "vpc-1", main=True)},
        network_acls={"acl-1": NetworkAcl("acl-1", HERE, "vpc-1", entries, (), default=True)},
        security_groups={"sg-1": SecurityGroup("sg-1", HERE, "vpc-1", (), egress)},
        network_interfaces={"eni-1": NetworkInterface("eni-1", HERE, "subnet-1", (group,), (IPv4Address("10.0.0.5"),))},
        prefix_lists={
            "pl-1": PrefixList("pl-1", HERE, "s3", (IPv4Network("52.216.0.0/15"), IPv4Network("52.217.0.0/16")))
        },
    )
    return rules(cloud, plan(cloud, Numbers()).vpcs["vpc-1"])


def blocks(found: Rules) -> Mapping[str, Block]:
    return {each.opening: each for each in found.blocks}


def egress(*given: GroupRule | Gap) -> tuple[str, ...]:
    items = blocks(made(given))["chain groups-out-1"].items
    assert items[0] == "# sg-1: egress"
    assert items[-1] == 'log prefix "security-group-egress sg-1" group 1 snaplen 64 drop'
    return items[1:-1]


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (rule(CidrPeer(ANYWHERE)), "tcp dport 443 return"),
        (rule(CidrPeer(ANYWHERE), "all"), "return"),
        (rule(CidrPeer(ANYWHERE), "-1"), "return"),
        (rule(CidrPeer(IPv4Network("10.0.0.0/8")), "6", 80, 90), "ip daddr 10.0.0.0/8 tcp dport 80-90 return"),
        (rule(CidrPeer(ANYWHERE), "udp", 0, 65535), "meta l4proto udp return"),
        (rule(CidrPeer(ANYWHERE), "icmp"), "meta l4proto icmp return"),
        (rule(CidrPeer(ANYWHERE), "50"), "meta l4proto 50 return"),
        (rule(GroupPeer("sg-1")), "ip daddr @members-sg-1 tcp dport 443 return"),
        (rule(PrefixListPeer("pl-1")), "ip daddr @list-pl-1 tcp dport 443 return"),
    ],
)
def test_a_rule_is_one_line(given: GroupRule, line: str) -> None:
    assert egress(given) == (line,)


def test_a_group_means_its_members_and_a_prefix_list_its_cidrs_without_overlap() -> None:
    found = blocks(made((rule(GroupPeer("sg-1")), rule(GroupPeer("sg-none")), rule(PrefixListPeer("pl-1")))))
    assert found["set members-sg-1"].items == ("10.0.0.5",)
    assert found["set members-sg-none"].items == ()
    assert found["set list-pl-1"].items == ("52.216.0.0/15",)


def test_what_is_not_known_allows_nothing_and_is_said() -> None:
    given = (GAP, rule(GAP), rule(CidrPeer(ANYWHERE), GAP), rule(PrefixListPeer("pl-none")))
    assert egress(*given) == ("ip daddr @list-pl-none tcp dport 443 return",)
    assert made(given).notes == (
        "sg-1: a rule is not known, it allows nothing",
        "sgr-1: its protocol is not known, it allows nothing",
        "pl-none: this prefix list is not known, rules that name it match nothing",
    )
    assert made(group="sg-9").notes == ("sg-9: this security group is not known, it allows nothing",)


def test_an_acl_is_asked_in_the_order_of_its_numbers_and_ends_with_deny() -> None:
    def entry(number: int, *, allow: bool, first: int) -> AclEntry:
        return AclEntry(
            "e", HERE, number, egress=True, allow=allow, protocol="tcp", ports=Ports(first, first), cidr=ANYWHERE
        )

    found = made(entries=(entry(200, allow=True, first=443), entry(100, allow=False, first=22), GAP))
    refusal = 'log prefix "network-acl-out acl-1" group 1 snaplen 64 drop'
    expected = (f"tcp dport 22 {refusal}", "tcp dport 443 return", refusal)
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
    texts = list(transactions(made(many), "natless-2", "natless-1"))
    assert len(texts) > 3
    assert max(map(len, texts)) < 30_000
    assert texts[0].startswith("table ip natless-2\ndelete table ip natless-2\ntable ip natless-2 {\n")
    assert [index for index, text in enumerate(texts) if " hook " in text] == [len(texts) - 1]
    assert texts[-1].endswith("delete table ip natless-1\n")
    assert sum(text.count("tcp dport") for text in texts) == 1999


def test_short_rules_come_in_one_part() -> None:
    (text,) = transactions(made(), "natless-1", None)
    assert text.count("delete table") == 1, "only what an earlier attempt left"


def test_a_change_is_the_difference_of_lines() -> None:
    old = ["route add a dev x", "rule add b", "neighbour add c"]
    new = ["rule add b", "route add d dev add"]
    assert change(old, new) == (["route del a dev x", "neighbour del c"], ["route add d dev add"])
