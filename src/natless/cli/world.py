"""Where a command works: an account (`--to aws`) or this machine's lab (`--to lab`), through the same code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from natless.cli.arguments import Arguments, UsageError
from natless.cli.ending import world_failed
from natless.cli.saying import say
from natless.cli.source import agree
from natless.spec import Spec

_GOES_ON = "what was begun goes on or stands; the same command continues from there"


class World(msgspec.Struct, frozen=True):
    """How to reach it. `registry` overrides the registry's host ("" on AWS); `lab` says which of the two it is."""

    connect: Callable[[str], Any]
    region: str
    lab: bool
    registry: str = ""


def new_ami_option(arguments: Arguments) -> None:
    """Take `--new-ami`."""
    arguments.flag(
        "--new-ami", "Move EC2 instances to the image that AWS recommends now; without it they keep the one they have."
    )


def to_options(arguments: Arguments) -> None:
    """Take `--to`, `--profile` and `--region`, with the same words everywhere."""
    arguments.add_argument(
        "--to", choices=("lab", "aws"), required=True, help="Where: the lab on this machine, or an AWS account."
    )
    arguments.add_argument("--profile", metavar="NAME", help="The AWS profile [boto3's own chain].")
    arguments.add_argument("--region", metavar="REGION", help="The region [natless.toml's, else the profile's].")


def world(to: str, profile: str | None, region: str | None) -> World:
    """Give the way to the lab, or to an account; `region` None takes the lab's or the profile's."""
    return _lab(region) if to == "lab" else _aws(profile, region)


def world_of(spec: Spec, to: str, profile: str | None, region: str | None) -> World:
    """Give the way to where a spec is deployed; refuses a region that is not the spec's."""
    agree(spec, region)
    return world(to, profile, region or spec.region)


def _lab(region: str | None) -> World:
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant
    from natless.lab.client import connect  # noqa: PLC0415 - as above

    with failures_in_words():
        contact = control.find()
    if contact is None:
        world_failed("no lab is running: start one with `natless lab up`")
    runs_in = str(contact.info.get("region", ""))
    if region and region != runs_in:
        world_failed(
            f"the lab runs in {runs_in}, and this is for {region}: `natless lab down`, then "
            f"`natless lab up --region {region}`"
        )
    return World(connect(contact, runs_in), runs_in, lab=True, registry=contact.api)


def _aws(profile: str | None, region: str | None) -> World:
    from natless.account.session import connect  # noqa: PLC0415 - boto3 costs a fifth of a second

    with failures_in_words():
        client = connect(profile, region)
        found = str(client("sts").meta.region_name)
        caller = client("sts").get_caller_identity()  # needs no permission, and tells bad credentials at once
    # Said before anything is asked or done there: most accidents are the right command in the wrong account.
    say(f"account {caller['Account']}, region {found}, as {caller['Arn']}", aside=True)
    return World(client, found, lab=False)


def must_be_agreed(where: World, *, yes: bool) -> None:
    """Refuse, before anything is done, to change an account where nobody said yes and nobody can be asked."""
    if where.lab or yes or sys.stdin.isatty():
        return
    raise UsageError(
        "standard input is no terminal, so nobody can be asked: give --yes (`natless plan` shows what would change)"
    )


@contextmanager
def failures_in_words(*, changing: bool = False) -> Iterator[None]:
    """End with exit code 4 and the cause in words where an account, the lab or this machine says no.

    `changing`: what runs changes things step by step, so that it matters what becomes of the rest.
    """
    from natless.account.session import AWS_ERRORS, AccountError, in_words  # noqa: PLC0415 - as above
    from natless.deploy import DeployError  # noqa: PLC0415 - as above
    from natless.lab.control import LabError  # noqa: PLC0415 - as above

    try:
        yield
    except (AccountError, LabError, DeployError) as error:
        world_failed(str(error))
    except AWS_ERRORS as error:
        # A session that expires, or a network that breaks, in the middle: CloudFormation knows nothing of it.
        world_failed(f"{in_words(error)}\n{_GOES_ON}" if changing else in_words(error))
    except KeyboardInterrupt:
        say("", aside=True)
        world_failed(f"interrupted: {_GOES_ON}")
