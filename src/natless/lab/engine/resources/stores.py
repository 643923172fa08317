"""Repositories, log groups, secrets and parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from natless.lab.engine.resources.making import Kind, Made, Request

REPOSITORY_NAME_LIMIT = 256
LOG_GROUP_NAME_LIMIT = 512
SECRET_NAME_LIMIT = 255
PARAMETER_NAME_LIMIT = 1011


def _low(value: dict[str, Any]) -> dict[str, Any]:
    """Give a flat structure with its names as ECR writes them, first letter small."""
    return {name[0].lower() + name[1:]: item for name, item in value.items()}


def _repository(request: Request) -> Made:
    ecr = request.connect("ecr")
    name = request.get("RepositoryName") or request.name(REPOSITORY_NAME_LIMIT, lower=True)
    asked: dict[str, Any] = {"repositoryName": name, "tags": request.all_tags()}
    if request.get("ImageTagMutability"):
        asked["imageTagMutability"] = request.get("ImageTagMutability")
    for property_name in ("ImageScanningConfiguration", "EncryptionConfiguration"):
        if request.get(property_name):
            asked[property_name[0].lower() + property_name[1:]] = _low(request.get(property_name))
    made = ecr.create_repository(**asked)["repository"]
    lifecycle = (request.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
    if lifecycle:
        ecr.put_lifecycle_policy(repositoryName=name, lifecyclePolicyText=lifecycle)
    policy = request.get("RepositoryPolicyText")
    if policy:
        ecr.set_repository_policy(
            repositoryName=name, policyText=policy if isinstance(policy, str) else json.dumps(policy)
        )
    return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})


REPOSITORY_CHANGES = ("LifecyclePolicy", "ImageScanningConfiguration", "ImageTagMutability", "EmptyOnDelete")


def _change_repository(request: Request, physical_id: str, before: Mapping[str, Any]) -> None:
    ecr = request.connect("ecr")
    named = {"repositoryName": physical_id}
    scanning = _low(request.get("ImageScanningConfiguration") or {"ScanOnPush": False})
    ecr.put_image_scanning_configuration(**named, imageScanningConfiguration=scanning)
    ecr.put_image_tag_mutability(**named, imageTagMutability=request.get("ImageTagMutability", "MUTABLE"))
    lifecycle = (request.get("LifecyclePolicy") or {}).get("LifecyclePolicyText")
    if lifecycle:
        ecr.put_lifecycle_policy(**named, lifecyclePolicyText=lifecycle)
    elif before.get("LifecyclePolicy"):
        ecr.delete_lifecycle_policy(**named)


def _delete_repository(request: Request, physical_id: str) -> None:
    force = bool(request.get("EmptyOnDelete", False))
    request.connect("ecr").delete_repository(repositoryName=physical_id, force=force)


def _log_group(request: Request) -> Made:
    logs = request.connect("logs")
    name = request.get("LogGroupName") or request.name(LOG_GROUP_NAME_LIMIT)
    asked: dict[str, Any] = {"logGroupName": name}
    if request.get("KmsKeyId"):
        asked["kmsKeyId"] = request.get("KmsKeyId")
    tags = {tag["Key"]: tag["Value"] for tag in request.all_tags()}
    logs.create_log_group(**asked, **({"tags": tags} if tags else {}))
    if request.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=name, retentionInDays=request.get("RetentionInDays"))
    return Made(name, {"Arn": f"arn:aws:logs:{request.region}:{request.account_id}:log-group:{name}:*"})


def _change_log_group(request: Request, physical_id: str, _before: Mapping[str, Any]) -> None:
    logs = request.connect("logs")
    if request.get("RetentionInDays"):
        logs.put_retention_policy(logGroupName=physical_id, retentionInDays=request.get("RetentionInDays"))
    else:
        logs.delete_retention_policy(logGroupName=physical_id)


def _secret(request: Request) -> Made:
    secrets = request.connect("secretsmanager")
    text = request.get("SecretString")
    if request.get("GenerateSecretString") is not None:
        text = _generated(secrets, dict(request.get("GenerateSecretString")))
    arn = secrets.create_secret(
        Name=request.get("Name") or request.name(SECRET_NAME_LIMIT),
        **request.given("Description", "KmsKeyId"),
        **({"SecretString": text} if text is not None else {}),
        Tags=request.all_tags(),
    )["ARN"]
    return Made(arn, {"Id": arn})


def _generated(secrets: Any, how: dict[str, Any]) -> str:
    template, key = how.pop("SecretStringTemplate", None), how.pop("GenerateStringKey", None)
    password = str(secrets.get_random_password(**how)["RandomPassword"])
    return json.dumps(json.loads(template) | {key: password}) if template and key else password


def _delete_secret(request: Request, physical_id: str) -> None:
    request.connect("secretsmanager").delete_secret(SecretId=physical_id, ForceDeleteWithoutRecovery=True)


def _parameter(request: Request) -> Made:
    name = request.get("Name") or request.name(PARAMETER_NAME_LIMIT)
    tags = [{"Key": key, "Value": value} for key, value in (request.get("Tags") or {}).items()]
    asked = request.given("Type", "Value", "Description", "AllowedPattern", "Tier")
    request.connect("ssm").put_parameter(Name=name, **asked, **({"Tags": tags} if tags else {}))
    return Made(name, {"Type": request.get("Type"), "Value": request.get("Value")})


KINDS = (
    Kind(
        "AWS::ECR::Repository",
        _repository,
        _delete_repository,
        update=_change_repository,
        changes=REPOSITORY_CHANGES,
    ),
    Kind(
        "AWS::Logs::LogGroup",
        _log_group,
        lambda request, it: request.connect("logs").delete_log_group(logGroupName=it),
        update=_change_log_group,
        changes=("RetentionInDays",),
    ),
    Kind("AWS::SecretsManager::Secret", _secret, _delete_secret),
    Kind("AWS::SSM::Parameter", _parameter, lambda request, it: request.connect("ssm").delete_parameter(Name=it)),
)
