"""What design gives: two templates, the main one's parameters, and where each element comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import msgspec

Template: TypeAlias = dict[str, Any]
"""A template in CloudFormation's own shape: what `json.loads` of its text gives."""


class ImageDigest(msgspec.Struct, frozen=True, tag="image-digest"):
    """Looked up by pushing, or in ECR where it is given: the digest (`sha256:`, 64 hex digits) of `service`'s image."""

    service: str


class PrefixListId(msgspec.Struct, frozen=True, tag="prefix-list-id"):
    """Looked up in EC2: the id of the managed prefix list of an AWS `service` (`s3`) in the region."""

    service: str


class SecretArn(msgspec.Struct, frozen=True, tag="secret-arn"):
    """Looked up in Secrets Manager: the full ARN, with its six random characters, of the secret `identifier`.

    `identifier` is the secret's name or ARN as the spec has it.
    """

    identifier: str


class InstanceImage(msgspec.Struct, frozen=True, tag="instance-image"):
    """Looked up in SSM: the AMI that `parameter` names. A stack keeps the one it has, until another is asked for.

    A deploy that took what is newest would replace the instances with any release.
    """

    parameter: str


Lookup: TypeAlias = ImageDigest | PrefixListId | SecretArn | InstanceImage


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of the main template.

    `value` is what `check` proves with: the catalog's value, or symbolic text (`${...}`) where only an account knows.
    `lookup` says what `deploy` asks the account for instead.
    """

    name: str
    value: str
    lookup: Lookup


class Design(msgspec.Struct, frozen=True):
    """The templates of one spec.

    `images` is the stack NAME-images, or None where natless makes no repository: every image is given. `main` is the
    stack NAME. `repositories` gives the ECR repository that natless makes for a service, by the service's name.
    `places` leads from logical ids (of both templates, parameters included) to lines of the spec; it annotates
    findings, and proof never reads it.
    """

    images: Template | None
    main: Template
    parameters: tuple[Parameter, ...]
    repositories: Mapping[str, str]
    places: Mapping[str, int]


def text(template: Template) -> str:
    """Give the template's JSON: the same text for the same template, one element a line."""
    return msgspec.json.format(msgspec.json.encode(template), indent=2).decode() + "\n"


def compact(template: Template) -> str:
    """Give the template's JSON without spaces: CloudFormation takes 51,200 bytes inline, and indents are half of it."""
    return msgspec.json.encode(template).decode()
