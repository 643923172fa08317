"""A change in place: nothing passes that neither the old nor the new network allows, nothing that both do is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def seen(run: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = run("scenario_fabric_reapply.py")
    return found


def test_what_neither_allows_never_passes(seen: dict[str, Any]) -> None:
    assert len(seen["within"]) == 12
    assert min(seen["within"]) >= 10
    assert seen["never"] == 0


def test_what_both_allow_is_never_lost(seen: dict[str, Any]) -> None:
    assert seen["always"] == seen["sent"]
    assert seen["kept"] is True
