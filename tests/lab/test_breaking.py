"""Each kind of `lab break`: a new task meets it, `check` names it, packets say where they died, and mending is exact.

Expected by hand: texts are ECS's own (facts in catalog/ecs_errors.py), gates follow from hello's design.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

pytestmark = pytest.mark.lab


class Meets(NamedTuple):
    """What is met: the need and rule that `check` names, the gate at which packets die ("" where they arrive), and
    ECS's words for a new task ("" where it starts)."""

    need: str
    rule: str
    gate: str
    words: str


EXPECTED = {
    "s3": Meets("s3-layers", "NL202", "route rtb-", "failed to copy: httpReadSeeker: failed open"),
    # It has no subnets any more: it still captures the name of its service, which then stands for nothing.
    "endpoint:logs": Meets("logs", "NL407", "name vpc-", "failed to validate logger args"),
    "rule": Meets("ecr.api", "NL303", "security-group-ingress sg-", "i/o timeout"),
    # The main route table leads nowhere but within the VPC.
    "route": Meets("s3-layers", "NL202", "route rtb-", "failed to copy: httpReadSeeker: failed open"),
    # Visitors are not answered; a task needs no such route.
    "route:visitors": Meets("internet->alb", "NL205", "route rtb-", ""),
    "private-dns": Meets("ecr.api", "NL103", "security-group-egress sg-", "i/o timeout"),
    "dns": Meets("ecr.dkr", "NL101", "name vpc-", "lookup "),
    "nacl": Meets("s3-layers", "NL304", "network-acl-out acl-", "failed to copy: httpReadSeeker: failed open"),
    # The endpoints' interfaces in the task's own subnet answer yet; layers come from outside of it.
    "zone": Meets("s3-layers", "NL304", "network-acl-out acl-", "failed to copy: httpReadSeeker: failed open"),
    # No account shows how long a service takes to answer: what a task has met does, and leaves the need open.
    "slow": Meets("ecr.api", "NL408", "answer vpce-", "timeout awaiting response headers"),
    # Packets pass: it is the request that is refused.
    "policy": Meets("s3-layers", "NL402", "endpoint-policy vpce-", "403 Forbidden"),
    "role": Meets("ecr.api", "NL502", "identity arn:aws:iam::", "AccessDeniedException"),
}
KINDS = sorted(EXPECTED)
LIVED = ["slow"]


@pytest.fixture(scope="module")
def seen(whole: Callable[[str], Any]) -> dict[str, Any]:
    found: dict[str, Any] = whole("scenario_breaking.py")
    return found


def said(check: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(check[1][check[1].index("{") :])
    return found


def blocked(check: list[Any]) -> dict[str, str]:
    found = said(check)
    no = [each for each in found["verdicts"] if each["verdict"] == "blocked" and each["need"] != "task->internet"]
    return {each["need"]: each["rule"] for each in no}


@pytest.mark.parametrize("kind", KINDS)
def test_check_names_it(kind: str, seen: dict[str, Any]) -> None:
    expected = EXPECTED[kind]
    check = seen["kinds"][kind]["check"]
    if kind in LIVED:
        assert check[0] == 3
        assert blocked(check) == {}
        assert open_needs(check) == {expected.need}
        [finding] = [each for each in said(check)["findings"] if each["rule"] == expected.rule]
        assert finding["severity"] == "warning"
        assert finding["subject"].startswith("vpce-")
        assert finding["subject"] in seen["kinds"][kind]["trace"][1]
        assert expected.words in finding["symptom"]
        return
    assert check[0] == 1
    assert blocked(check).get(expected.need, "") == expected.rule


def open_needs(check: list[Any]) -> set[str]:
    return {each["need"] for each in said(check)["verdicts"] if each["verdict"] == "unknown"}


@pytest.mark.parametrize("kind", LIVED)
def test_a_task_that_starts_takes_back_what_others_met(kind: str, seen: dict[str, Any]) -> None:
    ran, check = seen["kinds"][kind]["well"]
    assert ran[0] == 0
    assert check[0] == 0, check[1]
    assert said(check)["findings"] == []


@pytest.mark.parametrize("kind", KINDS)
def test_packets_say_where_they_died(kind: str, seen: dict[str, Any]) -> None:
    expected = EXPECTED[kind]
    code, text = seen["kinds"][kind]["trace"]
    assert code == (1 if expected.gate else 0), text
    shut = [each for each in json.loads(text)["ways"] if not each["open"]]
    assert bool(shut) is bool(expected.gate)
    assert all(f"{each['gate']} {each['element']}".startswith(expected.gate) for each in shut), text
    assert all(not each["hops"][-1]["passed"] for each in shut)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_task_meets_it_in_the_words_of_ecs(kind: str, seen: dict[str, Any]) -> None:
    expected = EXPECTED[kind]
    code, text = seen["kinds"][kind]["ran"]
    assert code == (4 if expected.words else 0), text
    assert expected.words in text


@pytest.mark.parametrize("kind", KINDS)
def test_mending_is_exact(kind: str, seen: dict[str, Any]) -> None:
    found = seen["kinds"][kind]
    assert found["mended"][0] == 0
    assert found["mended"][1].startswith("mended: ")
    assert found["differs"] == []
    assert found["traced again"][0] == 0, found["traced again"][1]


def test_several_are_mended_the_last_first(seen: dict[str, Any]) -> None:
    code, text = seen["several"]
    assert code == 0
    assert [line.split()[1][:4] for line in text.splitlines()] == ["DNS", "sgr-", "vpce"]
    assert seen["checked"][0] == 0
    assert seen["ran"][0] == 0
    assert seen["destroyed"][0] == 0


def test_what_cannot_be_broken_or_traced_is_said(seen: dict[str, Any]) -> None:
    assert {line.split()[0] for line in seen["listed"][1].splitlines()} == {kind.partition(":")[0] for kind in KINDS}
    assert seen["nothing of that name"][0] == 4
    assert "ecr.api, ecr.dkr, logs" in seen["nothing of that name"][1]
    assert "did you mean nacl?" in seen["no such kind"][1]
    assert "did you mean web?" in seen["no such task"]
    assert "did you mean ecr.api?" in seen["no such need"]


def test_the_way_is_told_hop_by_hop(seen: dict[str, Any]) -> None:
    code, text = seen["text"]
    assert code == 0
    assert re.search(r"eni-[0-9a-f]+ to 10\.0\.\d+\.\d+:8080", text)
    assert re.search(r"ok +connection +tcp 10\.0\.\d+\.\d+:8080 connected", text)
