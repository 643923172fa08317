"""Proof and packets agree on random networks, verdict and gate; and they would not, were there a bug in either.

Expectations come from neither side: each judges the other. What the comparison can find is shown by bugs put in on
purpose (`bugs.py`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import bugs
import driving
from judging import Figures, judge

pytestmark = pytest.mark.lab
COUNT = 300


@pytest.fixture(scope="module")
def packets() -> Iterator[driving.Packets]:
    side = driving.Packets()
    yield side
    side.close()


@pytest.fixture(scope="module")
def seen(packets: driving.Packets) -> dict[int, dict[str, Any]]:
    """What packets met in the networks in which bugs must show, for the proofs that have one."""
    numbers = sorted({number for bug in bugs.BUGS.values() if not bug.packets for number in bug.among})
    found = list(driving.compare(packets, numbers, Figures()))
    assert [line for _, _, lines in found for line in lines] == []
    return {number: each for number, each, _ in found}


def test_proof_and_packets_agree(packets: driving.Packets, record_testsuite_property: Any) -> None:
    start, figures = time.monotonic(), Figures()
    numbers = [*driving.kept(), *range(COUNT)]
    found = [line for _, _, lines in driving.compare(packets, numbers, figures) for line in lines]
    said = "\n".join([*figures.lines(), f"{time.monotonic() - start:.0f} s"])
    record_testsuite_property("differential", said)
    sys.__stderr__.write(f"\n{said}\n")  # type: ignore[union-attr] # the figures are printed, whatever pytest captures
    assert found == []
    # Both words and all gates that a network has were met, and what is left to AWS's choice is rare.
    assert {
        "name",
        "security-group-egress",
        "network-acl-out",
        "route",
        "network-acl-in",
        "security-group-ingress",
        "endpoint-policy",
    } <= (set(figures.gates))
    said_of = figures.verdicts
    assert said_of["unknown, as another DNS server answers"]
    assert min(said_of["reachable"], said_of["blocked"]) > COUNT
    assert sum(count for kind, count in said_of.items() if "chooses" in kind) < sum(said_of.values()) / 100


@pytest.mark.parametrize("name", bugs.BUGS)
def test_a_bug_is_found(name: str, packets: driving.Packets, seen: dict[int, dict[str, Any]]) -> None:
    bug = bugs.BUGS[name]
    for number in bug.among:
        if bug.packets:
            if judge(packets.see(number, name, thorough=True), Figures()):
                return
            continue
        with bugs.seeded(name):
            if judge(seen[number], Figures()):
                return
    pytest.fail(f"not found in {len(bug.among)} networks: {name} ({bug.room})")


def test_each_room_has_four_bugs() -> None:
    assert all(sum(bug.room == room for bug in bugs.BUGS.values()) >= 4 for room in bugs.ROOMS)
