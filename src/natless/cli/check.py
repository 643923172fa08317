"""`natless check`: the proof, before anything is deployed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.ending import USAGE, paint_for_output
from natless.cli.saying import say
from natless.cli.source import sources_of, spoken
from natless.cloud.cloud import called
from natless.finding import worst_exit_code
from natless.load import LoadError
from natless.prove import Promises, prove
from natless.report.check_json import check_json
from natless.report.check_text import check_text
from natless.spec.read import SpecError


def parameter_values(given: Sequence[str]) -> dict[str, str]:
    """Read `--param NAME=VALUE` pairs."""
    values = {}
    for pair in given:
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise UsageError(f"--param {pair!r} has no value: write --param NAME=VALUE")
        values[name] = value
    return values


def _takes(arguments: Arguments) -> None:
    arguments.add_argument("paths", nargs="*", default=["."], metavar="PATH")
    arguments.add_argument(
        "--param",
        dest="params",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="A template parameter; repeatable.",
    )
    arguments.add_argument(
        "--region", metavar="REGION", help="The region, where the source does not say it [AWS_REGION]."
    )
    arguments.add_argument("--account", metavar="ID", help="The 12-digit account, where a verdict leans on it.")
    arguments.flag("--private", "Promise that no task reaches the internet, as a spec does.")
    arguments.flag("--json", "The answer as JSON, as docs/check-json.md describes it.", dest="as_json")


def check(
    paths: Sequence[str],
    params: Sequence[str],
    region: str | None,
    account: str | None,
    *,
    private: bool,
    as_json: bool,
) -> None:
    """Prove that every task in PATH can start and be reached.

    PATH is a folder with natless.toml, a CloudFormation template (YAML or JSON), a folder of describe JSON, or what
    stands: aws:CLUSTER/SERVICE (or the whole aws:CLUSTER), and likewise lab:CLUSTER. Nothing is changed there.
    Several templates are stacks that are deployed together, in this order: what one exports another may import, and
    --param NAME=FILE.ID gives a parameter a resource (or an output) of another. Nested stacks are read where their
    templates are among them.

    Exit codes: 0 every promise holds, 1 findings, 2 PATH cannot be read, 3 something that matters is unknown.
    """
    try:
        source = sources_of(paths or ["."], parameter_values(params), region, account)
    except (SpecError, LoadError) as error:
        if not as_json:
            raise
        say(check_json(", ".join(map(spoken, paths)), (), error.findings, ()))
        sys.exit(USAGE)
    proof = prove(source.cloud, Promises(private=private or (source.spec is not None and not source.spec.network.nat)))
    findings = tuple(source.place(finding) for finding in proof.findings)
    gaps = tuple(source.place_gap(gap) for gap in proof.gaps)
    if as_json:
        say(check_json(source.name, proof.verdicts, findings, gaps))
    else:
        say(check_text(source.name, proof.verdicts, findings, gaps, paint_for_output(), called=called(source.cloud)))
    sys.exit(worst_exit_code(proof.verdicts, findings))


command = Command(check, _takes)
