"""`exec = true`: the service, the task role, the endpoint and its groups; the proof of them, and what it costs.

What ECS Exec asks: Amazon ECS Developer Guide, 'Monitor Amazon ECS containers with ECS Exec' (read 2026-11). That the
four actions know no resource: Service Authorization Reference, 'Amazon Message Gateway Service'.
"""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from natless import design, load
from natless.cloud import Cloud
from natless.cost import estimate
from natless.design import Template
from natless.finding import Blocked, Reachable
from natless.prove import Promises, Proof, prove
from natless.spec.model import Instances, Launch, Network, Service, Spec, Use

ACTIONS = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
]
STATEMENT = {"Effect": "Allow", "Action": ACTIONS, "Resource": "*"}
JOBS = Use("sqs", "jobs", ("receive",))


def spec(**given: Any) -> Spec:
    """A worker with ECS Exec, and with what else is given of a service; `network` is the spec's."""
    network = given.pop("network", Network())
    worker = Service("worker", ".", None, None, public=False, **{"exec": True, **given})
    return Spec("natless.toml", "hello", "us-east-1", network, (worker,), {})


def resources(of: Spec) -> dict[str, Any]:
    found: dict[str, Any] = design.write(of).main["Resources"]
    return found


def test_without_it_nothing_of_it_stands() -> None:
    text = design.text(design.write(spec(exec=False)).main)
    assert not any(word in text for word in ("ssmmessages", "EnableExecuteCommand", "InitProcessEnabled", "TaskRole"))


def test_the_service_the_container_and_the_task_role() -> None:
    found = resources(spec())
    assert found["WorkerService"]["Properties"]["EnableExecuteCommand"] is True
    definition = found["WorkerTaskDefinition"]["Properties"]
    [container] = definition["ContainerDefinitions"]
    assert container["LinuxParameters"] == {"InitProcessEnabled": True}
    # The agent of ECS Exec writes into the container.
    assert not container.get("ReadonlyRootFilesystem")
    assert definition["TaskRoleArn"] == {"Fn::GetAtt": ["WorkerTaskRole", "Arn"]}
    [policy] = found["WorkerTaskRole"]["Properties"]["Policies"]
    assert policy["PolicyDocument"]["Statement"] == [STATEMENT]
    [execution] = found["WorkerExecutionRole"]["Properties"]["Policies"]
    assert "ssmmessages" not in str(execution)


def test_what_the_containers_use_stands_beside_it_in_the_role() -> None:
    found = resources(spec(uses=(JOBS,)))
    [policy] = found["WorkerTaskRole"]["Properties"]["Policies"]
    first, second = policy["PolicyDocument"]["Statement"]
    assert first == STATEMENT
    assert all(action.startswith("sqs:") for action in second["Action"])


@pytest.mark.parametrize("nat", [False, True])
def test_the_endpoint_and_what_the_service_waits_for(nat: bool) -> None:  # noqa: FBT001 - parametrized
    found = resources(spec(network=Network(nat=nat)))
    endpoint = found["SsmmessagesEndpoint"]["Properties"]
    assert endpoint["ServiceName"] == {"Fn::Sub": "com.amazonaws.${AWS::Region}.ssmmessages"}
    assert (endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"]) == ("Interface", True)
    assert endpoint["PolicyDocument"]["Statement"] == [{**STATEMENT, "Principal": "*"}]
    assert endpoint["SecurityGroupIds"] == [{"Fn::GetAtt": ["EndpointGroup", "GroupId"]}]
    # The agent of a task that starts earlier finds no channel.
    assert "SsmmessagesEndpoint" in found["WorkerService"]["DependsOn"]


def test_on_instances_the_tasks_own_group_reaches_the_endpoint() -> None:
    found = resources(spec(launch=Launch(0, instances=Instances("t3.small"))))
    out = found["WorkerTaskGroupEgressEndpoints"]["Properties"]
    assert (out["GroupId"], out["FromPort"]) == ({"Fn::GetAtt": ["WorkerTaskGroup", "GroupId"]}, 443)
    into = found["EndpointGroupIngressWorkerTasks"]["Properties"]
    assert into["SourceSecurityGroupId"] == {"Fn::GetAtt": ["WorkerTaskGroup", "GroupId"]}


def cloud(template: Template, of: Spec) -> Cloud:
    parameters = {parameter.name: parameter.value for parameter in design.write(of).parameters}
    return load.cloudformation(design.text(template), "t", parameters, "us-east-1", None)


def proof(template: Template, of: Spec) -> Proof:
    return prove(cloud(template, of), Promises(private=True))


@pytest.mark.parametrize("mode", ["fargate", "awsvpc", "bridge", "host"])
def test_it_is_proved(mode: Any) -> None:
    launch = Launch() if mode == "fargate" else Launch(0, instances=Instances("t3.small", network_mode=mode))
    of = spec(launch=launch)
    found = proof(design.write(of).main, of)
    [outcome] = [verdict.outcome for verdict in found.verdicts if verdict.need == "ssmmessages"]
    assert isinstance(outcome, Reachable)
    assert found.findings == ()


@pytest.mark.parametrize(
    ("taken", "rule"),
    [("SsmmessagesEndpoint", "NL401"), ("WorkerTaskGroupEgressEndpoints", "NL301"), ("WorkerTaskRole", "NL503")],
)
def test_without_an_element_it_is_blocked(taken: str, rule: str) -> None:
    of = spec()
    template = copy.deepcopy(design.write(of).main)
    del template["Resources"][taken]
    template["Resources"]["WorkerTaskDefinition"]["Properties"].pop("TaskRoleArn" if "Role" in taken else "", None)
    for element in template["Resources"].values():
        element["DependsOn"] = [each for each in element.get("DependsOn", []) if each != taken]
    found = proof(template, of)
    [outcome] = [verdict.outcome for verdict in found.verdicts if verdict.need == "ssmmessages"]
    assert isinstance(outcome, Blocked)
    assert rule in {each.rule for each in found.findings}


def test_it_costs_one_more_endpoint_in_each_zone() -> None:
    # AWS PrivateLink pricing: 0.01 USD an hour for each zone in us-east-1; two zones, 730 hours.
    def month(of: Spec) -> Decimal:
        return estimate(cloud(design.write(of).main, of)).total

    assert month(spec()) - month(spec(exec=False)) == Decimal("14.60")


def test_with_several_services_the_policy_stands_once() -> None:
    one = spec()
    second = msgspec.structs.replace(one.services[0], name="other")
    found = resources(msgspec.structs.replace(one, services=(*one.services, second)))
    policy = found["SsmmessagesEndpoint"]["Properties"]["PolicyDocument"]
    assert policy["Statement"] == [{**STATEMENT, "Principal": "*"}]
