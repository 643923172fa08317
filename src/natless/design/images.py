"""Images: where each lies, and the repositories that natless makes.

Repositories are a stack of their own, as an image must lie there before a service can start. An image that is given
lies in a repository that somebody else owns: none is made for it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from natless.design.names import ServiceIds, repository_name
from natless.design.piece import Piece, resource, sub
from natless.spec.image import EcrImage, ecr_image
from natless.spec.model import Service, Spec
from natless.spec.public_image import public_image

KEPT_RELEASES = 50
"""ECR's lifecycle knows nothing of running tasks: keep so many that none of theirs, or of a rollback's, is taken."""


def given_image(service: Service) -> EcrImage | None:
    """Give the image in private ECR that the spec names, or None where natless builds one or copies a public one."""
    if service.image is None or public_image(service.image) is not None:
        return None
    return ecr_image(service.image)


def repository_uri(spec: Spec, service: Service) -> str:
    """Give the URI of the repository that the service's image lies in.

    Of natless's own the account and region are pseudo parameters, so that none is ever guessed.
    """
    given = given_image(service)
    if given is not None:
        return f"{given.host}/{given.repository}"
    return f"${{AWS::AccountId}}.dkr.ecr.${{AWS::Region}}.${{AWS::URLSuffix}}/{repository_name(spec, service)}"


def repository_arn(spec: Spec, service: Service) -> dict[str, Any]:
    """Give the ARN of that repository, for policies: the image's own account and region where it is given."""
    given = given_image(service)
    place = f"{given.region}:{given.account}" if given else "${AWS::Region}:${AWS::AccountId}"
    name = given.repository if given else repository_name(spec, service)
    return sub(f"arn:${{AWS::Partition}}:ecr:{place}:repository/{name}")


def repository(spec: Spec, service: Service) -> Piece:
    """Give the service's repository.

    Its deletion policy is to delete, which ECR itself refuses while images are in it: nothing is lost unasked, and
    no orphan is left whose fixed name would block the next stack.
    """
    ids = ServiceIds(service)
    table = f"services.{service.name}"
    piece = resource(
        ids.repository,
        "AWS::ECR::Repository",
        {
            "RepositoryName": repository_name(spec, service),
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "ImageTagMutability": "IMMUTABLE",
            "EncryptionConfiguration": {"EncryptionType": "AES256"},
            "LifecyclePolicy": {"LifecyclePolicyText": _lifecycle()},
        },
        causes=(f"{table}.image", f"{table}.build", table),
    )
    return Piece(piece.id, {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Retain", **piece.body}, piece.causes)


def _lifecycle() -> str:
    rule = {
        "rulePriority": 1,
        "description": f"keep the last {KEPT_RELEASES} releases",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_RELEASES},
        "action": {"type": "expire"},
    }
    return msgspec.json.encode({"rules": [rule]}).decode()
