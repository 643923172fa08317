"""Changed stacks are what fresh ones would be, and every resource that fails is named and rolled back.

What is expected comes from the account's own describe calls, of a stack that was never changed (CloudFormation user
guide, "Update behaviors of stack resources": an update ends with what the template says), and from before a failure.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.options import OPTIONS

HERE = Path(__file__).parent
PAIRS = 5


def said(*arguments: str) -> list[str]:
    """Run a program in a process of its own, since the account takes its process's surroundings; give its lines."""
    done = subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout.splitlines()


def test_what_was_changed_is_what_would_be_made_anew() -> None:
    lines = said(str(HERE / "compare.py"), "--pairs", str(PAIRS), "--seed", "1000")
    assert lines[-1].startswith(f"{PAIRS} pairs, 0 with a difference"), "\n".join(lines)


def test_combinations_of_all_options_are_clean_and_proved() -> None:
    lines = said(str(HERE / "options.py"), "--combinations", "4", "--seed", "7000")
    assert lines[-1].startswith("0 options alone, 4 combinations: 0 with a fault"), "\n".join(lines)


def test_what_was_just_made_has_not_drifted() -> None:
    lines = said(str(HERE / "drift.py"))
    assert lines[-1].startswith(f"{len(OPTIONS)} options, 0 with a drift"), "\n".join(lines)


@pytest.mark.parametrize("way", ["creation", "update"])
@pytest.mark.parametrize("spec", ["hello", "options"])
def test_each_resource_that_fails_is_named_and_all_is_as_before(spec: str, way: str) -> None:
    lines = said(str(HERE / "each_resource.py"), spec, way)
    assert lines == ["done"], "\n".join(lines)
