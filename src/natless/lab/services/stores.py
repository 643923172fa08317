"""What the account's stores say of a resource: its full name, and the policy that is written on it.

moto's tables are read under the account's lock, and only those of the service that is asked: moto brings a service up
with its first request.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from moto.backends import get_backend

from natless.catalog.partitions import partition_of

_KEY_ID = 36
"""Characters of a key's id, which moto puts before a ciphertext."""


class Stores:
    """The stores of one account and region."""

    def __init__(self, account: str, region: str) -> None:
        """Name the account and region."""
        self._account = account
        self._region = region
        self._partition = partition_of(region).name

    def named(self, service: str, parameter: str, value: str) -> str:  # noqa: PLR0911 - an arm each kind of name
        """Give the name that stands in a resource's ARN for what a call names, or its ARN where it is known."""
        match service, parameter:
            case "secretsmanager", "SecretId":
                found = self._backend("secretsmanager").secrets.get(value)
                return str(found.arn) if found is not None else value
            case "ssm", _:
                return value if value.startswith(("/", "arn:")) else f"/{value}"
            case "sqs", "QueueUrl":
                return value.rstrip("/").rpartition("/")[2]
            case "kms", "CiphertextBlob":
                return self._key(_key_of(value))
            case "kms", _:
                return self._key(value)
            case "sns", "SubscriptionArn":
                return value.rpartition(":")[0]
            case "ecs", "taskDefinition":
                return self._task_definition(value)
            case _:
                return value

    def lacks(self, bucket: str, key: str) -> bool:
        """Say whether a bucket that stands has no object of a name."""
        found = self._bucket(bucket)
        return found is not None and key not in found.keys

    def policy(self, service: str, arn: str) -> str:  # noqa: PLR0911 - an arm each store
        """Give the policy written on a resource, "" where there is none or none can be."""
        name = arn.rpartition(":")[2]
        match service:
            case "ecr":
                found = self._backend("ecr").repositories.get(name.removeprefix("repository/"))
                return _text(found.policy) if found is not None else ""
            case "secretsmanager":
                found = self._backend("secretsmanager").secrets.get(arn)
                return _text(found.policy) if found is not None else ""
            case "kms":
                found = self._backend("kms").keys.get(name.removeprefix("key/"))
                return _text(found.policy) if found is not None else ""
            case "s3":
                found = self._bucket(name.partition("/")[0])
                return _text(found.policy) if found is not None else ""
            case "sqs":
                found = self._backend("sqs").queues.get(name)
                return _text(found.policy) if found is not None else ""
            case "sns":
                found = self._backend("sns").topics.get(arn)
                return _text(found.policy) if found is not None else ""
            case _:
                return ""

    def task_roles(self, definition: str) -> dict[str, str]:
        """Give the roles that a task definition names, by the names of its members."""
        short = self._task_definition(definition.rpartition("/")[2])
        family, _, revision = short.partition(":")
        revisions = self._backend("ecs").task_definitions.get(family) or {}
        found = revisions.get(int(revision)) if revision.isdigit() else None
        named = {"taskRoleArn": "task_role_arn", "executionRoleArn": "execution_role_arn"}
        return {member: str(getattr(found, attribute, None) or "") for member, attribute in named.items()}

    def _bucket(self, name: str) -> Any:
        return get_backend("s3")[self._account][self._partition].buckets.get(name)

    def _backend(self, service: Any) -> Any:
        return get_backend(service)[self._account][self._region]

    def _key(self, value: str) -> str:
        """Give a key's ARN by id, alias or ARN; what is not there is called as it was."""
        kms = self._backend("kms")
        found = kms.keys.get(str(kms.any_id_to_key_id(value)))
        return str(found.arn) if found is not None else value

    def _task_definition(self, value: str) -> str:
        """Give `family:revision`, the newest where none is named."""
        if ":" in value:
            return value
        revisions = self._backend("ecs").task_definitions.get(value) or {}
        return f"{value}:{max(revisions)}" if revisions else value


def _key_of(ciphertext: str) -> str:
    try:
        return base64.b64decode(ciphertext)[:_KEY_ID].decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _text(policy: Any) -> str:
    if isinstance(policy, bytes):
        return policy.decode()
    return policy if isinstance(policy, str) else json.dumps(policy) if policy else ""
