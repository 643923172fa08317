"""Templates are written in the tests as YAML, so that a test shows its whole network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import dedent

import pytest

from natless.cloud import Cloud
from natless.load import LoadError, cloudformation

Read = Callable[..., Cloud]
Refused = Callable[..., list[tuple[int | None, str, str]]]


@pytest.fixture
def read() -> Read:
    """Read Resources written in YAML (or, with `whole`, a whole template)."""

    def reading(
        text: str,
        parameters: Mapping[str, str] | None = None,
        region: str | None = None,
        account: str | None = None,
        *,
        whole: bool = False,
    ) -> Cloud:
        body = dedent(text)
        source = body if whole else "Resources:\n" + "".join(f"  {line}\n" for line in body.splitlines())
        return cloudformation(source, "t.yaml", parameters or {}, region, account)

    return reading


@pytest.fixture
def refused(read: Read) -> Refused:
    """Give line, rule and message of each problem of a template that must be refused."""

    def refusing(*arguments: object, **options: object) -> list[tuple[int | None, str, str]]:
        with pytest.raises(LoadError) as raised:
            read(*arguments, **options)
        return [(finding.origin.line, finding.rule, finding.message) for finding in raised.value.findings]

    return refusing
