"""Balancers, targets, services and keys. Texts: the threads named in catalog/refusals.py and AWS's API references."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REGION = "ap-northeast-2"


class Site:
    """A VPC with two public subnets and a group."""

    def __init__(self, account: Any, *, attached: bool = True) -> None:
        self.ec2, self.elb, self.ecs = (account.connect(name) for name in ("ec2", "elbv2", "ecs"))
        self.vpc = self.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.9.{at}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for at, zone in enumerate("ab")
        ]
        self.group = self.ec2.create_security_group(GroupName="g", Description="g", VpcId=self.vpc)["GroupId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        if attached:
            self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)

    def balancer(self, name: str, **asked: Any) -> dict[str, Any]:
        made = self.elb.create_load_balancer(Name=name, Subnets=self.subnets, SecurityGroups=[self.group], **asked)
        found: dict[str, Any] = made["LoadBalancers"][0]
        return found

    def target_group(self, name: str) -> str:
        made = self.elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=self.vpc, TargetType="ip")
        return str(made["TargetGroups"][0]["TargetGroupArn"])

    def listen(self, balancer: dict[str, Any], target_group: str) -> str:
        action = {"Type": "forward", "TargetGroupArn": target_group}
        made = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Port=80, Protocol="HTTP", DefaultActions=[action]
        )
        return str(made["Listeners"][0]["ListenerArn"])

    def interfaces(self) -> list[dict[str, Any]]:
        here = [{"Name": "vpc-id", "Values": [self.vpc]}]
        found: list[dict[str, Any]] = self.ec2.describe_network_interfaces(Filters=here)["NetworkInterfaces"]
        return found


def test_a_public_balancer_needs_the_gateway(account: Any, refusal: Any) -> None:
    site = Site(account, attached=False)
    asked = {"Name": "nogateway", "Subnets": site.subnets, "SecurityGroups": [site.group]}
    said = refusal(site.elb.create_load_balancer, **asked)
    assert said == ("InvalidSubnet", f"VPC {site.vpc} has no internet gateway")
    assert site.balancer("inside", Scheme="internal")["Scheme"] == "internal"


def test_a_balancer_has_an_interface_a_subnet_and_frees_them(account: Any, refusal: Any) -> None:
    site = Site(account)
    made = site.balancer("stands")
    name = made["LoadBalancerArn"].split(":loadbalancer/")[1]
    interfaces = site.interfaces()
    assert [one["SubnetId"] for one in interfaces] == site.subnets
    for one in interfaces:
        assert one["Description"] == f"ELB {name}"
        assert one["RequesterId"] == "amazon-elb"
        assert one["Association"]["IpOwnerId"] == "amazon-elb"
    public = {one["Association"]["PublicIp"] for one in interfaces}
    assert len(public) == 2
    said = refusal(site.ec2.detach_internet_gateway, InternetGatewayId=site.gateway, VpcId=site.vpc)
    assert said[0] == "DependencyViolation"
    assert "mapped public address(es)" in said[1]
    site.elb.delete_load_balancer(LoadBalancerArn=made["LoadBalancerArn"])
    assert site.interfaces() == []
    site.ec2.detach_internet_gateway(InternetGatewayId=site.gateway, VpcId=site.vpc)


def test_a_balancer_wants_two_zones(account: Any, refusal: Any) -> None:
    site = Site(account)
    said = refusal(site.elb.create_load_balancer, Name="onezone", Subnets=site.subnets[:1])
    assert said == ("ValidationError", "At least two subnets in two different Availability Zones must be specified")


@pytest.mark.parametrize(("interval", "timeout"), [(5, None), (5, 5), (10, 20)])
def test_the_interval_must_exceed_the_timeout(account: Any, refusal: Any, interval: int, timeout: int | None) -> None:
    site = Site(account)
    asked: dict[str, Any] = {"Name": "t", "Protocol": "HTTP", "Port": 80, "VpcId": site.vpc, "TargetType": "ip"}
    asked["HealthCheckIntervalSeconds"] = interval
    if timeout:
        asked["HealthCheckTimeoutSeconds"] = timeout
    said = refusal(site.elb.create_target_group, **asked)
    assert said == ("ValidationError", "Health check interval must be greater than the timeout.")


def test_a_route_to_a_gateway_before_its_attachment(account: Any, refusal: Any) -> None:
    site = Site(account, attached=False)
    table = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    asked = {"RouteTableId": table, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": site.gateway}
    code, text = refusal(site.ec2.create_route, **asked)
    assert code == "InvalidParameterValue"
    assert text == f"route table {table} and network gateway {site.gateway} belong to different networks"
    code, _ = refusal(site.ec2.create_route, **(asked | {"GatewayId": "igw-0123456789abcdef0"}))
    assert code == "InvalidGatewayID.NotFound"


def test_targets_are_initial_and_unused_without_a_listener(account: Any) -> None:
    site = Site(account)
    group = site.target_group("health")
    site.elb.register_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.0.9", "Port": 8080}])

    def state() -> tuple[str, str]:
        found = site.elb.describe_target_health(TargetGroupArn=group)["TargetHealthDescriptions"]
        assert [one["Target"] for one in found] == [{"Id": "10.9.0.9", "Port": 8080}]
        return found[0]["TargetHealth"]["State"], found[0]["TargetHealth"]["Reason"]

    assert state() == ("unused", "Target.NotInUse")
    site.listen(site.balancer("health"), group)
    assert state() == ("initial", "Elb.RegistrationInProgress")
    site.elb.deregister_targets(TargetGroupArn=group, Targets=[{"Id": "10.9.0.9", "Port": 8080}])
    assert state() == ("draining", "Target.DeregistrationInProgress")


def definition(account: Any, family: str, **other: Any) -> str:
    asked: dict[str, Any] = {
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "cpu": "256",
        "memory": "512",
        "containerDefinitions": [{"name": "web", "image": "example/web", "portMappings": [{"containerPort": 8080}]}],
    }
    made = account.connect("ecs").register_task_definition(**(asked | other))
    return str(made["taskDefinition"]["taskDefinitionArn"])


WAITING = {"name": "main", "image": "i", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]}
BACK = [{"containerName": "main", "condition": "START"}]


def service(site: Site, family: str, group: str) -> dict[str, Any]:
    return {
        "cluster": family,
        "serviceName": "web",
        "taskDefinition": family,
        "desiredCount": 1,
        "capacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        "networkConfiguration": {
            "awsvpcConfiguration": {
                "subnets": site.subnets,
                "securityGroups": [site.group],
                "assignPublicIp": "DISABLED",
            }
        },
        "loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
        "deploymentConfiguration": {
            "deploymentCircuitBreaker": {"enable": True, "rollback": True},
            "maximumPercent": 150,
            "minimumHealthyPercent": 50,
        },
        "healthCheckGracePeriodSeconds": 60,
        "enableECSManagedTags": True,
        "propagateTags": "SERVICE",
    }


def test_a_service_needs_a_balancer_and_says_all_that_it_was_given(account: Any, refusal: Any) -> None:
    site = Site(account)
    group = site.target_group("service")
    definition(account, "reads")
    site.ecs.create_cluster(clusterName="reads")
    asked = service(site, "reads", group)
    code, text = refusal(site.ecs.create_service, **asked)
    assert code == "InvalidParameterException"
    assert text == f"The target group with targetGroupArn {group} does not have an associated load balancer."
    site.listen(site.balancer("service"), group)
    # The text: aws/aws-cli #6242.
    assert refusal(site.ecs.create_service, **asked, enableExecuteCommand=True)[1] == (
        "The service couldn't be created because a valid taskRoleArn is not being used. Specify a valid task role in"
        " your task definition and try again."
    )
    site.ecs.create_service(**asked)
    said = site.ecs.describe_services(cluster="reads", services=["web"])["services"][0]
    same = set(asked) - {"cluster", "taskDefinition"}
    assert {name: said[name] for name in same} == {name: asked[name] for name in same}
    assert said["taskDefinition"].endswith(":task-definition/reads:1")
    assert said["platformVersion"] == "1.4.0"
    assert "launchType" not in said
    assert refusal(site.ecs.create_service, **asked)[1] == "Creation of service was not idempotent."
    assert refusal(site.ecs.delete_cluster, cluster="reads")[0] == "ClusterContainsServicesException"


@pytest.mark.parametrize(
    ("other", "text"),
    [
        ({"memory": "300"}, "No Fargate configuration exists for given values: 256 CPU, 300 memory."),
        (
            {"containerDefinitions": [{"name": "w", "image": "123456789012.dkr.ecr.x.amazonaws.com/w"}]},
            "Fargate requires task definition to have execution role ARN to support ECR images.",
        ),
        (
            {"containerDefinitions": [{"name": "w", "image": "w", "logConfiguration": {"logDriver": "awslogs"}}]},
            "Fargate requires task definition to have execution role ARN to support log driver awslogs.",
        ),
        (
            {"containerDefinitions": [WAITING, {"name": "init", "image": "i"}]},
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container",
        ),
        (
            {"containerDefinitions": [WAITING]},
            "Cannot depend on container + 'init' because it does not exist",
        ),
        (
            {"containerDefinitions": [WAITING, {**WAITING, "name": "init", "essential": False, "dependsOn": BACK}]},
            "The dependsOn of init, main goes in a circle.",
        ),
    ],
)
def test_what_fargate_refuses(account: Any, refusal: Any, other: dict[str, Any], text: str) -> None:
    code, said = refusal(lambda: definition(account, "refused", **other))
    assert code == "ClientException"
    assert said.startswith(text)


def test_another_key_is_refused_in_each_protocol(account: Any, refusal: Any) -> None:
    calls = {
        "ec2": ("describe_vpcs", "AuthFailure"),
        "ecs": ("list_clusters", "UnrecognizedClientException"),
        "elbv2": ("describe_load_balancers", "InvalidClientTokenId"),
        "cloudformation": ("describe_stacks", "InvalidClientTokenId"),
    }
    for name, (call, code) in calls.items():
        assert refusal(getattr(account.connect(name, "AKIASOMEBODYELSE0000"), call))[0] == code


def test_a_call_that_the_lab_lacks_is_refused_plainly(account: Any, refusal: Any) -> None:
    code, text = refusal(account.connect("ecs").describe_service_revisions, serviceRevisionArns=["x"])
    assert code == "UnknownOperationException"
    assert "does not serve ecs:DescribeServiceRevisions" in text


def test_the_generation_grows_with_changes_only(account: Any) -> None:
    ec2 = account.connect("ec2")
    before = account.generation()
    ec2.describe_vpcs()
    same = account.generation()
    ec2.create_internet_gateway()
    assert account.generation() > same >= before


def test_a_route_is_a_black_hole_while_its_gateway_is_away(account: Any, refusal: Any) -> None:
    site = Site(account)
    table = site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"]
    site.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=site.gateway)

    def state() -> str:
        routes = site.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"][0]["Routes"]
        return next(str(route["State"]) for route in routes if route["DestinationCidrBlock"] == "0.0.0.0/0")

    assert state() == "active"
    assert refusal(site.ec2.delete_internet_gateway, InternetGatewayId=site.gateway)[0] == "DependencyViolation"
    site.ec2.detach_internet_gateway(InternetGatewayId=site.gateway, VpcId=site.vpc)
    assert state() == "blackhole"
    site.ec2.attach_internet_gateway(InternetGatewayId=site.gateway, VpcId=site.vpc)
    assert state() == "active"


def test_a_subnet_has_one_route_table(account: Any, refusal: Any) -> None:
    site = Site(account)
    first, second = (site.ec2.create_route_table(VpcId=site.vpc)["RouteTable"]["RouteTableId"] for _ in "ab")
    site.ec2.associate_route_table(RouteTableId=first, SubnetId=site.subnets[0])
    code, text = refusal(site.ec2.associate_route_table, RouteTableId=second, SubnetId=site.subnets[0])
    assert code == "Resource.AlreadyAssociated"
    assert text == f"the specified association for route table {second} conflicts with an existing association"


def test_a_nat_gateway_without_an_internet_gateway_fails_after_it_was_accepted(account: Any) -> None:
    site = Site(account, attached=False)
    address = site.ec2.allocate_address(Domain="vpc")["AllocationId"]
    made = site.ec2.create_nat_gateway(SubnetId=site.subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    found = site.ec2.describe_nat_gateways(NatGatewayIds=[made])["NatGateways"][0]
    assert found["State"] == "failed"
    assert found["FailureMessage"] == f"Network {site.vpc} has no Internet gateway attached"


def test_an_update_of_a_service_starts_a_deployment(account: Any) -> None:
    site = Site(account)
    group = site.target_group("update")
    site.listen(site.balancer("update"), group)
    definition(account, "updates")
    site.ecs.create_cluster(clusterName="updates")
    first = site.ecs.create_service(**service(site, "updates", group))["service"]["deployments"][0]["id"]
    second = definition(account, "updates", cpu="512", memory="1024")
    said = site.ecs.update_service(cluster="updates", service="web", taskDefinition="updates", desiredCount=2)[
        "service"
    ]
    assert said["taskDefinition"] == second
    assert [(one["status"], one["desiredCount"]) for one in said["deployments"]] == [("PRIMARY", 2), ("ACTIVE", 1)]
    assert said["deployments"][1]["id"] == first
    same = site.ecs.update_service(cluster="updates", service="web", desiredCount=1)["service"]["deployments"]
    assert same[0]["id"] == said["deployments"][0]["id"]
    forced = site.ecs.update_service(cluster="updates", service="web", forceNewDeployment=True)["service"][
        "deployments"
    ]
    assert forced[0]["id"] != same[0]["id"]
    gone = site.ecs.delete_service(cluster="updates", service="web", force=True)["service"]
    assert gone["status"] in {"DRAINING", "INACTIVE"}


def test_what_is_told_of_a_deployment_that_was_replaced_meanwhile_changes_no_newer_one() -> None:
    program = Path(__file__).with_name("replaced.py")
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    asked = [["2", "PRIMARY", "IN_PROGRESS"], ["1", "ACTIVE", "IN_PROGRESS"]]
    assert seen["asked"] == asked
    complete = [asked[0], ["1", "ACTIVE", "COMPLETED"]]
    assert seen["the old one is told to be complete"] == complete
    assert seen["the old one is told to have failed"] == complete
    back = seen["the new one is told to have failed"]
    assert back[0][:2] == ["1", "PRIMARY"]
