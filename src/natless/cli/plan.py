"""`natless plan`: what a deploy would do."""

from __future__ import annotations

import sys

from natless import design
from natless.cli.arguments import Arguments, Command
from natless.cli.ending import FINDINGS, paint_for_output
from natless.cli.saying import say
from natless.cli.source import spec_of
from natless.cli.standing import verdicts_of_what_stands
from natless.cli.world import failures_in_words, new_ami_option, to_options, world_of


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    new_ami_option(arguments)
    arguments.flag("--json", "The answer as JSON.", dest="as_json")


def plan(path: str, to: str, profile: str | None, region: str | None, *, new_ami: bool, as_json: bool) -> None:
    """Show what `deploy` would add, change, replace and delete for PATH, and change nothing.

    Also what a replacement costs, and what becomes reachable or blocked: the proof of what stands, against the proof
    of what would stand. Nothing is built: an image is taken as it stands.

    Exit codes: 0 there is nothing to do, 1 there are changes (or findings that keep them from being made), 2 PATH
    cannot be read, 4 the world failed.
    """
    from natless.deploy import Pace  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.deploy.plan import plan as make_plan  # noqa: PLC0415 - as above
    from natless.report.plan_text import plan_json, plan_text  # noqa: PLC0415 - as above

    spec = spec_of(path)
    designed = design.write(spec)
    where = world_of(spec, to, profile, region)
    with failures_in_words():
        stands = verdicts_of_what_stands(where, spec.name)
        pace = Pace(every=0.1) if where.lab else Pace()
        found = make_plan(designed, spec, where.connect, stands, pace, ask_first=not where.lab, new_ami=new_ami)
    say(plan_json(found) if as_json else plan_text(found, paint_for_output()))
    sys.exit(0 if found.nothing else FINDINGS)


command = Command(plan, _takes)
