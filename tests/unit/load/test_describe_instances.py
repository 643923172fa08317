"""What hosts tasks, from describe JSON by hand in the shapes of the AWS API references' examples."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from natless.cloud import Cloud, InstanceGroup, Volume
from natless.finding import Gap
from natless.load import describe

ARN = "arn:aws:ecs:eu-west-1:123456789012"
PROFILE = {"InstanceProfileName": "host", "Arn": "arn:aws:iam::123456789012:instance-profile/host", "Roles": [
    {"RoleName": "host", "Arn": "arn:aws:iam::123456789012:role/host"}
]}  # fmt: skip
SERVICE = {"serviceArn": f"{ARN}:service/c/web", "taskDefinition": "web:1", "launchType": "EC2", "status": "ACTIVE",
           "clusterArn": f"{ARN}:cluster/c"}  # fmt: skip


def data(text: str, **more: Any) -> dict[str, Any]:
    encoded = base64.b64encode(text.encode()).decode()
    return {"UserData": encoded, "SecurityGroupIds": ["sg-1"], "IamInstanceProfile": {"Name": "host"}, **more}


def version(number: int, launch: dict[str, Any], *, default: bool = False) -> dict[str, Any]:
    about = {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "hosts", "VersionNumber": number}
    return {**about, "DefaultVersion": default, "LaunchTemplateData": launch}


def group(**more: Any) -> dict[str, Any]:
    named = {"LaunchTemplate": {"LaunchTemplateId": "lt-1", "Version": "2"}}
    return {"AutoScalingGroupName": "hosts", "VPCZoneIdentifier": "subnet-a,subnet-b", **named, **more}


MACHINE = {
    "InstanceId": "i-1",
    "SubnetId": "subnet-a",
    "SecurityGroups": [{"GroupId": "sg-1", "GroupName": "hosts"}],
    "IamInstanceProfile": {"Arn": PROFILE["Arn"], "Id": "AIPA"},
    "UserData": {},
}
REGISTERED = {"containerInstanceArn": f"{ARN}:container-instance/c/0", "ec2InstanceId": "i-1", "status": "ACTIVE"}


def read(**sections: Any) -> Cloud:
    return describe({"Services": [SERVICE], "InstanceProfiles": [PROFILE], **sections}, "here")


def hosts(**sections: Any) -> InstanceGroup:
    (found,) = read(**sections).instance_groups.values()
    return found


def test_a_group_is_read_by_the_version_that_it_names() -> None:
    versions = [
        version(1, data("ECS_CLUSTER=old")),
        version(2, data("ECS_CLUSTER=c")),
        version(3, data(""), default=True),
    ]
    found = hosts(AutoScalingGroups=[group()], LaunchTemplateVersions=versions)
    assert (found.id, found.auto_scaling_group, found.subnets) == ("hosts", "hosts", ("subnet-a", "subnet-b"))
    assert (found.groups, found.cluster) == (("sg-1",), "c")
    assert found.role == "arn:aws:iam::123456789012:role/host"
    assert (found.public_ip, found.proxy) == (None, None)


def test_what_a_group_is_billed_for() -> None:
    mapped = [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "gp3", "VolumeSize": 30}}]
    launch = data("ECS_CLUSTER=c", InstanceType="t3.small", BlockDeviceMappings=mapped)
    versions = [version(2, launch)]
    found = hosts(
        AutoScalingGroups=[group(MinSize=1, MaxSize=4, DesiredCapacity=2)],
        LaunchTemplateVersions=versions,
    )
    assert (found.type, found.least, found.most) == ("t3.small", 2, 4)
    assert found.volumes == (Volume("gp3", 30),)
    mixed = {
        "MixedInstancesPolicy": {
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-1", "Version": "2"},
                "Overrides": [{"InstanceType": "t3.small"}, {"InstanceType": "t3a.small"}],
            }
        }
    }
    several = hosts(AutoScalingGroups=[group(MaxSize=4, **mixed)], LaunchTemplateVersions=versions)
    assert isinstance(several.type, Gap)
    assert isinstance(several.least, Gap)
    alone = hosts(ContainerInstances=[REGISTERED], Instances=[{**MACHINE, "InstanceType": "m5.large"}])
    assert (alone.type, alone.least, alone.most, alone.volumes) == ("m5.large", 1, 1, ())


@pytest.mark.parametrize(("written", "cluster"), [("$Latest", "three"), ("$Default", "one"), ("2", "two")])
def test_versions(written: str, cluster: str) -> None:
    versions = [
        version(number, data(f"ECS_CLUSTER={name}"), default=number == 1)
        for number, name in enumerate(("one", "two", "three"), 1)
    ]
    named = {"LaunchTemplate": {"LaunchTemplateName": "hosts", "Version": written}}
    assert hosts(AutoScalingGroups=[group(**named)], LaunchTemplateVersions=versions).cluster == cluster


def test_the_first_interface_says_groups_and_public_address() -> None:
    first = {"DeviceIndex": 0, "Groups": ["sg-9"], "AssociatePublicIpAddress": True}
    launch = data("ECS_CLUSTER=c", NetworkInterfaces=[{"DeviceIndex": 1, "Groups": ["sg-8"]}, first])
    found = hosts(AutoScalingGroups=[group()], LaunchTemplateVersions=[version(2, launch)])
    assert (found.groups, found.public_ip) == (("sg-9",), True)


def test_a_launch_configuration() -> None:
    launch = data("ECS_CLUSTER=c")
    configuration = {"LaunchConfigurationName": "lc", "SecurityGroups": ["sg-1"], "IamInstanceProfile": PROFILE["Arn"]}
    named = {"LaunchTemplate": {}, "LaunchConfigurationName": "lc"}
    configurations = [{**configuration, "UserData": launch["UserData"]}]
    found = hosts(AutoScalingGroups=[group(**named)], LaunchConfigurations=configurations)
    assert (found.groups, found.cluster, found.role) == (("sg-1",), "c", "arn:aws:iam::123456789012:role/host")


def test_what_stands_is_read_from_the_instance_and_its_registration() -> None:
    for listed in ({"Instances": [MACHINE]}, {"Reservations": [{"ReservationId": "r-1", "Instances": [MACHINE]}]}):
        found = hosts(ContainerInstances=[REGISTERED], **listed)
        assert (found.id, found.auto_scaling_group, found.cluster) == ("i-1", "", "c")
        assert (found.subnets, found.groups, found.public_ip) == (("subnet-a",), ("sg-1",), False)


def test_an_instance_like_those_of_its_group_is_one_of_them_and_another_is_not() -> None:
    sections: dict[str, Any] = {
        "AutoScalingGroups": [group(Instances=[{"InstanceId": "i-1"}])],
        "LaunchTemplateVersions": [version(2, data("ECS_CLUSTER=c"))],
        "ContainerInstances": [REGISTERED],
    }
    assert set(read(**sections, Instances=[MACHINE]).instance_groups) == {"hosts"}
    older = {**MACHINE, "SecurityGroups": [{"GroupId": "sg-old"}]}
    found = read(**sections, Instances=[older]).instance_groups
    assert set(found) == {"hosts", "i-1"}
    assert (found["i-1"].groups, found["i-1"].auto_scaling_group) == (("sg-old",), "hosts")


def test_what_is_not_there_is_a_gap() -> None:
    found = hosts(AutoScalingGroups=[group()], LaunchTemplateVersions=[])
    assert all(isinstance(part, Gap) for part in (*found.groups, found.cluster, found.role, found.proxy))
    bare = {key: value for key, value in MACHINE.items() if key != "UserData"}
    assert isinstance(hosts(ContainerInstances=[REGISTERED], Instances=[bare]).proxy, Gap)
    proxied = version(2, data("ECS_CLUSTER=c\nexport HTTPS_PROXY=http://10.0.0.131:3128"))
    assert isinstance(hosts(AutoScalingGroups=[group()], LaunchTemplateVersions=[proxied]).proxy, Gap)
    old = {**REGISTERED, "containerInstanceArn": f"{ARN}:container-instance/0"}
    assert isinstance(hosts(ContainerInstances=[old], Instances=[MACHINE]).cluster, Gap)


HOSTING = {"AutoScalingGroups", "CapacityProviders", "ContainerInstances", "InstanceProfiles", "Instances"}


def test_the_sections_are_missed_only_where_something_runs_on_instances() -> None:
    def missed(service: dict[str, Any]) -> set[str]:
        return {gap.what for gap in describe({"Services": [service]}, "here").gaps} & HOSTING

    assert missed(SERVICE) == HOSTING
    assert missed({**SERVICE, "launchType": "FARGATE"}) == set()


def test_capacity_providers() -> None:
    arn = "arn:aws:autoscaling:eu-west-1:1:autoScalingGroup:u:autoScalingGroupName/hosts"
    found = read(
        CapacityProviders=[
            {"name": "FARGATE"},
            {"name": "mine", "autoScalingGroupProvider": {"autoScalingGroupArn": arn}},
            {"name": "managed", "managedInstancesProvider": {}},
        ]
    ).capacity_providers
    assert set(found) == {"mine", "managed"}
    assert found["mine"].auto_scaling_group == "hosts"
    assert isinstance(found["managed"].auto_scaling_group, Gap)
