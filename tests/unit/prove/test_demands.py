"""What a task must reach, by what it uses: Amazon ECS Developer Guide and ECR User Guide, VPC endpoints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from natless import load
from natless.finding import Blocked, Outcome, Reachable, Unknown
from natless.prove import Proof, prove

HELLO = Path(__file__).parents[2] / "golden" / "hello.main.json"
PARAMETERS = {"WebImageDigest": "${WebImageDigest}", "S3PrefixListId": "pl-78a54011"}
Change = Callable[[dict[str, Any]], object]


def proof(*changes: Change) -> Proof:
    template = json.loads(HELLO.read_text(encoding="utf-8"))
    for change in changes:
        change(template["Resources"])
    text = json.dumps(template, indent=1)
    return prove(load.cloudformation(text, "hello.json", PARAMETERS, "ap-northeast-2", None))


def outcomes(found: Proof) -> dict[str, Outcome]:
    return {verdict.need: verdict.outcome for verdict in found.verdicts}


def container(resources: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = resources["WebTaskDefinition"]["Properties"]["ContainerDefinitions"][0]
    return found


def secret(value: Any) -> Change:
    return lambda resources: container(resources).update(Secrets=[{"Name": "S", "ValueFrom": value}])


@pytest.mark.parametrize(
    ("value", "need"),
    [
        ("arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:db-AbCdEf", "secretsmanager"),
        ("arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:db-AbCdEf:url::", "secretsmanager"),
        ("arn:aws:ssm:ap-northeast-2:123456789012:parameter/db", "ssm"),
        ("/db/url", "ssm"),
        ("url", "ssm"),
    ],
)
def test_a_secret_needs_its_store_and_the_role(value: str, need: str) -> None:
    found = outcomes(proof(secret(value)))[need]
    assert isinstance(found, Blocked)
    assert found.rule == "NL401"


def endpoint(service: str) -> Change:
    def add(resources: dict[str, Any]) -> None:
        like = json.loads(json.dumps(resources["LogsEndpoint"]))
        like["Properties"]["ServiceName"] = {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"}
        like["Properties"].pop("PolicyDocument", None)
        resources[f"{service.title()}Endpoint"] = like

    return add


def test_with_the_endpoint_the_role_is_what_lacks() -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:db-AbCdEf"
    found = outcomes(proof(secret(f"{arn}:url::"), endpoint("secretsmanager")))["secretsmanager"]
    assert isinstance(found, Blocked)
    assert (found.rule, found.gate.element) == ("NL502", "WebExecutionRole")
    assert arn in found.reason
    assert ":url" not in found.reason


def role_allows(action: str, resource: str) -> Change:
    def add(resources: dict[str, Any]) -> None:
        policy = resources["WebExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"]
        policy["Statement"].append({"Effect": "Allow", "Action": action, "Resource": resource})

    return add


def test_with_both_the_secret_is_reached() -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-2:123456789012:secret:db-AbCdEf"
    changes = (endpoint("secretsmanager"), role_allows("secretsmanager:GetSecretValue", f"{arn[:-6]}??????"))
    assert isinstance(outcomes(proof(secret(f"{arn}:url::"), *changes))["secretsmanager"], Reachable)


def test_exec_needs_ssmmessages_by_the_task_role() -> None:
    def on(resources: dict[str, Any]) -> None:
        resources["WebService"]["Properties"]["EnableExecuteCommand"] = True

    without = outcomes(proof(on))["ssmmessages"]
    assert isinstance(without, Blocked)
    assert without.rule == "NL401"
    roleless = outcomes(proof(on, endpoint("ssmmessages")))["ssmmessages"]
    assert isinstance(roleless, Blocked)
    assert (roleless.rule, roleless.gate.element) == ("NL503", "WebTaskDefinition")


def test_an_image_of_a_public_registry_has_no_endpoint() -> None:
    found = outcomes(proof(lambda resources: container(resources).update(Image="nginx:1.27")))
    assert "ecr.api" not in found
    source = found["image-source"]
    assert isinstance(source, Blocked)
    assert (source.rule, source.gate.kind, source.gate.element) == ("NL406", "image-source", "WebTaskDefinition")


def test_an_image_of_another_region_is_as_public() -> None:
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/hello:1"
    found = outcomes(proof(lambda resources: container(resources).update(Image=image)))
    assert isinstance(found["image-source"], Blocked)
    assert "ecr.dkr" not in found


def test_logs_of_another_region_are_not_served_by_this_endpoint() -> None:
    def elsewhere(resources: dict[str, Any]) -> None:
        container(resources)["LogConfiguration"]["Options"]["awslogs-region"] = "us-east-1"

    assert isinstance(outcomes(proof(elsewhere))["logs"], Blocked)


def test_what_the_task_role_may_call_is_needed() -> None:
    def role(resources: dict[str, Any]) -> None:
        like = json.loads(json.dumps(resources["WebExecutionRole"]))
        statement = {"Effect": "Allow", "Action": ["sqs:SendMessage", "dynamodb:GetItem"], "Resource": "*"}
        like["Properties"]["Policies"][0]["PolicyDocument"]["Statement"] = [statement]
        resources["TaskRole"] = like
        resources["WebTaskDefinition"]["Properties"]["TaskRoleArn"] = {"Fn::GetAtt": ["TaskRole", "Arn"]}

    found = outcomes(proof(role))
    assert {need: type(found[need]) for need in ("sqs", "dynamodb")} == {"sqs": Blocked, "dynamodb": Blocked}


def test_container_instances_of_another_stack_are_not_read_so_their_needs_are_unknown() -> None:
    def ec2(resources: dict[str, Any]) -> None:
        service = resources["WebService"]["Properties"]
        del service["CapacityProviderStrategy"]
        service["LaunchType"] = "EC2"

    found = outcomes(proof(ec2))
    assert {need for need, outcome in found.items() if isinstance(outcome, Unknown)} >= {
        "ecr.api",
        "ecr.dkr",
        "s3-layers",
        "logs",
        "ecs",
        "ecs-agent",
        "ecs-telemetry",
    }
    # Whether any task runs behind the load balancer is as open.
    assert isinstance(found["alb->task"], Unknown)


def test_an_unresolved_image_is_unknown_never_fine() -> None:
    found = outcomes(proof(lambda resources: container(resources).update(Image={"Fn::ImportValue": "image"})))
    assert isinstance(found["image-source"], Unknown)


def on_instances(resources: dict[str, Any]) -> None:
    service = resources["WebService"]["Properties"]
    del service["CapacityProviderStrategy"]
    service["LaunchType"] = "EC2"


def no_execution_role(resources: dict[str, Any]) -> None:
    del resources["WebTaskDefinition"]["Properties"]["ExecutionRoleArn"]


def test_on_container_instances_the_instance_pulls_and_logs_and_the_task_needs_no_execution_role() -> None:
    # As in aws-cloudformation-templates ECS/ECS_Schedule_Example, which runs without one.
    found = outcomes(proof(on_instances, no_execution_role))
    assert {need: type(found[need]) for need in ("ecr.api", "ecr.dkr", "logs")} == {
        "ecr.api": Unknown,
        "ecr.dkr": Unknown,
        "logs": Unknown,
    }


def test_on_container_instances_secrets_still_need_the_execution_role() -> None:
    found = outcomes(proof(on_instances, no_execution_role, secret("/db/url")))["ssm"]
    assert isinstance(found, Blocked)
    assert found.rule == "NL501"


def role_statements(resources: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = resources["WebExecutionRole"]["Properties"]["Policies"][0]["PolicyDocument"][
        "Statement"
    ]
    return found


@pytest.mark.parametrize(
    "condition", [{"aws:SourceVpc": {"Ref": "Vpc"}}, {"aws:SourceVpce": {"Ref": "EcrDkrEndpoint"}}]
)
def test_a_role_may_ask_for_the_vpc_or_the_endpoint_that_the_pull_takes(condition: dict[str, Any]) -> None:
    # Amazon ECS Developer Guide, task execution role: these keys may stand on the pull's actions, not on the token's.
    limited = proof(lambda resources: role_statements(resources)[1].update(Condition={"StringEquals": condition}))
    assert isinstance(outcomes(limited)["ecr.dkr"], Reachable)


def test_a_role_that_asks_for_another_endpoint_is_not_fine() -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-0abc"}}
    limited = proof(lambda resources: role_statements(resources)[1].update(Condition=condition))
    assert not isinstance(outcomes(limited)["ecr.dkr"], Reachable)


def test_a_deny_is_not_mended_by_another_allow() -> None:
    deny = {"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}
    found = proof(lambda resources: role_statements(resources).append(deny))
    assert {finding.rule for finding in found.findings} == {"NL502"}
    assert all(finding.fix is not None and "Deny" in finding.fix.text for finding in found.findings)


def test_an_endpoint_policy_that_denies_says_so() -> None:
    statements = [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"},
    ]
    found = proof(
        lambda resources: resources["S3Endpoint"]["Properties"].update(PolicyDocument={"Statement": statements})
    )
    (finding,) = found.findings
    assert finding.rule == "NL402"
    assert finding.fix is not None
    assert "Deny" in finding.fix.text


def without_endpoints(resources: dict[str, Any]) -> None:
    for name in ("EcrApiEndpoint", "EcrDkrEndpoint", "LogsEndpoint"):
        del resources[name]
        resources["WebService"]["DependsOn"].remove(name)
    resources["WebTaskGroup"]["Properties"].pop("SecurityGroupEgress")


def central_route(resources: dict[str, Any]) -> None:
    for name in ("PrivateRouteTable1", "PrivateRouteTable2"):
        route = {"RouteTableId": {"Ref": name}, "DestinationCidrBlock": "10.8.0.0/13", "TransitGatewayId": "tgw-0abc"}
        resources[f"{name}Central"] = {"Type": "AWS::EC2::Route", "Properties": route}


def test_endpoints_may_stand_behind_a_transit_gateway() -> None:
    # AWS PrivateLink guide, 'Centralized access to VPC private endpoints'.
    found = outcomes(proof(without_endpoints, central_route))
    assert {type(found[need]) for need in ("ecr.api", "ecr.dkr", "logs")} == {Unknown}
    assert isinstance(outcomes(proof(without_endpoints))["ecr.api"], Blocked)


def test_a_transit_gateway_that_groups_keep_tasks_from_holds_no_endpoint_for_them() -> None:
    def no_way_out(resources: dict[str, Any]) -> None:
        nothing = [{"IpProtocol": "-1", "CidrIp": "127.0.0.1/32"}]
        resources["WebTaskGroup"]["Properties"]["SecurityGroupEgress"] = nothing

    found = outcomes(proof(without_endpoints, central_route, no_way_out))
    assert isinstance(found["ecr.api"], Blocked)


def hosted_zone(name: str) -> Change:
    def add(resources: dict[str, Any]) -> None:
        zone = {"Name": name, "VPCs": [{"VPCId": {"Ref": "Vpc"}, "VPCRegion": "ap-northeast-2"}]}
        resources["Zone"] = {"Type": "AWS::Route53::HostedZone", "Properties": zone}
        resources["EcrApiEndpoint"]["Properties"]["PrivateDnsEnabled"] = False

    return add


def test_a_private_zone_may_name_an_endpoint_whose_private_dns_is_off() -> None:
    assert isinstance(outcomes(proof(hosted_zone("api.ecr.ap-northeast-2.amazonaws.com")))["ecr.api"], Unknown)
    assert isinstance(outcomes(proof(hosted_zone("internal.example.com")))["ecr.api"], Blocked)


def behind_a_transit_gateway(resources: dict[str, Any]) -> None:
    del resources["LogsEndpoint"]
    resources["WebService"]["DependsOn"].remove("LogsEndpoint")
    for zone in (1, 2):
        resources[f"Far{zone}"] = {
            "Type": "AWS::EC2::Route",
            "Properties": {
                "RouteTableId": {"Ref": f"PrivateRouteTable{zone}"},
                "DestinationCidrBlock": "10.0.0.0/8",
                "TransitGatewayId": "tgw-0123456789abcdef0",
            },
        }


def task_egress(cidr: str) -> Change:
    return lambda resources: resources.update(
        More={
            "Type": "AWS::EC2::SecurityGroupEgress",
            "Properties": {
                "GroupId": {"Ref": "WebTaskGroup"},
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "CidrIp": cidr,
            },
        }
    )


def test_an_endpoint_of_a_central_vpc_is_unknown_where_the_group_lets_out_to_it() -> None:
    # AWS PrivateLink guide, "Centralized access to VPC private endpoints".
    found = outcomes(proof(behind_a_transit_gateway, task_egress("10.255.0.0/16")))["logs"]
    assert isinstance(found, Unknown)
    assert any("endpoint for logs may stand" in gap.why for gap in found.gaps)


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "52.95.0.0/16"])
def test_no_central_endpoint_stands_in_this_vpc_nor_where_no_route_leads(cidr: str) -> None:
    assert isinstance(outcomes(proof(behind_a_transit_gateway, task_egress(cidr)))["logs"], Blocked)


def test_a_central_endpoint_serves_no_image_layers() -> None:
    # Amazon ECR User Guide: "Interface endpoints for Amazon S3 can't be used with Amazon ECR."
    def without_s3(resources: dict[str, Any]) -> None:
        del resources["S3Endpoint"]
        resources["WebService"]["DependsOn"].remove("S3Endpoint")

    found = outcomes(proof(behind_a_transit_gateway, task_egress("10.0.0.0/8"), without_s3))["s3-layers"]
    assert isinstance(found, Blocked)


def test_a_task_behind_a_nat_gateway_is_exposed_to_nobody() -> None:
    # VPC user guide, "NAT gateways": hosts of the internet cannot begin a connection through one.
    def behind_nat(resources: dict[str, Any]) -> None:
        resources["Nat"] = {
            "Type": "AWS::EC2::NatGateway",
            "Properties": {"SubnetId": {"Ref": "PublicSubnet1"}, "AllocationId": "eipalloc-0123456789abcdef0"},
        }
        for zone in (1, 2):
            resources[f"Out{zone}"] = {
                "Type": "AWS::EC2::Route",
                "Properties": {
                    "RouteTableId": {"Ref": f"PrivateRouteTable{zone}"},
                    "DestinationCidrBlock": "0.0.0.0/0",
                    "NatGatewayId": {"Ref": "Nat"},
                },
            }
        resources["Open"] = {
            "Type": "AWS::EC2::SecurityGroupIngress",
            "Properties": {
                "GroupId": {"Ref": "WebTaskGroup"},
                "IpProtocol": "tcp",
                "FromPort": 8080,
                "ToPort": 8080,
                "CidrIp": "0.0.0.0/0",
            },
        }

    rules = {finding.rule for finding in proof(behind_nat).findings}
    assert "NL309" not in rules
    assert "NL310" in rules
