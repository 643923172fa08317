"""Repositories, log groups, secrets and parameters, as they stand."""

from __future__ import annotations

import json
from typing import Any

from natless.lab.engine.resources.making import Others, Request
from natless.lab.engine.resources.reading import Properties, absent, only, said, tags, unless_missing, written

REPOSITORY = ("RepositoryName", "ImageTagMutability", "ImageScanningConfiguration", "EncryptionConfiguration")


def _repository(request: Request, it: str, _others: Others) -> Properties:
    ecr, named = request.connect("ecr"), {"repositoryName": it}
    found = only(ecr.describe_repositories(repositoryNames=[it])["repositories"], it)
    lifecycle = unless_missing(ecr.get_lifecycle_policy, **named)
    policy = unless_missing(ecr.get_repository_policy, **named)
    return {
        **said(written(request, "AWS::ECR::Repository", found), *REPOSITORY),
        "LifecyclePolicy": lifecycle and {"LifecyclePolicyText": lifecycle["lifecyclePolicyText"]},
        "RepositoryPolicyText": policy and json.loads(policy["policyText"]),
        "Tags": tags(ecr.list_tags_for_resource(resourceArn=found["repositoryArn"])["tags"]),
    }


def _log_group(request: Request, it: str, _others: Others) -> Properties:
    logs = request.connect("logs")
    listed = logs.describe_log_groups(logGroupNamePrefix=it)["logGroups"]
    found = only([each for each in listed if each["logGroupName"] == it], it)
    own = tags(logs.list_tags_for_resource(resourceArn=str(found["arn"]).removesuffix(":*"))["tags"])
    return {"LogGroupName": it, "RetentionInDays": found.get("retentionInDays"), "Tags": own}


def _secret(request: Request, it: str, _others: Others) -> Properties:
    found = request.connect("secretsmanager").describe_secret(SecretId=it)
    if found.get("DeletedDate"):
        raise absent(it)
    return {**said(found, "Name", "Description"), "Tags": tags(found.get("Tags", []))}


def _parameter(request: Request, it: str, _others: Others) -> Properties:
    ssm = request.connect("ssm")
    found: dict[str, Any] = ssm.get_parameter(Name=it)["Parameter"]
    listed = tags(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=it)["TagList"])
    return {**said(found, "Name", "Type", "Value"), "Tags": {tag["Key"]: tag["Value"] for tag in listed}}


READS = {
    "AWS::ECR::Repository": _repository,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SecretsManager::Secret": _secret,
    "AWS::SSM::Parameter": _parameter,
}
