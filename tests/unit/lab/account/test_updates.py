"""Stacks that stand are changed: in place, by replacement, and back where that fails; and the tags they all carry.

Behaviours and statuses: "Update behaviors of stack resources", "Stack status codes" and "Resource tags",
CloudFormation user guide; what needs a replacement: the registry schemas.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

DIGEST = {"first": "sha256:" + "a" * 64, "second": "sha256:" + "b" * 64}
PREFIX_LIST = "pl-78a54011"


class Standing:
    """One stack of hello, and what is asked of it."""

    def __init__(self, account: Any, name: str, template: dict[str, Any]) -> None:
        self.account, self.name, self.template = account, name, copy.deepcopy(template)
        self.template["Resources"]["Cluster"]["Properties"]["ClusterName"] = name
        self.cloudformation, self.ecs = account.connect("cloudformation"), account.connect("ecs")
        self.stack = account.deploy(self.template, self.given("first"), name)
        assert self.stack["StackStatus"] == "CREATE_COMPLETE"

    def given(self, image: str) -> dict[str, str]:
        return {"WebImageDigest": DIGEST[image], "S3PrefixListId": PREFIX_LIST}

    def properties(self, logical_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.template["Resources"][logical_id]["Properties"]
        return found

    def propose(self, image: str = "first") -> dict[str, Any]:
        made = self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName="next",
            ChangeSetType="UPDATE",
            TemplateBody=json.dumps(self.template),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in self.given(image).items()],
        )
        found: dict[str, Any] = self.cloudformation.describe_change_set(ChangeSetName=made["Id"])
        if found["Status"] == "FAILED":
            self.cloudformation.delete_change_set(ChangeSetName=made["Id"])
        return found

    def update(self, image: str = "first") -> str:
        made = self.propose(image)
        assert made["Status"] == "CREATE_COMPLETE", made["StatusReason"]
        self.cloudformation.execute_change_set(ChangeSetName=made["ChangeSetId"])
        status: str = self.account.settled(self.stack["StackId"])["StackStatus"]
        self.cloudformation.delete_change_set(ChangeSetName=made["ChangeSetId"])
        return status

    def ids(self) -> dict[str, str]:
        found = self.cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}

    def events(self) -> list[tuple[str, str]]:
        pages = self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name)
        events = [event for page in pages for event in page["StackEvents"]]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.ecs.describe_services(cluster=self.name, services=[self.ids()["WebService"]])
        [service] = found["services"]
        return dict(service)


@pytest.fixture
def standing(account: Any, hello: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[Standing]:
    made = Standing(account, f"u{abs(hash(request.node.name)) % 10**8}", hello)
    yield made
    account.delete(made.stack["StackId"])


def changed(made: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    found = [one["ResourceChange"] for one in made["Changes"]]
    return {one["LogicalResourceId"]: (one["Action"], one.get("Replacement")) for one in found}


def test_a_new_image_replaces_the_task_definition_and_rolls_the_service(standing: Standing) -> None:
    before = standing.ids()
    made = standing.propose("second")
    assert changed(made) == {"WebTaskDefinition": ("Modify", "True"), "WebService": ("Modify", "False")}
    [detail] = made["Changes"][1]["ResourceChange"]["Details"]
    assert (detail["Target"]["Name"], detail["Target"]["RequiresRecreation"]) == ("TaskDefinition", "Never")
    assert detail["Evaluation"] == "Dynamic"
    standing.cloudformation.delete_change_set(ChangeSetName=made["ChangeSetId"])
    told = len(standing.events())
    assert standing.update("second") == "UPDATE_COMPLETE"
    after = standing.ids()
    assert {name for name in after if after[name] != before[name]} == {"WebTaskDefinition"}
    assert standing.service()["taskDefinition"] == after["WebTaskDefinition"]
    old = standing.ecs.describe_task_definition(taskDefinition=before["WebTaskDefinition"])["taskDefinition"]
    assert old["status"] == "INACTIVE"
    name = standing.name
    assert standing.events()[told:] == [
        (name, "UPDATE_IN_PROGRESS"),
        ("WebTaskDefinition", "UPDATE_IN_PROGRESS"),
        ("WebTaskDefinition", "UPDATE_IN_PROGRESS"),
        ("WebTaskDefinition", "UPDATE_COMPLETE"),
        ("WebService", "UPDATE_IN_PROGRESS"),
        ("WebService", "UPDATE_COMPLETE"),
        (name, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        ("WebTaskDefinition", "DELETE_IN_PROGRESS"),
        ("WebTaskDefinition", "DELETE_COMPLETE"),
        (name, "UPDATE_COMPLETE"),
    ]


def test_autoscaling_brings_a_service_between_its_bounds(standing: Standing) -> None:
    # RegisterScalableTarget, API reference: "it changes the resource's current capacity to a value that is inside".
    assert standing.service()["desiredCount"] == 1
    name = {"Fn::GetAtt": ["WebService", "Name"]}
    bounds = {"MinCapacity": 2, "MaxCapacity": 4}
    standing.template["Resources"]["WebScaling"] = {
        "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
        "Properties": {
            "ServiceNamespace": "ecs",
            "ScalableDimension": "ecs:service:DesiredCount",
            "ResourceId": {"Fn::Join": ["/", ["service", {"Ref": "Cluster"}, name]]},
            **bounds,
        },
    }
    del standing.properties("WebService")["DesiredCount"]
    assert standing.update() == "UPDATE_COMPLETE"
    assert standing.service()["desiredCount"] == 2
    standing.properties("WebScaling").update(MinCapacity=5, MaxCapacity=6)
    assert standing.update() == "UPDATE_COMPLETE"
    assert standing.service()["desiredCount"] == 5
    standing.properties("WebScaling").update(MinCapacity=1, MaxCapacity=3)
    assert standing.update() == "UPDATE_COMPLETE"
    assert standing.service()["desiredCount"] == 3


def test_what_can_be_changed_in_place_is(standing: Standing) -> None:
    before = standing.ids()
    standing.properties("WebTargetGroup")["HealthCheckPath"] = "/alive"
    standing.properties("WebService")["DesiredCount"] = 2
    standing.properties("WebLogGroup")["RetentionInDays"] = 3
    standing.properties("LogsEndpoint")["Tags"] = [{"Key": "why", "Value": "lines"}]
    standing.properties("WebExecutionRole")["Policies"][0]["PolicyName"] = "other"
    standing.properties("AlbGroup")["SecurityGroupIngress"] = [
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "192.0.2.0/24"}
    ]
    assert standing.update() == "UPDATE_COMPLETE"
    ids = standing.ids()
    assert ids == before
    connect = standing.account.connect
    [group] = connect("elbv2").describe_target_groups(TargetGroupArns=[ids["WebTargetGroup"]])["TargetGroups"]
    assert group["HealthCheckPath"] == "/alive"
    assert standing.service()["desiredCount"] == standing.service()["runningCount"] == 2
    [logs] = connect("logs").describe_log_groups(logGroupNamePrefix=ids["WebLogGroup"])["logGroups"]
    assert logs["retentionInDays"] == 3
    [endpoint] = connect("ec2").describe_vpc_endpoints(VpcEndpointIds=[ids["LogsEndpoint"]])["VpcEndpoints"]
    tags = {tag["Key"]: tag["Value"] for tag in endpoint["Tags"]}
    assert tags["why"] == "lines"
    assert "Name" not in tags
    assert tags["aws:cloudformation:logical-id"] == "LogsEndpoint"
    names = connect("iam").list_role_policies(RoleName=ids["WebExecutionRole"])["PolicyNames"]
    assert names == ["other"]
    here = [{"Name": "group-id", "Values": [ids["AlbGroup"]]}]
    rules = connect("ec2").describe_security_group_rules(Filters=here)["SecurityGroupRules"]
    assert sorted(rule.get("CidrIpv4", "") for rule in rules if not rule["IsEgress"]) == ["0.0.0.0/0", "192.0.2.0/24"]


def test_what_is_new_is_made_and_what_is_gone_deleted(standing: Standing) -> None:
    del standing.template["Resources"]["PublicRoute"]
    standing.template["Resources"]["Extra"] = {"Type": "AWS::Logs::LogGroup", "DeletionPolicy": "Retain"}
    standing.template["Outputs"]["Extra"] = {"Value": {"Ref": "Extra"}}
    made = standing.propose()
    assert changed(made) == {"Extra": ("Add", None), "PublicRoute": ("Remove", None)}
    standing.cloudformation.delete_change_set(ChangeSetName=made["ChangeSetId"])
    assert standing.update() == "UPDATE_COMPLETE"
    outputs = standing.cloudformation.describe_stacks(StackName=standing.name)["Stacks"][0]["Outputs"]
    assert {one["OutputKey"]: one["OutputValue"] for one in outputs}["Extra"] == standing.ids()["Extra"]
    tables = standing.account.connect("ec2").describe_route_tables(RouteTableIds=[standing.ids()["PublicRouteTable"]])
    assert [route["GatewayId"] for route in tables["RouteTables"][0]["Routes"]] == ["local"]
    del standing.template["Resources"]["Extra"], standing.template["Outputs"]["Extra"]
    assert standing.update() == "UPDATE_COMPLETE"
    assert ("Extra", "DELETE_SKIPPED") in standing.events()


def test_what_must_be_replaced_is_with_all_that_leans_on_it(standing: Standing) -> None:
    before = standing.ids()
    standing.properties("WebTargetGroup")["Port"] = 9090
    assert standing.update() == "UPDATE_COMPLETE"
    after = standing.ids()
    assert {name for name in after if after[name] != before[name]} == {"WebTargetGroup"}
    assert standing.service()["loadBalancers"][0]["targetGroupArn"] == after["WebTargetGroup"]
    groups = standing.account.connect("elbv2").describe_target_groups()["TargetGroups"]
    assert before["WebTargetGroup"] not in [group["TargetGroupArn"] for group in groups]


def test_a_failed_update_goes_back(standing: Standing) -> None:
    before, ec2 = standing.ids(), standing.account.connect("ec2")
    whole = copy.deepcopy(standing.template)
    standing.properties("WebTaskDefinition")["Family"] = "broken-later"
    standing.properties("WebTargetGroup")["HealthCheckPath"] = "/alive"
    # Deleted before it is made anew (replacementStrategy delete_then_create).
    standing.properties("PrivateSubnet1RouteTableAssociation")["RouteTableId"] = {"Ref": "PrivateRouteTable2"}
    standing.template["Resources"]["Extra"] = {"Type": "AWS::Logs::LogGroup"}
    standing.template["Resources"]["WebService"]["DependsOn"].append("Extra")
    assert standing.update("second") == "UPDATE_ROLLBACK_COMPLETE"
    stack = standing.cloudformation.describe_stacks(StackName=standing.name)["Stacks"][0]
    assert DIGEST["first"] in [one["ParameterValue"] for one in stack["Parameters"]]
    after = standing.ids()
    assert after.pop("Extra") not in before.values()
    assert {name for name in before if after[name] != before[name]} == {"PrivateSubnet1RouteTableAssociation"}
    assert standing.service()["taskDefinition"] == before["WebTaskDefinition"]
    [group] = standing.account.connect("elbv2").describe_target_groups(TargetGroupArns=[before["WebTargetGroup"]])[
        "TargetGroups"
    ]
    assert group["HealthCheckPath"] == "/healthz"
    [table] = ec2.describe_route_tables(RouteTableIds=[before["PrivateRouteTable1"]])["RouteTables"]
    assert before["PrivateSubnet1"] in [one.get("SubnetId") for one in table["Associations"]]
    told = standing.events()
    assert ("WebService", "UPDATE_FAILED") in told
    assert ("Extra", "DELETE_COMPLETE") in told
    own = [status for name, status in told if name == standing.name]
    assert own[-3:] == [
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    standing.template = whole
    assert standing.update("second") == "UPDATE_COMPLETE"


def test_what_the_lab_cannot_change_is_said_before_anything_is_done(standing: Standing) -> None:
    standing.properties("Alb")["IpAddressType"] = "dualstack"
    made = standing.propose()
    assert made["Status"] == "FAILED"
    assert made["StatusReason"] == (
        "the lab cannot change IpAddressType of Alb (AWS::ElasticLoadBalancingV2::LoadBalancer) where it stands, as "
        "AWS would: natless destroy --to lab, then deploy again"
    )


def test_nothing_to_change(standing: Standing, refusal: Any) -> None:
    made = standing.propose()
    assert made["StatusReason"].startswith("The submitted information didn't contain changes.")
    standing.template["Resources"]["WebService"]["DependsOn"].remove("LogsEndpoint")
    assert standing.propose()["Status"] == "FAILED"
    given = [{"ParameterKey": key, "UsePreviousValue": True} for key in standing.given("first")]
    said = refusal(
        standing.cloudformation.update_stack,
        StackName=standing.name,
        UsePreviousTemplate=True,
        Parameters=given,
        Capabilities=["CAPABILITY_IAM"],
    )
    assert said == ("ValidationError", "No updates are to be performed.")


def test_everything_that_takes_tags_names_its_stack_and_place(account: Any) -> None:
    template = {
        "Resources": {
            "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
            "Group": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {"GroupDescription": "g", "VpcId": {"Ref": "Vpc"}},
            },
            "Targets": {
                "Type": "AWS::ElasticLoadBalancingV2::TargetGroup",
                "Properties": {"Port": 80, "Protocol": "HTTP", "TargetType": "ip", "VpcId": {"Ref": "Vpc"}},
            },
            "Cluster": {"Type": "AWS::ECS::Cluster"},
            "Logs": {"Type": "AWS::Logs::LogGroup"},
            "Repository": {"Type": "AWS::ECR::Repository"},
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
            },
        }
    }
    cloudformation = account.connect("cloudformation")
    made = cloudformation.create_stack(
        StackName="tagged",
        TemplateBody=json.dumps(template),
        Capabilities=["CAPABILITY_IAM"],
        Tags=[{"Key": "natless", "Value": "hello"}],
    )["StackId"]
    assert account.settled(made)["StackStatus"] == "CREATE_COMPLETE"
    found = cloudformation.describe_stack_resources(StackName="tagged")["StackResources"]
    for name, tags in read_tags(account, {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}):
        assert tags == {
            "natless": "hello",
            "aws:cloudformation:stack-name": "tagged",
            "aws:cloudformation:stack-id": made,
            "aws:cloudformation:logical-id": name,
        }, name
    changed = [{"Key": "stage", "Value": "prod"}]
    given = {"StackName": "tagged", "UsePreviousTemplate": True, "Capabilities": ["CAPABILITY_IAM"]}
    cloudformation.update_stack(**given, Tags=changed)
    assert account.settled(made)["StackStatus"] == "UPDATE_COMPLETE"
    for name, tags in read_tags(account, {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}):
        own = {key: value for key, value in tags.items() if not key.startswith("aws:")}
        assert own == {"stage": "prod"}, name
    assert account.delete(made)["StackStatus"] == "DELETE_COMPLETE"


def read_tags(account: Any, ids: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Read the tags of each resource back by the service's own calls."""
    connect = account.connect
    ec2, elb, iam = connect("ec2"), connect("elbv2"), connect("iam")
    repository = connect("ecr").describe_repositories(repositoryNames=[ids["Repository"]])["repositories"][0]
    group = connect("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"][0]
    cluster = connect("ecs").describe_clusters(clusters=[ids["Cluster"]], include=["TAGS"])["clusters"][0]
    lists = {
        "Vpc": ec2.describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"][0]["Tags"],
        "Group": ec2.describe_security_groups(GroupIds=[ids["Group"]])["SecurityGroups"][0]["Tags"],
        "Targets": elb.describe_tags(ResourceArns=[ids["Targets"]])["TagDescriptions"][0]["Tags"],
        "Cluster": cluster["tags"],
        "Repository": connect("ecr").list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"],
        "Role": iam.list_role_tags(RoleName=ids["Role"])["Tags"],
    }
    for name, tags in lists.items():
        yield name, {tag.get("Key") or tag["key"]: tag.get("Value") or tag["value"] for tag in tags}
    arn = group["arn"].removesuffix(":*")
    yield "Logs", connect("logs").list_tags_for_resource(resourceArn=arn)["tags"]
