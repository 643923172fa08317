"""`natless logs`: what the containers wrote."""

from __future__ import annotations

import re
import time

from natless.cli.arguments import Arguments, Command, UsageError
from natless.cli.saying import say
from natless.cli.source import spec_of
from natless.cli.world import failures_in_words, to_options, world_of

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def milliseconds_ago(text: str) -> int:
    """Turn `90s`, `10m`, `2h` or `1d` into milliseconds since 1970."""
    found = re.fullmatch(r"(\d+)([smhd])", text)
    if found is None:
        raise UsageError(f"--since {text!r} is no duration: write 90s, 10m, 2h or 1d")
    return int((time.time() - int(found[1]) * _SECONDS[found[2]]) * 1000)


def _takes(arguments: Arguments) -> None:
    arguments.path()
    to_options(arguments)
    arguments.add_argument(
        "--since", default="1h", metavar="DURATION", help="How far back: 90s, 10m, 2h, 1d [%(default)s]."
    )
    arguments.add_argument(
        "--filter", dest="pattern", default="", metavar="PATTERN", help="Only lines that fit: CloudWatch's pattern."
    )
    arguments.flag("--follow", "Go on as new lines come in, until interrupted.")


def logs(
    path: str, to: str, profile: str | None, region: str | None, since: str, *, pattern: str, follow: bool
) -> None:
    """Show what the containers of PATH wrote: one line each on standard output, with time and task."""
    from natless.deploy import logs as read_logs  # noqa: PLC0415 - boto3 costs a fifth of a second

    spec = spec_of(path)
    start = milliseconds_ago(since)
    where = world_of(spec, to, profile, region)
    with failures_in_words():
        for line in read_logs(where.connect, spec.name, start, follow=follow, pattern=pattern):
            at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(line.at / 1000))
            say(f"{at}.{line.at % 1000:03}Z {line.stream} {line.message}")


command = Command(logs, _takes)
