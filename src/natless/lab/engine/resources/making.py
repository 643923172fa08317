"""What making a resource takes and gives."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import botocore.exceptions
import msgspec

Connect: TypeAlias = Callable[[str], Any]

Others: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The other resources of a stack: the properties of each by its physical id. What they attach to this one is theirs."""

RANDOM_LENGTH = 12
"""Characters of the random end of a generated name."""

RESERVED = "aws:"
"""How the tags begin that only AWS sets."""


class ResourceError(Exception):
    """A resource that came to nothing: the handler's `code` and its message, without CloudFormation's frame."""

    def __init__(self, message: str, code: str = "GeneralServiceException") -> None:
        """Take the message and the HandlerErrorCode."""
        super().__init__(message)
        self.code = code


class Request(msgspec.Struct, frozen=True):
    """What one resource is made of. `tags` are the stack's; `suffix` is the random end of its generated name."""

    connect: Connect
    region: str
    account_id: str
    stack_name: str
    stack_id: str
    logical_id: str
    suffix: str
    properties: Mapping[str, Any]
    tags: Sequence[Mapping[str, str]] = ()
    capabilities: Sequence[str] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """Give a property, or `default` where the template leaves it out."""
        return self.properties.get(name, default)

    def name(self, limit: int, *, lower: bool = False) -> str:
        """Generate a physical name as CloudFormation does: STACK-LOGICAL-RANDOM, cut to `limit` characters."""
        stack, logical = self.stack_name, self.logical_id
        room = limit - len(self.suffix) - 2
        if len(stack) + len(logical) > room:
            stack = stack[: max(room // 2, room - len(logical))]
            logical = logical[: room - len(stack)]
        whole = f"{stack.rstrip('-')}-{logical}-{self.suffix}"
        return whole.lower() if lower else whole

    def all_tags(self) -> list[dict[str, str]]:
        """Give the stack's tags, the resource's own, which win, and those that CloudFormation sets on all it makes.

        https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-resource-tags.html
        """
        own = self.get("Tags") or []
        merged = {tag["Key"]: tag["Value"] for tag in (*self.tags, *own)}
        merged |= {
            f"{RESERVED}cloudformation:stack-name": self.stack_name,
            f"{RESERVED}cloudformation:logical-id": self.logical_id,
            f"{RESERVED}cloudformation:stack-id": self.stack_id,
        }
        return [{"Key": key, "Value": value} for key, value in merged.items()]

    def given(self, *names: str) -> dict[str, Any]:
        """Give those of the named properties that the template has, under their own names."""
        return {name: self.properties[name] for name in names if name in self.properties}


class Made(msgspec.Struct, frozen=True):
    """A resource that was made: what Ref gives, and what GetAtt gives by attribute."""

    physical_id: str
    attributes: Mapping[str, Any] = {}


class Kind(msgspec.Struct, frozen=True):
    """A resource type.

    `create` starts it; `ready` says whether it is complete (None: at once), raising ResourceError where it came to
    nothing; `delete` starts its end; `gone` says whether it has ended (None: at once). `update` changes it in place to
    what the request has, from the properties it had before; `changes` names the properties that it can change so.
    `complete` gives the attributes that are known only then. `read` gives the properties as they stand in the account,
    for drift detection (None: the lab does not read it).
    """

    type: str
    create: Callable[[Request], Made]
    delete: Callable[[Request, str], None]
    ready: Callable[[Request, str], bool] | None = None
    gone: Callable[[Request, str], bool] | None = None
    update: Callable[[Request, str, Mapping[str, Any]], None] | None = None
    changes: tuple[str, ...] = ()
    complete: Callable[[Request, str], Mapping[str, Any]] | None = None
    read: Callable[[Request, str, Others], Mapping[str, Any]] | None = None


def random_suffix(chance: random.Random) -> str:
    """Give the random end of a generated name."""
    return "".join(chance.choices(string.ascii_letters + string.digits, k=RANDOM_LENGTH))


def missing(error: botocore.exceptions.ClientError) -> bool:
    """Say whether an error means that the thing is not there (any more)."""
    code = error.response.get("Error", {}).get("Code", "")
    return "NotFound" in code or "NoSuch" in code or code in {"InvalidAssociationID", "ResourceNotFoundException"}


def cased(shape: Any, value: Any) -> Any:
    """Give a template's value with the API's names: CloudFormation writes `ContainerPort`, ECS `containerPort`.

    Names are matched by the API's own shapes, so the keys of maps (log options, labels) stay as they are.
    """
    match shape.type_name:
        case "structure":
            names = {name.lower(): name for name in shape.members}
            return {
                names[key.lower()]: cased(shape.members[names[key.lower()]], item)
                for key, item in value.items()
                if key.lower() in names
            }
        case "list":
            return [cased(shape.member, item) for item in value]
        case "map":
            return {key: cased(shape.value, item) for key, item in value.items()}
        case "string":
            return value if isinstance(value, str) else str(value)
        case _:
            return value
