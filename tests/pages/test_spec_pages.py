"""The pages of the spec's rules prove themselves: the bad file has that one problem, the good one none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import natless.finding
from natless.finding.rules import RULES, Rule
from natless.spec.read import SpecError, read

PAGES = Path(natless.finding.__file__).with_name("pages")
SPEC_RULES = [rule for rule in RULES if rule.code.startswith("NL0")]


def toml(rule: Rule, kind: str) -> str:
    text = (PAGES / f"{rule.code}.md").read_text(encoding="utf-8")
    [found] = re.findall(rf"^```toml {kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.mark.parametrize("rule", SPEC_RULES, ids=lambda rule: str(rule.code))
def test_the_bad_file_has_that_problem_and_no_other(rule: Rule) -> None:
    with pytest.raises(SpecError) as caught:
        read(toml(rule, "bad"), "natless.toml")
    assert [(found.rule, found.name) for found in caught.value.findings] == [(rule.code, rule.name)]


@pytest.mark.parametrize("rule", SPEC_RULES, ids=lambda rule: str(rule.code))
def test_the_good_file_can_be_read(rule: Rule) -> None:
    assert read(toml(rule, "good"), "natless.toml").services
