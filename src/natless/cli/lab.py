"""`natless lab`: an AWS for private ECS on this Linux machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import msgspec

from natless.cli.arguments import Arguments, Command, Group, whole
from natless.cli.ending import FINDINGS, WORLD, paint_for_output, world_failed
from natless.cli.saying import say
from natless.cli.source import SPEC_NAME, spec_of
from natless.cli.world import failures_in_words
from natless.spec.read import SpecError

DEFAULT_REGION = "us-east-1"


def _up_takes(arguments: Arguments) -> None:
    arguments.add_argument(
        "--region", metavar="REGION", help=f"The region [natless.toml's here, AWS_REGION, {DEFAULT_REGION}]."
    )
    arguments.add_argument(
        "--port",
        type=whole(0, 65535),
        default=0,
        metavar="PORT",
        help="The port on 127.0.0.1 for AWS calls [any free one].",
    )


def up(region: str | None, port: int) -> None:
    """Start the lab, and return when it answers."""
    from natless.lab import supervisor  # noqa: PLC0415 - the lab's room is read only where the lab is meant
    from natless.lab.starting import Plan, house  # noqa: PLC0415 - as above

    plan = Plan(region or _region_here(), _snapshot)
    with failures_in_words():
        contact = supervisor.up(house(plan), supervisor.Options(port=port))
    say(f"the lab is up: {plan.region}, AWS calls on {contact.api}, process {contact.pid}")
    say("next: natless deploy --to lab", aside=True)


def down() -> None:
    """Stop the lab; nothing of it is left."""
    from natless.lab import supervisor  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        ended = supervisor.down()
    say("the lab is down; nothing of it is left" if ended else "no lab was running")


def env() -> None:
    """Print the environment in which AWS's own tools speak to the lab: env $(natless lab env) aws s3 ls.

    The key is the lab's own, and ends with it.
    """
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        contact = control.find()
        if contact is None:
            world_failed("no lab is running: start one with `natless lab up`")
        region = control.ask("status")["region"]
    say(f"AWS_ENDPOINT_URL={contact.api}")
    say(f"AWS_ACCESS_KEY_ID={contact.access_key_id}")
    say(f"AWS_SECRET_ACCESS_KEY={contact.secret_access_key}")
    # A token of somewhere else's session would belong to another key.
    say("AWS_SESSION_TOKEN=")
    say(f"AWS_REGION={region}")
    say(f"AWS_DEFAULT_REGION={region}")


def _status_takes(arguments: Arguments) -> None:
    arguments.flag("--json", "The answer as JSON.", dest="as_json")


def status(*, as_json: bool) -> None:
    """Say what runs, and where its pages are. Exit code 4 where no lab is running."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        contact = control.find()
        if contact is None:
            world_failed("no lab is running: start one with `natless lab up`")
        found = control.ask("status")
    if as_json:
        answer = {"api": contact.api, "pid": contact.pid, **found}
        say(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())
        return
    say(f"the lab is up since {found['seconds']} s: {found['region']}, account {found['account']}")
    say(f"AWS calls on {contact.api}, process {contact.pid}")
    say(f"{found['vpcs']} VPCs, {found['network_interfaces']} network interfaces")
    for name, url in found["pages"].items():
        say(f"{url} leads to {name}")
    for line in (*found["broken"], *(f"not modelled: {each}" for each in found["not_modelled"])):
        say(line)
    if found["trouble"]:
        say(f"the lab is in trouble: {found['trouble']} (natless lab log)")


def log() -> None:
    """Print what the lab itself wrote: for when it is in trouble."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        say(control.ask("log"), end="")


def check() -> None:
    """Say what this machine allows of what the lab needs, and the line to run where it does not."""
    from natless.lab.kernel.readiness import probes  # noqa: PLC0415 - the lab's room is read only where it is meant

    paint = paint_for_output()
    missing = False
    for probe in probes():
        mark = paint.good("ok     ") if probe.good else paint.bad("missing")
        say(f"{mark}  {probe.name}: {probe.said}")
        if not probe.good:
            missing = True
            say(f"         run: {probe.line}")
    sys.exit(WORLD if missing else 0)


def rules() -> None:
    """Print the whole network as the `ip` and `nft` text that made it."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        say(control.ask("rules"))


def _break_takes(arguments: Arguments) -> None:
    arguments.add_argument("kind", nargs="?")


def break_(kind: str | None) -> None:
    """Break one thing of what is deployed, as KIND says; without KIND, list the kinds.

    Several may be broken at once; `natless lab mend` undoes them all.
    """
    from natless.lab import breaking, control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    if kind is None:
        say("\n".join(breaking.kinds_in_words()))
        return
    with failures_in_words():
        say(control.ask("break", kind=kind))
    say("what runs goes on; a new task meets it: natless run SERVICE --to lab", aside=True)


def mend() -> None:
    """Undo every break."""
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        said = control.ask("mend")
    say("\n".join(said) if said else "nothing was broken")
    sys.exit(0 if said else FINDINGS)


def _trace_takes(arguments: Arguments) -> None:
    arguments.add_argument("subject", metavar="SERVICE|TASK")
    arguments.add_argument("need")
    arguments.flag("--json", "The answer as JSON.", dest="as_json")


def trace(subject: str, need: str, *, as_json: bool) -> None:
    """Send the packets of one NEED of a service or task, and say hop by hop which way they went.

    NEED is a service that it must reach (ecr.api, s3-layers, logs, ...), internet->alb, alb->task or task->internet.
    What says no is known from what the network dropped, not from a proof. Exit code 1 where a way is shut.
    """
    from natless.lab import control  # noqa: PLC0415 - the lab's room is read only where the lab is meant

    with failures_in_words():
        found = control.ask("trace", subject=subject, need=need)
    if as_json:
        say(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        say("\n".join(found["lines"]))
    sys.exit(0 if found["open"] else FINDINGS)


def _snapshot(connect: Callable[[str], Any]) -> dict[str, Any]:
    """Read the lab's account, in the lab's own process."""
    from natless.account.snapshot import BALANCING, NETWORK, snapshot  # noqa: PLC0415 - boto3 costs a fifth of a second

    return snapshot(connect, NETWORK | BALANCING)


def _region_here() -> str:
    """Give the region of the natless.toml in this folder, else the environment's, else the default."""
    if os.path.isfile(SPEC_NAME):
        try:
            region = spec_of(SPEC_NAME).region
        except SpecError:
            # The lab does not need the spec; `check` says what is wrong with it.
            region = None
        if region:
            return region
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION


_COMMANDS = {
    "up": Command(up, _up_takes),
    "down": Command(down),
    "status": Command(status, _status_takes),
    "env": Command(env),
    "log": Command(log),
    "check": Command(check),
    "rules": Command(rules),
    "break": Command(break_, _break_takes),
    "mend": Command(mend),
    "trace": Command(trace, _trace_takes),
}

command = Group(
    "Run an AWS for private ECS on this Linux machine: real packets, gone when stopped.",
    {name: each.line for name, each in _COMMANDS.items()},
    _COMMANDS.__getitem__,
)
