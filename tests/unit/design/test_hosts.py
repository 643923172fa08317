"""A service on EC2 instances, each element against what AWS's documentation asks for."""

from __future__ import annotations

from typing import Any

import pytest

from natless import design
from natless.spec.model import Count, Instances, Launch, Network, Service, Spec


def spec(network: Network | None = None, **changes: Any) -> Spec:
    instances = Instances("t3.small", **changes)
    service = Service("web", ".", None, 8080, public=True, launch=Launch(0, instances=instances), count=Count(2, 2))
    return Spec("t", "hello", "us-east-1", network or Network(), (service,), {})


def resources(network: Network | None = None, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = design.write(spec(network, **changes)).main["Resources"]
    return found


def test_seven_endpoints_where_fargate_has_four() -> None:
    # Amazon ECS Developer Guide, 'Amazon ECS interface VPC endpoints': EC2 needs ecs-agent, ecs-telemetry and ecs.
    found = resources()
    names = {each["Properties"]["ServiceName"]["Fn::Sub"].rpartition("${AWS::Region}.")[2]
             for each in found.values() if each["Type"] == "AWS::EC2::VPCEndpoint"}  # fmt: skip
    assert names == {"ecr.api", "ecr.dkr", "s3", "logs", "ecs", "ecs-agent", "ecs-telemetry"}


def test_instances_ask_for_metadata_with_a_token_and_containers_do_not_get_there() -> None:
    data = resources(network_mode="bridge")["WebHostTemplate"]["Properties"]["LaunchTemplateData"]
    options = data["MetadataOptions"]
    # Amazon EC2 User Guide, 'Use IMDSv2': a hop limit of 1 ends at the instance, 2 would reach over Docker's bridge.
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 1)
    own = resources()["WebHostTemplate"]["Properties"]["LaunchTemplateData"]
    # Amazon ECS container agent configuration: for awsvpc tasks the agent keeps the address from them.
    assert "ECS_AWSVPC_BLOCK_IMDS=true" in own["UserData"]["Fn::Base64"]["Fn::Sub"]


def test_nothing_at_boot_asks_the_internet_and_volumes_are_encrypted() -> None:
    data = resources()["WebHostTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["UserData"]["Fn::Base64"]["Fn::Sub"].splitlines() == [
        "#!/bin/bash",
        "cat >> /etc/ecs/ecs.config <<'CONFIG'",
        "ECS_CLUSTER=${Cluster}",
        "ECS_AWSVPC_BLOCK_IMDS=true",
        "CONFIG",
    ]
    assert all(each["Ebs"]["Encrypted"] is True for each in data["BlockDeviceMappings"])
    (interface,) = data["NetworkInterfaces"]
    assert interface["AssociatePublicIpAddress"] is False


def test_the_image_is_a_parameter_or_the_one_that_is_pinned() -> None:
    designed = design.write(spec())
    (found,) = [each for each in designed.parameters if isinstance(each.lookup, design.InstanceImage)]
    assert found.lookup == design.InstanceImage("/aws/service/ecs/optimized-ami/amazon-linux-2023/recommended/image_id")
    assert designed.main["Parameters"][found.name]["Type"] == "AWS::EC2::Image::Id"
    # No dynamic reference: CloudFormation would take the newest at each update.
    assert "resolve:ssm" not in design.text(designed.main)
    pinned = design.write(spec(ami="ami-0123456789abcdef0"))
    assert not [each for each in pinned.parameters if isinstance(each.lookup, design.InstanceImage)]
    data = pinned.main["Resources"]["WebHostTemplate"]["Properties"]["LaunchTemplateData"]
    assert data["ImageId"] == "ami-0123456789abcdef0"


@pytest.mark.parametrize(("type_", "variant"), [("t3.small", ""), ("t4g.small", "/arm64"), ("g4dn.xlarge", "/gpu")])
def test_another_kind_of_instance_has_another_parameter(type_: str, variant: str) -> None:
    instances = Launch(0, instances=Instances(type_))
    architecture = "arm64" if "arm" in variant else "x86_64"
    service = Service("web", ".", None, 80, public=True, architecture=architecture, launch=instances)  # type: ignore[arg-type]
    found = design.write(Spec("t", "hello", None, Network(), (service,), {})).parameters
    looked = {each.name: each.lookup.parameter for each in found if isinstance(each.lookup, design.InstanceImage)}
    name = f"WebHostImageId{variant[1:].title()}"
    assert looked == {name: f"/aws/service/ecs/optimized-ami/amazon-linux-2023{variant}/recommended/image_id"}


def test_the_instances_role_is_the_agents_part_on_this_cluster() -> None:
    # Of AmazonEC2ContainerServiceforEC2Role; images and logs are asked for by the task's execution role.
    (policy,) = resources()["WebHostRole"]["Properties"]["Policies"]
    allowed = {tuple(each["Action"]): each["Resource"] for each in policy["PolicyDocument"]["Statement"]}
    cluster = [{"Fn::GetAtt": ["Cluster", "Arn"]}]
    here = "arn:${AWS::Partition}:ecs:${AWS::Region}:${AWS::AccountId}"
    instance = [{"Fn::Sub": f"{here}:container-instance/${{Cluster}}/*"}]
    assert allowed == {
        ("ecs:DiscoverPollEndpoint",): "*",
        (
            "ecs:RegisterContainerInstance",
            "ecs:SubmitAttachmentStateChanges",
            "ecs:SubmitContainerStateChange",
            "ecs:SubmitTaskStateChange",
        ): cluster,
        ("ecs:Poll",): instance,
        ("ecs:StartTelemetrySession",): instance,
    }


def test_the_group_is_scaled_by_ecs_and_its_deletion_waits_for_nobody() -> None:
    found = resources(min=1, max=4)
    group, provider = (
        found["WebHosts"]["Properties"],
        found["WebHostProvider"]["Properties"]["AutoScalingGroupProvider"],
    )
    assert "DesiredCapacity" not in group
    assert (group["MinSize"], group["MaxSize"]) == ("1", "4")
    assert provider["ManagedScaling"]["Status"] == provider["ManagedDraining"] == "ENABLED"
    # aws-cdk #18179: protected instances keep the group, and with it the stack, from going.
    assert provider["ManagedTerminationProtection"] == "DISABLED"
    assert "NewInstancesProtectedFromScaleIn" not in group
    # UpdatePolicy attribute: MinInstancesInService must be below MaxSize.
    rolling = found["WebHosts"]["UpdatePolicy"]["AutoScalingRollingUpdate"]
    assert int(rolling["MinInstancesInService"]) < int(group["MaxSize"])


def test_the_instances_wait_for_what_they_register_over_and_the_service_for_them() -> None:
    found = resources()
    waits = set(found["WebHosts"]["DependsOn"])
    assert {"EcsEndpoint", "EcsAgentEndpoint", "EcsTelemetryEndpoint", "EcrApiEndpoint", "S3Endpoint"} <= waits
    assert {"WebHostGroupEgressEndpoints", "EndpointGroupIngressWeb", "WebHostGroupEgressS3"} <= waits
    assert "ClusterProviders" in found["WebService"]["DependsOn"]
    # The instances name the cluster, so the cluster cannot name their provider.
    assert "CapacityProviders" not in found["Cluster"]["Properties"]
    assert found["ClusterProviders"]["Properties"]["CapacityProviders"][-1] == {"Ref": "WebHostProvider"}


@pytest.mark.parametrize(
    ("mode", "target", "ports", "group"),
    [
        ("awsvpc", "ip", (8080, 8080), "WebTaskGroup"),
        # Amazon ECS API Reference, PortMapping.hostPort: the ephemeral range, 32768 to 65535.
        ("bridge", "instance", (32768, 65535), "WebHostGroup"),
        ("host", "instance", (8080, 8080), "WebHostGroup"),
    ],
)
def test_where_the_load_balancer_reaches_the_containers(
    mode: str, target: str, ports: tuple[int, int], group: str
) -> None:
    found = resources(network_mode=mode)
    assert found["WebTargetGroup"]["Properties"]["TargetType"] == target
    rule = found[f"{group}IngressAlb"]["Properties"]
    assert (rule["FromPort"], rule["ToPort"]) == ports
    assert rule["GroupId"]["Fn::GetAtt"][0] == group
    assert ("NetworkConfiguration" in found["WebService"]["Properties"]) == (mode == "awsvpc")
    assert found["WebTaskDefinition"]["Properties"]["NetworkMode"] == mode
    (mapping,) = found["WebTaskDefinition"]["Properties"]["ContainerDefinitions"][0]["PortMappings"]
    assert mapping.get("HostPort") == (0 if mode == "bridge" else None)


def test_tasks_of_their_own_interface_reach_nothing_by_it() -> None:
    # Images and logs are their instance's to fetch.
    rules = [each["Properties"] for each in resources().values() if each["Type"] == "AWS::EC2::SecurityGroupEgress"]
    assert not [rule for rule in rules if rule["GroupId"]["Fn::GetAtt"][0] == "WebTaskGroup"]


def test_a_gpu_is_asked_for_by_the_container() -> None:
    (container,) = resources(gpu=1)["WebTaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["ResourceRequirements"] == [{"Type": "GPU", "Value": "1"}]
