"""Where a fact came from, and what could not be read."""

from __future__ import annotations

import msgspec


class Origin(msgspec.Struct, frozen=True):
    """Where a fact came from.

    `source` is the file as the person named it, or an ARN, or `aws:REGION`; `line` counts from 1 and
    is None where the source has no lines (describe JSON, a live account); `resource` is the logical
    id, physical id or Terraform address the fact belongs to. `name` is what people call a thing of an account: the
    logical id by which CloudFormation made it, else its Name tag, "" where it has neither.
    """

    source: str
    line: int | None = None
    resource: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Give `file:line`, the form editors and terminals make clickable."""
        return f"{self.source}:{self.line}" if self.line is not None else self.source


class Gap(msgspec.Struct, frozen=True):
    """Something that could not be read. It makes verdicts *unknown*, never *fine* and never *absent*.

    `what` names the missing fact (`Vpc.EnableDnsSupport`), `why` says what kept it from being read
    (`parameter DnsSupport has no default: give --param DnsSupport=...`).
    """

    what: str
    origin: Origin
    why: str
