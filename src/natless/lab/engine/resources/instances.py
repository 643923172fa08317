"""What hosts tasks: Auto Scaling groups with their launch templates, instances, profiles and capacity providers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request, cased

NAME_LIMIT = 255
TEMPLATE_NAME_LIMIT = 128
PROFILE_NAME_LIMIT = 128


def _launch_template(request: Request) -> Made:
    ec2 = request.connect("ec2")
    name = request.get("LaunchTemplateName") or request.name(TEMPLATE_NAME_LIMIT)
    data = _cased(ec2, "CreateLaunchTemplate", "LaunchTemplateData", request.get("LaunchTemplateData"))
    marks = _cased(ec2, "CreateLaunchTemplate", "TagSpecifications", request.get("TagSpecifications") or [])
    given = {"LaunchTemplateName": name, "LaunchTemplateData": data, **({"TagSpecifications": marks} if marks else {})}
    made = ec2.create_launch_template(**given)["LaunchTemplate"]
    versions = {"DefaultVersionNumber": str(made["DefaultVersionNumber"])}
    versions["LatestVersionNumber"] = str(made["LatestVersionNumber"])
    return Made(made["LaunchTemplateId"], {"LaunchTemplateId": made["LaunchTemplateId"], **versions})


def _cased(client: Any, call: str, member: str, value: Any) -> Any:
    return cased(client.meta.service_model.operation_model(call).input_shape.members[member], value or {})


def _change_template(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    """Change the template's own tags; its data makes another version, which is not served."""
    ec2 = request.connect("ec2")
    now = [tag for part in request.get("TagSpecifications") or [] for tag in part.get("Tags") or []]
    gone = {tag["Key"] for part in before.get("TagSpecifications") or [] for tag in part.get("Tags") or []}
    gone -= {tag["Key"] for tag in now}
    if now:
        ec2.create_tags(Resources=[physical_id], Tags=now)
    if gone:
        ec2.delete_tags(Resources=[physical_id], Tags=[{"Key": key} for key in sorted(gone)])


def _drop_template(request: Request, physical_id: str) -> None:
    request.connect("ec2").delete_launch_template(LaunchTemplateId=physical_id)


CONFIGURATION = (
    "AssociatePublicIpAddress",
    "IamInstanceProfile",
    "ImageId",
    "InstanceType",
    "KeyName",
    "SecurityGroups",
    "UserData",
)


def _launch_configuration(request: Request) -> Made:
    name = request.get("LaunchConfigurationName") or request.name(NAME_LIMIT)
    asked = request.given(*CONFIGURATION)
    request.connect("autoscaling").create_launch_configuration(LaunchConfigurationName=name, **asked)
    return Made(name)


def _drop_configuration(request: Request, physical_id: str) -> None:
    request.connect("autoscaling").delete_launch_configuration(LaunchConfigurationName=physical_id)


GROUP = ("LaunchConfigurationName", "LaunchTemplate", "MixedInstancesPolicy", "NewInstancesProtectedFromScaleIn")


def _group(request: Request) -> Made:
    autoscaling = request.connect("autoscaling")
    name = request.get("AutoScalingGroupName") or request.name(NAME_LIMIT)
    asked = request.given(*GROUP)
    sizes = {key: int(request.get(key)) for key in ("MinSize", "MaxSize", "DesiredCapacity") if request.get(key)}
    if asked.get("LaunchTemplate"):
        asked["LaunchTemplate"] = {key: str(value) for key, value in asked["LaunchTemplate"].items()}
    subnets = ",".join(request.get("VPCZoneIdentifier") or [])
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        VPCZoneIdentifier=subnets,
        Tags=_group_tags(request.get("Tags"), name),
        **{"MinSize": 0, "MaxSize": 0, **sizes},
        **asked,
    )
    found = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"][0]
    return Made(name, {"AutoScalingGroupARN": found["AutoScalingGroupARN"]})


def _change_group(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    sizes = {key: int(request.get(key)) for key in ("MinSize", "MaxSize", "DesiredCapacity") if request.get(key)}
    autoscaling = request.connect("autoscaling")
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=physical_id, **sizes)
    tags, gone = _group_tags(request.get("Tags"), physical_id), _group_tags(before.get("Tags"), physical_id)
    kept = {tag["Key"] for tag in tags}
    gone = [tag for tag in gone if tag["Key"] not in kept]
    if tags:
        autoscaling.create_or_update_tags(Tags=tags)
    if gone:
        autoscaling.delete_tags(Tags=gone)


def _group_tags(tags: Any, group: str) -> list[dict[str, Any]]:
    """Give tags as Auto Scaling takes them: each says whose it is."""
    return [{**tag, "ResourceId": group, "ResourceType": "auto-scaling-group"} for tag in tags or []]


def _drop_group(request: Request, physical_id: str) -> None:
    request.connect("autoscaling").delete_auto_scaling_group(AutoScalingGroupName=physical_id, ForceDelete=True)


INSTANCE = ("ImageId", "InstanceType", "KeyName", "SecurityGroupIds", "SubnetId", "UserData", "LaunchTemplate")


def _instance(request: Request) -> Made:
    ec2 = request.connect("ec2")
    asked = request.given(*INSTANCE)
    if request.get("IamInstanceProfile"):
        asked["IamInstanceProfile"] = {"Name": request.get("IamInstanceProfile")}
    if "UserData" in asked:
        asked["UserData"] = _clear(asked["UserData"])
    nics = request.get("NetworkInterfaces")
    if nics:
        renamed = [{("Groups" if key == "GroupSet" else key): value for key, value in nic.items()} for nic in nics]
        asked["NetworkInterfaces"] = _cased(ec2, "RunInstances", "NetworkInterfaces", renamed)
    made = ec2.run_instances(MinCount=1, MaxCount=1, **asked)["Instances"][0]
    attributes = {"InstanceId": made["InstanceId"], "PrivateIp": made["PrivateIpAddress"]}
    return Made(made["InstanceId"], attributes)


def _clear(encoded: str) -> str:
    """Give user data in clear: a template carries it in base64, and boto3 encodes what it is given."""
    import base64  # noqa: PLC0415 - few templates make an instance of its own

    return base64.b64decode(encoded).decode()


def _end_instance(request: Request, physical_id: str) -> None:
    request.connect("ec2").terminate_instances(InstanceIds=[physical_id])


def _provider(request: Request) -> Made:
    ecs = request.connect("ecs")
    name = request.get("Name") or request.name(NAME_LIMIT)
    given = _cased(ecs, "CreateCapacityProvider", "autoScalingGroupProvider", request.get("AutoScalingGroupProvider"))
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in request.all_tags()]
    ecs.create_capacity_provider(name=name, autoScalingGroupProvider=given, tags=tags)
    return Made(name)


def _drop_provider(request: Request, physical_id: str) -> None:
    request.connect("ecs").delete_capacity_provider(capacityProvider=physical_id)


def _profile(request: Request) -> Made:
    iam = request.connect("iam")
    name = request.get("InstanceProfileName") or request.name(PROFILE_NAME_LIMIT)
    made = iam.create_instance_profile(InstanceProfileName=name, **request.given("Path"))["InstanceProfile"]
    for role in request.get("Roles") or []:
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=role)
    return Made(name, {"Arn": made["Arn"]})


def _drop_profile(request: Request, physical_id: str) -> None:
    iam = request.connect("iam")
    for role in request.get("Roles") or []:
        iam.remove_role_from_instance_profile(InstanceProfileName=physical_id, RoleName=role)
    iam.delete_instance_profile(InstanceProfileName=physical_id)


KINDS = (
    Kind("AWS::IAM::InstanceProfile", _profile, _drop_profile),
    Kind(
        "AWS::EC2::LaunchTemplate",
        _launch_template,
        _drop_template,
        update=_change_template,
        changes=("TagSpecifications",),
    ),
    Kind("AWS::AutoScaling::LaunchConfiguration", _launch_configuration, _drop_configuration),
    Kind(
        "AWS::AutoScaling::AutoScalingGroup",
        _group,
        _drop_group,
        update=_change_group,
        changes=("MinSize", "MaxSize", "DesiredCapacity", "Tags"),
    ),
    Kind("AWS::EC2::Instance", _instance, _end_instance),
    Kind("AWS::ECS::CapacityProvider", _provider, _drop_provider),
)
