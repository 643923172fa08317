"""The proof of natless's own hello, and of hello with one thing taken away: the one gate each time."""

from __future__ import annotations

import copy
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from natless import load
from natless.finding import Blocked, Gate, Reachable
from natless.prove import Promises, Proof, prove

HELLO = Path(__file__).parents[2] / "golden" / "hello.main.json"
PARAMETERS = {"WebImageDigest": "${WebImageDigest}", "S3PrefixListId": "pl-78a54011"}


def hello() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(HELLO.read_text(encoding="utf-8"))
    return found


def proof(template: dict[str, Any]) -> Proof:
    cloud = load.cloudformation(json.dumps(template, indent=1), "hello.json", PARAMETERS, "ap-northeast-2", None)
    return prove(cloud, Promises(private=True))


def without(name: str) -> dict[str, Any]:
    template = hello()
    del template["Resources"][name]
    for resource in template["Resources"].values():
        if name in (waits := resource.get("DependsOn", [])):
            resource["DependsOn"] = [wait for wait in ([waits] if isinstance(waits, str) else waits) if wait != name]
    return template


def gates(found: Proof) -> dict[str, tuple[str, str, str]]:
    """Give rule, gate and where the packet dies, of each need that is not met."""
    result = {}
    for verdict in found.verdicts:
        if not verdict.kept:
            assert isinstance(verdict.outcome, Blocked), verdict.reason
            gate: Gate = verdict.outcome.gate
            result[verdict.need] = (verdict.outcome.rule, gate.element, gate.stopped_at)
    return result


def test_hello_holds_every_promise() -> None:
    found = proof(hello())
    assert found.findings == ()
    assert found.gaps == ()
    outcomes = {verdict.need: type(verdict.outcome) for verdict in found.verdicts}
    needs = ("image-source", "ecr.api", "ecr.dkr", "s3-layers", "logs", "internet->alb", "alb->task")
    assert outcomes == dict.fromkeys(needs, Reachable) | {"task->internet": Blocked}
    assert all(verdict.kept for verdict in found.verdicts)


ROUTE = "PrivateRouteTable1"
INTERFACES = ("ecr.api", "ecr.dkr", "logs")
TAKEN: dict[str, dict[str, tuple[str, str, str]]] = {
    "EcrApiEndpoint": {"ecr.api": ("NL401", ROUTE, "WebTaskGroup")},
    "EcrDkrEndpoint": {"ecr.dkr": ("NL401", ROUTE, "WebTaskGroup")},
    "LogsEndpoint": {"logs": ("NL401", ROUTE, "WebTaskGroup")},
    # S3's addresses are let out by the prefix list, so this packet goes on to the route.
    "S3Endpoint": {"s3-layers": ("NL401", ROUTE, ROUTE)},
    "WebTaskGroupEgressEndpoints": dict.fromkeys(
        ("ecr.api", "ecr.dkr", "logs"), ("NL301", "WebTaskGroup", "WebTaskGroup")
    ),
    "EndpointGroupIngressWeb": dict.fromkeys(
        ("ecr.api", "ecr.dkr", "logs"), ("NL303", "EndpointGroup", "EndpointGroup")
    ),
    "WebTaskGroupEgressS3": {"s3-layers": ("NL302", "WebTaskGroup", "WebTaskGroup")},
    "WebTaskGroupIngressAlb": {"alb->task": ("NL308", "WebTaskGroup", "WebTaskGroup")},
    "AlbGroupEgressWeb": {"alb->task": ("NL307", "AlbGroup", "AlbGroup")},
    "AlbGroupIngressHttp": {"internet->alb": ("NL306", "AlbGroup", "AlbGroup")},
    "PublicRoute": {"internet->alb": ("NL205", "PublicRouteTable", "PublicRouteTable")},
    "InternetGatewayAttachment": {"internet->alb": ("NL203", "PublicRouteTable", "PublicRouteTable")},
    # A subnet without an association has the main table, which has no logical id: nothing can be put on it.
    "PrivateSubnet1RouteTableAssociation": {"s3-layers": ("NL202", "Vpc", "Vpc")},
    "HttpListener": {"internet->alb": ("NL808", "Alb", ""), "alb->task": ("NL804", "WebTargetGroup", "")},
}


@pytest.mark.parametrize("name", TAKEN)
def test_each_thing_taken_away_is_the_gate(name: str) -> None:
    found = proof(without(name))
    assert gates(found) == TAKEN[name]
    assert {(finding.rule, finding.subject) for finding in found.findings} == {
        gate[:2] for gate in TAKEN[name].values()
    }
    assert all(finding.fix is not None and finding.symptom for finding in found.findings)


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        (
            "EnableDnsSupport",
            dict.fromkeys(("ecr.api", "ecr.dkr", "s3-layers", "logs"), ("NL101", "Vpc", "")),
        ),
        (
            "EnableDnsHostnames",
            dict.fromkeys(("ecr.api", "ecr.dkr", "logs"), ("NL102", "Vpc", "WebTaskGroup")),
        ),
    ],
)
def test_each_dns_attribute_turned_off_is_the_gate(attribute: str, expected: dict[str, tuple[str, str, str]]) -> None:
    template = hello()
    template["Resources"]["Vpc"]["Properties"][attribute] = False
    assert gates(proof(template)) == expected


WAITS = hello()["Resources"]["WebService"]["DependsOn"]


@pytest.mark.parametrize("name", WAITS)
def test_each_edge_taken_away_is_a_race(name: str) -> None:
    template = copy.deepcopy(hello())
    template["Resources"]["WebService"]["DependsOn"].remove(name)
    found = proof(template)
    assert gates(found) == {}
    assert [finding.subject for finding in found.findings] == ["WebService"]
    assert name in found.findings[0].message
    assert found.findings[0].rule in {"NL801", "NL802", "NL803"}


def test_hello_is_proved_with_little_work() -> None:
    """Calls of functions are counted, for they are as many on any machine: 7,700, 2.4 ms, when this was written."""
    cloud = load.cloudformation(HELLO.read_text(encoding="utf-8"), "hello.json", PARAMETERS, "ap-northeast-2", None)
    promises, called = Promises(private=True), Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: called.update((event,)))
    try:
        prove(cloud, promises)
    finally:
        sys.setprofile(None)
    assert called["call"] < 15_000
