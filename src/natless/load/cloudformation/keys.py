"""KMS keys that a person has chosen: who reads what they encrypt must be allowed to decrypt with them.

Sources: AWS::SecretsManager::Secret (KmsKeyId; AWS's own key where it is not set), AWS::ECS::Cluster
(ExecuteCommandConfiguration), CloudFormation template reference, read 2026-11.
"""

from __future__ import annotations

from natless.finding import Gap
from natless.load.cloudformation.draft import Draft
from natless.load.cloudformation.fields import Fields
from natless.load.cloudformation.intrinsics import render
from natless.load.cloudformation.template import Template
from natless.load.cloudformation.values import Reference


def secret_key(template: Template, value_from: str) -> str | Gap | None:
    """Give the key of the secret that a container names, where it stands in this template and has one of its own."""
    for resource in template.resources.values():
        if resource.kind != "AWS::SecretsManager::Secret":
            continue
        arn = render(template, Reference(resource.id))
        if value_from == arn or value_from.startswith(f"{arn}:"):
            return _key(Fields(template, resource, resource.properties, resource.id, resource.line))
    return None


def exec_key(draft: Draft, cluster: str | Gap | None) -> str | Gap | None:
    """Give the key of ECS Exec's sessions in a cluster of this template."""
    resource = draft.template.resources.get(cluster) if isinstance(cluster, str) else None
    if resource is None:
        return None
    configuration = draft.fields(resource).inner("Configuration")
    command = configuration.inner("ExecuteCommandConfiguration") if isinstance(configuration, Fields) else configuration
    return _key(command) if isinstance(command, Fields) else command


def _key(fields: Fields) -> str | Gap | None:
    """Give a key as its ARN: KmsKeyId takes that, the key's id, or an alias, which only an account can follow."""
    named = fields.text("KmsKeyId")
    if not isinstance(named, str) or named.startswith("arn:"):
        return named
    if named.startswith("alias/"):
        return None if named.startswith("alias/aws/") else fields.gap("KmsKeyId", f"{named} is an alias")
    template = fields.template
    return f"arn:{template.partition}:kms:{template.region}:{template.account}:key/{named}"
