"""Snapshots of moto's account (in this process), and of clients that refuse."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2.utils import generate_instance_identity_document

from natless.account import SECTIONS, AccountError, Narrow, connect, snapshot
from natless.account.snapshot import HOSTING
from natless.finding import Gap
from natless.load import describe

REGION = "eu-west-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]}


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield connect(region=REGION)


def network(way: Callable[[str], Any]) -> dict[str, str]:
    ec2 = way("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{index}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for index, zone in enumerate("ab")
    ]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.logs", VpcEndpointType="Interface", SubnetIds=subnets
    )
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=vpc)["GroupId"]
    entries = [{"Cidr": "192.0.2.0/24"}]
    listed = ec2.create_managed_prefix_list(PrefixListName="ours", MaxEntries=5, AddressFamily="IPv4", Entries=entries)[
        "PrefixList"
    ]["PrefixListId"]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "PrefixListIds": [{"PrefixListId": listed}]}
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[permission])
    return {
        "vpc": vpc,
        "subnet": subnets[0],
        "other": subnets[1],
        "group": group,
        "list": listed,
        "endpoint": endpoint["VpcEndpoint"]["VpcEndpointId"],
    }


def balancer(way: Callable[[str], Any], ids: dict[str, str]) -> str:
    elbv2 = way("elbv2")
    arn = elbv2.create_load_balancer(Name="web", Subnets=[ids["subnet"], ids["other"]])["LoadBalancers"][0][
        "LoadBalancerArn"
    ]
    group: str = elbv2.create_target_group(Name="web", Protocol="HTTP", Port=80, VpcId=ids["vpc"], TargetType="ip")[
        "TargetGroups"
    ][0]["TargetGroupArn"]
    forward = [{"Type": "forward", "TargetGroupArn": group}]
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=forward)
    elbv2.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.0.0.9", "Port": 8080}])
    return group


def service(way: Callable[[str], Any], ids: dict[str, str], target_group: str) -> str:
    iam, ecs = way("iam"), way("ecs")
    role = iam.create_role(RoleName="exec", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    iam.put_role_policy(RoleName="exec", PolicyName="pull", PolicyDocument=json.dumps(ALLOW))
    policy = iam.create_policy(PolicyName="logs", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="exec", PolicyArn=policy)
    way("logs").create_log_group(logGroupName="hello")
    way("logs").create_log_group(logGroupName="hello-not-used")
    way("ecr").create_repository(repositoryName="hello/web")
    ecs.create_cluster(clusterName="hello")
    definition = ecs.register_task_definition(
        family="web",
        requiresCompatibilities=["FARGATE"],
        networkMode="awsvpc",
        cpu="256",
        memory="512",
        executionRoleArn=role,
        containerDefinitions=[
            {
                "name": "web",
                "image": "hello/web",
                "portMappings": [{"containerPort": 8080}],
                "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "hello"}},
            }
        ],
    )["taskDefinition"]["taskDefinitionArn"]
    made: str = ecs.create_service(
        cluster="hello",
        serviceName="web",
        taskDefinition=definition,
        desiredCount=0,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {"subnets": [ids["subnet"]], "securityGroups": [ids["group"]]}},
        loadBalancers=[{"targetGroupArn": target_group, "containerName": "web", "containerPort": 8080}],
    )["service"]["serviceArn"]
    return made


def test_a_whole_account_is_read_and_loads(way: Callable[[str], Any]) -> None:
    ids = network(way)
    arn = service(way, ids, balancer(way, ids))
    found = snapshot(way)
    # Nothing runs on instances here, so what hosts tasks is not asked for.
    assert set(found) == (SECTIONS - HOSTING) | {"Region", "Denied"}
    assert found["Denied"] == {}
    assert (found["Region"], found["Account"]) == (REGION, "123456789012")
    cloud = describe(found, f"aws:{REGION}")
    assert cloud.gaps == ()
    assert (cloud.vpcs[ids["vpc"]].dns_support, cloud.vpcs[ids["vpc"]].dns_hostnames) == (True, True)
    assert cloud.interface_endpoints[ids["endpoint"]].service == "logs"
    assert [str(cidr) for cidr in cidrs(cloud, ids["list"])] == ["192.0.2.0/24"]
    assert cloud.services[arn].task_definition == "web:1"
    assert cloud.task_definitions["web:1"].execution_role == "exec"
    assert len(cloud.roles["exec"].policies) == 2
    assert cloud.roles["exec"].managed == ()
    assert set(cloud.log_groups) == {"hello"}
    assert set(cloud.repositories) == {"hello/web"}
    assert [each["Target"]["Id"] for each in found["TargetHealth"]] == ["10.0.0.9"]
    assert len(cloud.listeners) == 1


def cidrs(cloud: Any, identifier: str) -> Any:
    return cloud.prefix_lists[identifier].cidrs


def test_only_the_wanted_sections_are_read(way: Callable[[str], Any]) -> None:
    network(way)
    found = snapshot(way, sections={"Vpcs", "Subnets"})
    assert set(found) == {"Vpcs", "Subnets", "Region", "Denied"}
    with pytest.raises(ValueError, match="no such sections of a snapshot: Subnet"):
        snapshot(way, sections={"Subnet"})


def test_narrowing_to_a_vpc_and_to_a_cluster(way: Callable[[str], Any]) -> None:
    ids = network(way)  # beside moto's default VPC
    service(way, ids, balancer(way, ids))
    for narrow in (Narrow(vpc=ids["vpc"]), Narrow(cluster="hello"), Narrow(cluster="hello", service="web")):
        found = snapshot(way, narrow=narrow)
        assert [vpc["VpcId"] for vpc in found["Vpcs"]] == [ids["vpc"]]
        assert {subnet["SubnetId"] for subnet in found["Subnets"]} == {ids["subnet"], ids["other"]}
        groups = {group["GroupId"] for group in found["SecurityGroups"]}
        assert {rule["GroupId"] for rule in found["SecurityGroupRules"]} <= groups
        assert len(found["Services"]) == 1
        assert len(found["LoadBalancers"]) == 1


def test_a_cluster_or_service_that_is_not_there_is_said(way: Callable[[str], Any]) -> None:
    with pytest.raises(AccountError, match="no ECS cluster named absent in eu-west-1"):
        snapshot(way, narrow=Narrow(cluster="absent"))
    way("ecs").create_cluster(clusterName="hello")
    with pytest.raises(AccountError, match="no ECS service named web in cluster hello"):
        snapshot(way, narrow=Narrow(cluster="hello", service="web"))


class Refusing:
    """A client that refuses some calls as AWS does, and passes the others on."""

    def __init__(self, client: Any, refused: set[str], code: str) -> None:
        self._client = client
        self._refused = refused
        self._code = code
        self.meta = client.meta

    def can_paginate(self, operation: str) -> bool:
        return operation not in self._refused and bool(self._client.can_paginate(operation))

    def __getattr__(self, operation: str) -> Any:
        if operation in self._refused:
            return self._refuse
        return getattr(self._client, operation)

    def _refuse(self, **arguments: object) -> None:
        raise ClientError({"Error": {"Code": self._code, "Message": f"not allowed on {len(arguments)}"}}, "Any")


class WithStrategy(Refusing):
    """A client that gives a service's capacity providers, which moto takes and forgets."""

    def describe_services(self, **arguments: object) -> Any:
        answer = self._client.describe_services(**arguments)
        for item in answer["services"]:
            if item["serviceName"] == "hosted":
                del item["launchType"]
                item["capacityProviderStrategy"] = [{"capacityProvider": "hosts", "weight": 1}]
        return answer


def refusing(way: Callable[[str], Any], *calls: str, code: str = "UnauthorizedOperation") -> Callable[[str], Any]:
    return lambda name: Refusing(way(name), set(calls), code)


def hosted(way: Callable[[str], Any], ids: dict[str, str]) -> str:
    """Put the service on an Auto Scaling group of one instance, which is registered."""
    ecs, ec2, iam, scaling = way("ecs"), way("ec2"), way("iam"), way("autoscaling")
    trust = json.dumps(TRUST).replace("ecs-tasks", "ec2")
    iam.create_role(RoleName="host", AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="host", PolicyName="ecs", PolicyDocument=json.dumps(ALLOW))
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    data = base64.b64encode(b"#!/bin/bash\necho ECS_CLUSTER=hello >> /etc/ecs/ecs.config").decode()
    made = ec2.create_launch_template(
        LaunchTemplateName="hosts",
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "t3.small",
            "SecurityGroupIds": [ids["group"]],
            "IamInstanceProfile": {"Name": "host"},
            "UserData": data,
        },
    )["LaunchTemplate"]["LaunchTemplateId"]
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="hosts",
        MinSize=1,
        MaxSize=1,
        LaunchTemplate={"LaunchTemplateId": made, "Version": "$Latest"},
        VPCZoneIdentifier=ids["subnet"],
    )
    group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    instance: str = group["Instances"][0]["InstanceId"]
    machine = boto3.resource("ec2", region_name=REGION).Instance(instance)
    document = json.dumps(generate_instance_identity_document(machine))
    ecs.register_container_instance(cluster="hello", instanceIdentityDocument=document)
    ecs.create_capacity_provider(
        name="hosts", autoScalingGroupProvider={"autoScalingGroupArn": group["AutoScalingGroupARN"]}
    )
    ecs.create_service(
        cluster="hello",
        serviceName="hosted",
        taskDefinition="web",
        desiredCount=0,
        capacityProviderStrategy=[{"capacityProvider": "hosts", "weight": 1}],
        networkConfiguration={"awsvpcConfiguration": {"subnets": [ids["subnet"]], "securityGroups": [ids["group"]]}},
    )
    return instance


def test_what_hosts_tasks_is_read_where_a_service_runs_on_instances(way: Callable[[str], Any]) -> None:
    ids = network(way)
    service(way, ids, balancer(way, ids))
    instance = hosted(way, ids)
    found = snapshot(lambda name: WithStrategy(way(name), set(), ""))
    assert set(found) == SECTIONS | {"Region", "Denied"}
    assert found["Denied"] == {}
    assert [each["InstanceId"] for each in found["Instances"]] == [instance]
    cloud = describe(found, f"aws:{REGION}")
    assert cloud.gaps == ()
    assert cloud.capacity_providers["hosts"].auto_scaling_group == "hosts"
    group = cloud.instance_groups["hosts"]
    assert (group.subnets, group.groups) == ((ids["subnet"],), (ids["group"],))
    assert (group.cluster, group.role, group.proxy) == ("hello", "host", None)
    assert "host" in cloud.roles
    on_instances = next(each for each in cloud.services.values() if each.launch == "ec2")
    assert on_instances.providers == ("hosts",)


def test_a_refusal_of_what_hosts_tasks_is_a_gap(way: Callable[[str], Any]) -> None:
    ids = network(way)
    service(way, ids, balancer(way, ids))
    hosted(way, ids)
    found = snapshot(refusing(way, "describe_auto_scaling_groups", "describe_instance_attribute"))
    assert set(found["Denied"]) == {"AutoScalingGroups", "Instances"}
    cloud = describe(found, "aws")
    assert {gap.what for gap in cloud.gaps} == {"AutoScalingGroups", "Instances"}
    # The instance stands; whether its agent goes through a proxy is what its user data would say.
    (standing,) = cloud.instance_groups.values()
    assert isinstance(standing.proxy, Gap)


@pytest.mark.parametrize(
    ("call", "keys"),
    [
        ("describe_vpc_endpoints", {"VpcEndpoints"}),
        ("describe_vpc_attribute", {"VpcAttributes"}),
        ("describe_load_balancers", {"LoadBalancers", "Listeners", "ListenerRules"}),
        ("list_clusters", {"Clusters", "Services", "Tasks", "StoppedTasks", "TaskDefinitions", "Roles", "LogGroups"}),
        ("describe_task_definition", {"TaskDefinitions", "Roles", "LogGroups"}),
        ("get_role", {"Roles"}),
        ("get_managed_prefix_list_entries", {"PrefixLists"}),
    ],
)
def test_what_is_denied_is_written_down_and_becomes_a_gap(way: Callable[[str], Any], call: str, keys: set[str]) -> None:
    ids = network(way)
    service(way, ids, balancer(way, ids))
    found = snapshot(refusing(way, call))
    assert set(found["Denied"]) == keys
    assert all("UnauthorizedOperation: not allowed" in text for text in found["Denied"].values())
    gaps = {gap.what for gap in describe(found, "aws").gaps}
    assert gaps == keys - {"VpcAttributes", "Clusters", "Tasks", "StoppedTasks"}


def test_a_role_whose_inline_policies_are_denied_has_a_gap(way: Callable[[str], Any]) -> None:
    ids = network(way)
    service(way, ids, balancer(way, ids))
    found = snapshot(refusing(way, "list_role_policies", code="AccessDenied"))
    assert "AccessDenied" in found["Denied"]["Roles"]
    assert "RolePolicyList" not in found["Roles"][0]


def test_expired_credentials_stop_the_snapshot(way: Callable[[str], Any]) -> None:
    with pytest.raises(AccountError, match="have expired"):
        snapshot(refusing(way, "describe_vpcs", code="ExpiredToken"))
