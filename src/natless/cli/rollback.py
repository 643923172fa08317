"""`natless rollback`: back to an earlier image."""

from __future__ import annotations

import sys
from functools import partial

import msgspec

from natless import design
from natless.cli.arguments import Arguments, Command
from natless.cli.ending import FINDINGS
from natless.cli.saying import agreed, say
from natless.cli.source import spec_of
from natless.cli.standing import verdicts_of_what_stands
from natless.cli.telling import Teller
from natless.cli.world import failures_in_words, must_be_agreed, to_options, world_of
from natless.report.paint import Paint


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    arguments.flag("--list", "List the releases, newest first, and change nothing.", dest="only_list")
    arguments.flag("--json", "With --list: as JSON.", dest="as_json")
    arguments.add_argument("--release", metavar="REVISION | DIGEST", help="Which [the newest other one that came up].")
    arguments.flag("--yes", "Do not ask; on AWS needed where there is no terminal.")


def rollback(
    path: str,
    to: str,
    profile: str | None,
    region: str | None,
    release: str | None,
    *,
    only_list: bool,
    as_json: bool,
    yes: bool,
) -> None:
    """Bring the service of PATH back to an earlier image, by change set.

    Nothing but the image is changed: the stack's template stays as it stands. To go back to an earlier natless.toml,
    check it out and deploy it.
    """
    from natless.deploy import DeployError, Pace, stacks  # noqa: PLC0415 - boto3 costs a fifth of a second
    from natless.deploy.progress import Changes, Deployed  # noqa: PLC0415 - as above
    from natless.deploy.releases import releases  # noqa: PLC0415 - as above
    from natless.deploy.rollback import line  # noqa: PLC0415 - as above
    from natless.deploy.rollback import rollback as go_back  # noqa: PLC0415 - as above

    spec = spec_of(path)
    designed = design.write(spec)
    where = world_of(spec, to, profile, region)
    if only_list:
        with failures_in_words():
            stack = stacks.find(where.connect, spec.name)
            if stack is None:
                raise DeployError(f"there is no deployment {spec.name} here", advice="`natless deploy` makes it")
            found = releases(where.connect, designed, spec, stack)
        text = "\n".join(line(each) for each in found)
        say(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() if as_json else text)
        return
    must_be_agreed(where, yes=yes)
    teller = Teller(Paint(on=sys.stderr.isatty()))

    def approve(changes: Changes) -> bool:
        return yes or where.lab or agreed(f"execute these changes on {changes.stack}?")

    pace = Pace(every=0.1) if where.lab else Pace()
    examine = partial(verdicts_of_what_stands, where, spec.name)
    with failures_in_words(changing=True):
        try:
            for event in go_back(designed, spec, where.connect, release, approve=approve, pace=pace, examine=examine):
                teller.tell(event)
                if isinstance(event, Deployed):
                    return
        finally:
            teller.clear()
    sys.exit(FINDINGS)


command = Command(rollback, _takes)
