"""Packets of every kind meet the verdicts of tables made by hand (tables_fabric.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_fabric_verdicts.py")
    return found


def wrong(table: list[list[str]]) -> list[list[str]]:
    return [row for row in table if row[1] != row[2]]


def test_a_groups_rule_lets_in_what_it_names(seen: dict[str, Any]) -> None:
    assert len(seen["groups"]) == 11
    assert {title: wrong(table) for title, table in seen["groups"].items() if wrong(table)} == {}


def test_of_overlapping_rules_the_union_counts(seen: dict[str, Any]) -> None:
    assert len(seen["overlaps"]) == 20
    assert wrong(seen["overlaps"]) == []


def test_an_acls_entries_are_asked_in_order(seen: dict[str, Any]) -> None:
    assert len(seen["acls"]) == 7
    assert {title: wrong(table) for title, table in seen["acls"].items() if wrong(table)} == {}


def test_a_secondary_cidr_is_local_and_silence_is_where_nobody_is(seen: dict[str, Any]) -> None:
    # VPC user guide, "VPC CIDR blocks": each associated CIDR has a local route.
    assert seen["secondary CIDR"] == "arrives"
    assert seen["back from the secondary CIDR"] == "arrives"
    assert seen["nobody in the secondary CIDR"] == "no-interface"
    # ENI attribute SourceDestCheck, on by default (EC2 user guide, "Source/destination checking").
    assert seen["another's source"] == ["source-check", "10.0.99.99"]


def test_a_nat_gateway_lets_flows_out_and_none_in(seen: dict[str, Any]) -> None:
    # VPC user guide, "NAT gateway basics": TCP, UDP and ICMP; no unsolicited connection comes in.
    assert seen["out by NAT"] == ["arrives", "arrives", "silent"]
    assert seen["in by NAT"] == "silent"
    assert seen["NAT gateway itself"] == "silent"
    # "NAT gateways", private: what goes to the internet gateway is dropped.
    assert seen["private NAT"] == "route rtb-public"


def test_all_of_it_is_modelled(seen: dict[str, Any]) -> None:
    assert seen["unmodelled"] == []
