"""`natless template`: the artefact that is proved and deployed, and the policies of those who work with it."""

from __future__ import annotations

import json

from natless import design
from natless.catalog.partitions import partition_of
from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.saying import say
from natless.cli.source import agree, spec_of
from natless.spec import Spec


def _takes(arguments: Arguments) -> None:
    arguments.path()
    arguments.flag("--images", "The NAME-images stack (repositories) instead of the main one.")
    arguments.add_argument(
        "--role",
        choices=["deploy", "push", "read", "exec"],
        help="The least IAM policy instead, for who deploys, pushes images, only looks (status, logs, check), or runs"
        " commands in tasks.",
    )
    arguments.add_argument("--account", metavar="ID", help="With --role: the 12-digit account [any].")
    arguments.add_argument("--region", metavar="REGION", help="With --role: the region [natless.toml's, else any].")


def template(path: str, role: str | None, account: str | None, region: str | None, *, images: bool) -> None:
    """Print the CloudFormation template that `deploy` uses for PATH, a natless.toml or its folder.

    With --role it prints an IAM policy document: an inline policy of a role or user.
    """
    spec = spec_of(path)
    designed = design.write(spec)
    if role is not None:
        agree(spec, region)
        say(_policy(designed, spec, role, account, region or spec.region))
        return
    wanted = designed.images if images else designed.main
    if wanted is None:
        raise UsageError(
            f"{spec.source} makes no repository, so there is no stack {design.images_stack(spec)}: its image is given"
        )
    say(design.text(wanted))


command = Command(template, _takes)


def _policy(designed: design.Design, spec: Spec, role: str, account: str | None, region: str | None) -> str:
    from natless.design.callers import Place, role_policy  # noqa: PLC0415 - read only where a policy is asked for

    place = Place(partition_of(region).name if region else "aws", region or "*", account or "*")
    match role:
        case "deploy" | "push" | "read" | "exec":
            return json.dumps(role_policy(role, designed, spec, place), indent=2)
        case _:
            raise UsageError(f"there is no role {role}")
