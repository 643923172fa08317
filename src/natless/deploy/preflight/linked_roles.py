"""The service-linked roles that services need before their first resource: asked for, made and waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from botocore.exceptions import ClientError

from natless.catalog.linked_roles import LINKED_ROLES, SETTLING, LinkedRole
from natless.deploy.calls import Connect, Pace, code, message
from natless.deploy.preflight.ground import Ground
from natless.deploy.progress import Said
from natless.finding import Finding
from natless.finding.rules import LINKED_ROLE_MISSING

_TAKEN = "has been taken"
"""What IAM says where it was made meanwhile: "Service role name ... has been taken in this account"."""


def check(ground: Ground) -> Iterator[Finding]:
    """Give a finding for each role that is missing; `make` makes it."""
    missing = ground.ask("service-linked roles", lambda: _missing(ground.connect, ground.types)) or []
    for role in missing:
        subject = next(ground.types[kind] for kind in role.types if kind in ground.types)
        yield ground.finding(
            LINKED_ROLE_MISSING,
            subject,
            f"the account has no role {role.name} yet: `deploy` makes it, and waits until it is seen everywhere",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            f"aws iam create-service-linked-role --aws-service-name {role.service}",
        )


def _missing(connect: Connect, types: Iterable[str]) -> list[LinkedRole]:
    wanted = [role for role in LINKED_ROLES if set(role.types) & set(types)]
    return [role for role in wanted if not _stands(connect, role)]


def _stands(connect: Connect, role: LinkedRole) -> bool:
    try:
        connect("iam").get_role(RoleName=role.name)
    except ClientError as error:
        if code(error) == "NoSuchEntity":
            return False
        raise
    return True


def make(connect: Connect, types: Iterable[str], pace: Pace) -> Iterator[Said]:
    """Make the roles that these resource types need and that are missing, and wait until they are seen everywhere.

    Who may not ask or make them goes on without: the services make them too, and mostly fast enough.
    """
    try:
        missing = _missing(connect, types)
        for role in missing:
            yield Said(f"making the service-linked role {role.name}, which the account lacks")
            _make(connect, role)
            _wait(connect, role, pace)
    except ClientError as error:
        yield Said(f"service-linked roles were not made: {code(error)}: {message(error)}")
        return
    if missing:
        yield Said(f"waiting {SETTLING:.0f} s until IAM shows it everywhere")
        pace.sleep(SETTLING)


def _make(connect: Connect, role: LinkedRole) -> None:
    try:
        connect("iam").create_service_linked_role(AWSServiceName=role.service)
    except ClientError as error:
        if _TAKEN not in message(error):
            raise


def _wait(connect: Connect, role: LinkedRole, pace: Pace) -> None:
    for elapsed in pace.ticks():
        if _stands(connect, role) or elapsed > pace.settling:
            return
