"""With one thing of hello's network taken away, the proof names that gate, and packets die just there.

The proof reads the template. The packets run in the fabric that is built from the describe calls of the account in
which the lab's engine made the stack. The two share the loaders' types and the catalog, and nothing else. `EXPECTED` is
written by hand from AWS's documents:

- security groups allow only what a rule allows; standalone rules are the only ones here (VPC user guide, "Security
  group rules"); a reference to a group means its members' private addresses
- a subnet without an association has the VPC's main route table, which has the local route only ("Subnet route tables")
- a gateway endpoint adds a route for the service's prefix list to the tables it names, and to no other (PrivateLink
  guide, "Gateway endpoints")
- an interface endpoint's private DNS needs itself, enableDnsSupport and enableDnsHostnames; without it the service's
  name has public addresses ("Access an AWS service using an interface VPC endpoint"); without enableDnsSupport the
  resolver does not answer ("DNS attributes for your VPC")
- an internet-facing load balancer's DNS name gives an address in each of its subnets, so one that does not answer is
  half of all visits ("Application Load Balancers", subnets)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from hello_without import ACCOUNT, NOTHING, PARAMETERS, REGION, templates, uncovered
from tests.typed import typed

from natless import design, load
from natless.finding import Blocked, Reachable, Verdict
from natless.prove import gates, names, prove
from natless.spec.read import read

HELLO = Path(__file__).parents[2] / "examples" / "hello" / "natless.toml"
PULL_AND_LOG = ("ecr.api", "ecr.dkr", "logs")
NEEDS = {"image-source", "ecr.api", "ecr.dkr", "s3-layers", "logs", "internet->alb", "alb->task", "task->internet"}


class No(NamedTuple):
    """What blocks a need: the element to change, the rule, and the gate where packets die ("" for no name at all)."""

    gate: str
    rule: str
    dies: str


OUT_OF_TASK = "security-group-egress WebTaskGroup"
INTO_ENDPOINT = "security-group-ingress EndpointGroup"
# By design no rule lets the task out to the internet: the first gate it meets.
ISOLATED = {"task->internet": No("WebTaskGroup", "NL301", OUT_OF_TASK)}

EXPECTED: dict[str, dict[str, No]] = {
    NOTHING: {},
    # The name turns public; the task's group lets nothing out to public addresses but to S3. What is missing is a way:
    # no endpoint, and no route either, in the table of the subnet.
    "EcrApiEndpoint": {"ecr.api": No("PrivateRouteTable1", "NL401", OUT_OF_TASK)},
    "EcrDkrEndpoint": {"ecr.dkr": No("PrivateRouteTable1", "NL401", OUT_OF_TASK)},
    "LogsEndpoint": {"logs": No("PrivateRouteTable1", "NL401", OUT_OF_TASK)},
    "S3Endpoint": {"s3-layers": No("PrivateRouteTable1", "NL401", "route PrivateRouteTable1")},
    "AlbGroupIngressHttp": {"internet->alb": No("AlbGroup", "NL306", "security-group-ingress AlbGroup")},
    "AlbGroupEgressWeb": {"alb->task": No("AlbGroup", "NL307", "security-group-egress AlbGroup")},
    "WebTaskGroupIngressAlb": {"alb->task": No("WebTaskGroup", "NL308", "security-group-ingress WebTaskGroup")},
    "WebTaskGroupEgressEndpoints": dict.fromkeys(PULL_AND_LOG, No("WebTaskGroup", "NL301", OUT_OF_TASK)),
    "EndpointGroupIngressWeb": dict.fromkeys(PULL_AND_LOG, No("EndpointGroup", "NL303", INTO_ENDPOINT)),
    "WebTaskGroupEgressS3": {"s3-layers": No("WebTaskGroup", "NL302", OUT_OF_TASK)},
    # Visitors' packets come in (their way is the gateway's); it is the answers that find no route.
    "PublicRoute": {"internet->alb": No("PublicRouteTable", "NL205", "route PublicRouteTable")},
    "InternetGatewayAttachment": {"internet->alb": No("PublicRouteTable", "NL203", "route PublicRouteTable")},
    # The VPC's main route table has no logical id of its own: its VPC's stands for it.
    "PublicSubnet1RouteTableAssociation": {"internet->alb": No("Vpc", "NL313", "route Vpc")},
    "PublicSubnet2RouteTableAssociation": {"internet->alb": No("Vpc", "NL313", "route Vpc")},
    "PrivateSubnet1RouteTableAssociation": {"s3-layers": No("Vpc", "NL202", "route Vpc")},
    "PrivateSubnet2RouteTableAssociation": {"s3-layers": No("Vpc", "NL202", "route Vpc")},
    "S3Endpoint.PrivateRouteTable1": {"s3-layers": No("S3Endpoint", "NL202", "route PrivateRouteTable1")},
    "S3Endpoint.PrivateRouteTable2": {"s3-layers": No("S3Endpoint", "NL202", "route PrivateRouteTable2")},
    "Vpc.EnableDnsSupport": dict.fromkeys((*PULL_AND_LOG, "s3-layers"), No("Vpc", "NL101", "")),
    "Vpc.EnableDnsHostnames": dict.fromkeys(PULL_AND_LOG, No("Vpc", "NL102", OUT_OF_TASK)),
    "EcrApiEndpoint.PrivateDnsEnabled": {"ecr.api": No("EcrApiEndpoint", "NL103", OUT_OF_TASK)},
    "EcrDkrEndpoint.PrivateDnsEnabled": {"ecr.dkr": No("EcrDkrEndpoint", "NL103", OUT_OF_TASK)},
    "LogsEndpoint.PrivateDnsEnabled": {"logs": No("LogsEndpoint", "NL103", OUT_OF_TASK)},
}
# What is left out has CloudFormation's default (its reference of AWS::EC2::VPC and AWS::EC2::VPCEndpoint): DNS support
# is on, DNS hostnames are off in a VPC that someone makes, and so is private DNS, though the EC2 API's default is on.
EXPECTED |= {
    f"{name} left out": {} if name == "Vpc.EnableDnsSupport" else needs
    for name, needs in EXPECTED.items()
    if name.endswith((".EnableDnsSupport", ".EnableDnsHostnames", ".PrivateDnsEnabled"))
}
# With AWS's words (each with its source in catalog/refusals.py): a template that lacks these makes no network at all.
# The attributes can be turned off in a VPC that stands, and packets tell then; the gateway cannot be taken off.
PRIVATE_DNS = "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true"
NO_GATEWAY = ("has no internet gateway", "belong to different networks")
REFUSED = {
    "Vpc.EnableDnsSupport": (PRIVATE_DNS,),
    "Vpc.EnableDnsHostnames": (PRIVATE_DNS,),
    "Vpc.EnableDnsHostnames left out": (PRIVATE_DNS,),
    "InternetGatewayAttachment": NO_GATEWAY,
}
PACKETS = sorted(set(EXPECTED) - {"InternetGatewayAttachment", "Vpc.EnableDnsHostnames left out"})

TEMPLATES = templates()


def proof(name: str) -> dict[str, Verdict]:
    """Give what the proof says of a template, by need."""
    text = json.dumps(TEMPLATES[name], indent=1)
    found = prove(load.cloudformation(text, name, PARAMETERS, REGION, ACCOUNT))
    assert found.gaps == ()
    return {verdict.need: verdict for verdict in found.verdicts}


# --- the template's side ---


def test_everything_that_can_be_taken_away_is() -> None:
    spec = read(HELLO.read_text(encoding="utf-8"), str(HELLO))
    assert design.write(spec).main == TEMPLATES[NOTHING]
    assert uncovered() == set()
    assert set(TEMPLATES) == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_proof_names_the_gate(name: str) -> None:
    verdicts = proof(name)
    assert set(verdicts) == NEEDS
    blocked = {
        need: _said(verdict.outcome) for need, verdict in verdicts.items() if isinstance(verdict.outcome, Blocked)
    }
    assert blocked == ISOLATED | EXPECTED[name]
    assert {need for need, verdict in verdicts.items() if isinstance(verdict.outcome, Reachable)} == NEEDS - set(
        blocked
    )


def _said(outcome: Blocked) -> No:
    gate = outcome.gate
    return No(gate.element, outcome.rule, f"{gate.stopped_kind} {gate.stopped_at}" if gate.stopped_at else "")


@pytest.mark.parametrize("name", EXPECTED)
def test_check_exits_with_it(name: str, tmp_path: Path) -> None:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(TEMPLATES[name], indent=1), encoding="utf-8")
    given = [part for key, value in PARAMETERS.items() for part in ("--param", f"{key}={value}")]
    done = typed("check", str(path), "--json", "--private", "--region", REGION, "--account", ACCOUNT, *given)
    assert done.exit_code == (1 if EXPECTED[name] else 0), done.output
    said = json.loads(done.stdout)
    blocked = {each["need"]: (each["gate"], each["rule"]) for each in said["verdicts"] if each["verdict"] == "blocked"}
    assert blocked == {need: (no.gate, no.rule) for need, no in (ISOLATED | EXPECTED[name]).items()}
    errors = {(each["rule"], each["subject"]) for each in said["findings"] if each["severity"] == "error"}
    assert errors == {(no.rule, no.gate) for no in EXPECTED[name].values()}


# --- the packets' side ---


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_taken_away.py")
    return found


@pytest.mark.lab
@pytest.mark.parametrize("name", EXPECTED)
def test_the_engine_refuses_what_aws_refuses(name: str, seen: dict[str, Any]) -> None:
    refusals: list[str] = seen["refused"][name]
    if name in REFUSED:
        assert refusals
        assert all(any(text in said for text in REFUSED[name]) for said in refusals), refusals
    else:
        assert refusals == []


@pytest.mark.lab
def test_the_gateway_cannot_be_taken_off_while_the_load_balancer_stands(seen: dict[str, Any]) -> None:
    assert seen["detached"] == "DependencyViolation"


@pytest.mark.lab
@pytest.mark.parametrize("name", PACKETS)
def test_packets_agree_with_the_proof(name: str, seen: dict[str, Any]) -> None:
    assert seen["unmodelled"] == []
    assert list(disagreements(proof(name), seen["packets"][name])) == []


@pytest.mark.lab
@pytest.mark.parametrize("name", PACKETS)
def test_packets_agree_with_aws(name: str, seen: dict[str, Any]) -> None:
    for need, asked in seen["packets"][name].items():
        no = (ISOLATED | EXPECTED[name]).get(need)
        assert reaches(asked) is (no is None), (need, asked)
        if no is not None:
            assert where_it_dies(asked) == no.dies, (need, asked)


def reaches(asked: Mapping[str, Any]) -> bool:
    """Say whether every way is open, each by one of its tries at least."""
    return all(any(not each.startswith("silent") for each in way) for way in asked["ways"])


def where_it_dies(asked: Mapping[str, Any]) -> str:
    """Give the gate that dropped the packets of the first way that is shut; "" where there was no address to try."""
    shut = next(way for way in asked["ways"] if all(each.startswith("silent") for each in way))
    return " and ".join(sorted({each.removeprefix("silent").strip() for each in shut}))


def disagreements(verdicts: Mapping[str, Verdict], packets: Mapping[str, Any]) -> Iterator[str]:
    """Compare every verdict with what packets met: open or not, where they died, and what the name stood for."""
    if set(verdicts) - set(packets) != {"image-source"}:  # where the image lies is read, not asked
        yield f"verdicts on {sorted(verdicts)}, packets for {sorted(packets)}"
    for need, asked in packets.items():
        outcome = verdicts[need].outcome
        if isinstance(outcome, Reachable) is not reaches(asked):
            yield f"{need}: the proof says {outcome}, the packets {asked}"
        elif isinstance(outcome, Blocked) and _said(outcome).dies != where_it_dies(asked):
            yield f"{need}: the proof stops at {outcome.gate}, the packets at {where_it_dies(asked)!r}"
        elif isinstance(outcome, Reachable) and bool(outcome.degraded) is not _half_open(asked):
            yield f"{need}: the proof says degraded {outcome.degraded!r}, the packets {asked}"
        if "named" in asked and asked["named"] != [_named(outcome)]:
            yield f"{need}: by the proof the name stands for {_named(outcome)}, but DNS answers {asked['named']}"


def _half_open(asked: Mapping[str, Any]) -> bool:
    return any(each.startswith("silent") for way in asked["ways"] for each in way)


def _named(outcome: Any) -> str:
    """Give what the service's name stands for on the path of a verdict: an endpoint, public addresses, or nothing."""
    endpoints = [hop.element for hop in outcome.path.forward if hop.kind == "name" and hop.detail == "private DNS"]
    if isinstance(outcome, Blocked) and not _said(outcome).dies:
        return "nothing"
    return endpoints[0] if endpoints else "public"


# --- the comparison's power: bugs put in on purpose are found ---


@pytest.mark.lab
@pytest.mark.parametrize(
    ("name", "need"),
    [
        ("AlbGroupEgressWeb", "alb->task"),
        ("WebTaskGroupEgressEndpoints", "ecr.api"),
        ("WebTaskGroupEgressS3", "s3-layers"),
        (NOTHING, "task->internet"),
    ],
)
def test_a_proof_that_forgets_egress_is_found(
    name: str, need: str, seen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "egress", lambda _world, _walk: None)
    assert need in {each.partition(":")[0] for each in disagreements(proof(name), seen["packets"][name])}


@pytest.mark.lab
@pytest.mark.parametrize("name", ["EcrApiEndpoint.PrivateDnsEnabled", "Vpc.EnableDnsHostnames"])
def test_a_proof_that_takes_private_dns_for_granted_is_found(
    name: str, seen: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "captured", lambda _world, _subnet, _endpoint: True)
    assert "ecr.api" in {each.partition(":")[0] for each in disagreements(proof(name), seen["packets"][name])}


@pytest.mark.lab
def test_a_fabric_that_mistakes_ports_is_found(seen: dict[str, Any]) -> None:
    found = {each.partition(":")[0] for each in disagreements(proof(NOTHING), seen["wrong port"])}
    assert found == NEEDS - {"image-source", "task->internet"}
