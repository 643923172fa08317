"""Packets in two recorded accounts of 2020 go where another project's tests say that they go."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from tests import captures

from natless.cloud import Cloud
from natless.finding import Blocked, Reachable
from natless.load import describe
from natless.prove.packet import packet

NAMES = (captures.GATEWAY, captures.INTERFACE)


def capture(name: str) -> tuple[Cloud, list[dict[str, Any]]]:
    return describe(captures.snapshot(name), name), captures.flows(name)


@pytest.mark.parametrize("name", NAMES)
def test_packets_go_as_recorded(name: str) -> None:
    cloud, flows = capture(name)
    assert flows
    for flow in flows:
        source = next(eni for eni in cloud.network_interfaces.values() if eni.owner == flow["src"])
        found = packet(cloud, source.id, IPv4Address(flow["dst"]), flow["dst_port"], flow["proto"])
        if flow["expected_disposition"] == "NO_ROUTE":
            assert isinstance(found, Blocked)
            assert found.gate.kind == "route"
            assert found.rule == "NL201"
            continue
        assert isinstance(found, Reachable), flow["test"]
        said = " ".join(hop.element + " " + hop.detail for hop in found.path.forward)
        gateways = [hop for hop in flow["hops"] if hop.startswith(("vpce-", "igw-")) and "@" not in hop]
        assert all(gateway in said for gateway in gateways)
        acls = [hop for hop in found.path.forward if hop.kind.startswith("network-acl")]
        subnets = [hop for hop in flow["hops"] if hop.startswith("subnet-")]
        assert len(acls) == len(subnets), flow["note"]
