"""The whole of hello's two templates, as text: a change of design is seen in the diff.

Refresh both files: `NATLESS_GOLDEN=refresh make test ARGS=tests/golden`
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from natless import design
from natless.spec.read import read

HERE = Path(__file__).parent
HELLO = HERE.parent.parent / "examples" / "hello" / "natless.toml"


@pytest.mark.parametrize("stack", ["images", "main"])
def test_hello_is_designed_as_before(stack: str) -> None:
    designed = design.write(read(HELLO.read_text(encoding="utf-8"), "examples/hello/natless.toml"))
    template = designed.images if stack == "images" else designed.main
    assert template is not None
    text = design.text(template)
    golden = HERE / f"hello.{stack}.json"
    if os.environ.get("NATLESS_GOLDEN") == "refresh":
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
