"""Two accounts that others recorded in 2020, in ../shared/captures beside the project: they are not part of it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

CAPTURES = Path(__file__).parents[2] / "shared" / "captures"
GATEWAY = "test-vpc-endpoint-gateway"
INTERFACE = "test-vpc-endpoint-interface"


def snapshot(name: str) -> dict[str, Any]:
    """Give a recorded account's describe JSON, merged."""
    merged: dict[str, Any] = {}
    for file in sorted((_folder(name) / "us-east-1").iterdir()):
        merged |= json.loads(file.read_text())
    return merged


def flows(name: str) -> list[dict[str, Any]]:
    """Give what the project that recorded an account expects of flows in it."""
    found: list[dict[str, Any]] = json.loads((_folder(name) / "expected-flows.json").read_text())["flows"]
    return found


def _folder(name: str) -> Path:
    folder = CAPTURES / name
    if folder.is_dir():
        return folder
    said = f"the recorded accounts are not at {folder}: they lie in ../shared/captures beside the project"
    # Where they belong, their absence is a fault; a newcomer has never had them, and is told what was not tested.
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)
