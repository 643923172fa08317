"""Private services: names in the VPC, a group each, rules from the caller to the port that it calls; and the proof."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest

from natless import design, load
from natless.design import Template
from natless.finding import Blocked, Reachable
from natless.prove import Promises, Proof, prove
from natless.spec.model import Network, Service, Spec

WEB = Service("web", ".", None, 8080, public=True, calls=("api",))
API = Service("api", "api", None, 9000, public=False)
THIRD = Service("third", "third", None, None, public=False)


def spec(*services: Service, **network: Any) -> Spec:
    return Spec("natless.toml", "hello", "us-east-1", Network(**network), services or (WEB, API, THIRD), {})


def resources(of: Spec) -> dict[str, Any]:
    found: dict[str, Any] = design.write(of).main["Resources"]
    return found


def test_where_nobody_calls_there_is_no_namespace() -> None:
    found = resources(spec(msgspec.structs.replace(WEB, calls=()), THIRD))
    assert not [each for each in found.values() if each["Type"].startswith("AWS::ServiceDiscovery")]
    assert "ServiceRegistries" not in found["WebService"]["Properties"]


def test_the_called_service_has_a_name_in_the_vpc_and_ecs_registers_its_tasks() -> None:
    found = resources(spec())
    assert found["PrivateNamespace"]["Properties"]["Name"] == "hello.internal"
    assert found["PrivateNamespace"]["Properties"]["Vpc"] == {"Ref": "Vpc"}
    name = found["ApiDiscovery"]["Properties"]
    assert (name["Name"], name["NamespaceId"]) == ("api", {"Ref": "PrivateNamespace"})
    assert [record["Type"] for record in name["DnsConfig"]["DnsRecords"]] == ["A"]
    # ECS developer guide, 'Service discovery': A records of awsvpc tasks need neither container nor port.
    assert found["ApiService"]["Properties"]["ServiceRegistries"] == [
        {"RegistryArn": {"Fn::GetAtt": ["ApiDiscovery", "Arn"]}}
    ]
    assert "ServiceRegistries" not in found["WebService"]["Properties"]


def test_rules_lead_from_the_callers_group_to_the_port_and_from_nowhere_else() -> None:
    found = resources(spec())
    group = {"Fn::GetAtt": ["ApiTaskGroup", "GroupId"]}
    into = {id_ for id_, each in found.items() if "Ingress" in each["Type"] and each["Properties"]["GroupId"] == group}
    assert into == {"ApiTaskGroupIngressCallsWeb"}
    rule = found["ApiTaskGroupIngressCallsWeb"]["Properties"]
    assert rule["SourceSecurityGroupId"] == {"Fn::GetAtt": ["WebTaskGroup", "GroupId"]}
    assert (rule["FromPort"], rule["ToPort"]) == (9000, 9000)
    # What the caller asks at once, it asks in vain before both stand.
    waits = set(found["WebService"]["DependsOn"])
    assert {"ApiTaskGroupIngressCallsWeb", "WebTaskGroupEgressCallsApi"} <= waits


def proof(template: Template, of: Spec) -> Proof:
    parameters = {parameter.name: parameter.value for parameter in design.write(of).parameters}
    return prove(load.cloudformation(design.text(template), "t", parameters, "us-east-1", None), Promises(private=True))


def calls(found: Proof) -> dict[tuple[str, str], object]:
    return {(each.task, each.need): each.outcome for each in found.verdicts if each.need.startswith("calls:")}


@pytest.mark.parametrize("groups", ["separate", "single"])
def test_a_call_is_proved(groups: Any) -> None:
    of = spec(security_groups=groups)
    assert isinstance(calls(proof(design.write(of).main, of))["WebTaskDefinition", "calls:api"], Reachable)


def test_nobody_is_said_to_call_who_is_not_let_to() -> None:
    of = spec()
    assert set(calls(proof(design.write(of).main, of))) == {("WebTaskDefinition", "calls:api")}


@pytest.mark.parametrize(
    ("taken", "rule"), [("ApiTaskGroupIngressCallsWeb", "NL308"), ("WebTaskGroupEgressCallsApi", "NL301")]
)
def test_without_one_of_its_rules_a_call_is_blocked(taken: str, rule: str) -> None:
    of = spec()
    template = copy.deepcopy(design.write(of).main)
    del template["Resources"][taken]
    waits = template["Resources"]["WebService"]["DependsOn"]
    waits.remove(taken)
    found = proof(template, of)
    assert isinstance(calls(found)["WebTaskDefinition", "calls:api"], Blocked)
    assert rule in {each.rule for each in found.findings}


def test_without_the_vpcs_hostnames_a_name_does_not_resolve() -> None:
    of = spec()
    template = copy.deepcopy(design.write(of).main)
    template["Resources"]["Vpc"]["Properties"]["EnableDnsHostnames"] = False
    outcome = calls(proof(template, of))["WebTaskDefinition", "calls:api"]
    assert isinstance(outcome, Blocked)
    assert outcome.rule == "NL102"
