"""docs/coverage.md answers each of the reference architecture's 15 lines, and the tests that it names are there."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parents[3]
TEXT = (TOP / "docs" / "coverage.md").read_text("utf-8")


def rows() -> list[list[str]]:
    """The rows of the first table, without its head."""
    table = TEXT.partition("| line of the architecture |")[2].partition("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table.splitlines()[2:]]


def test_every_line_of_the_reference_has_a_row_and_a_test() -> None:
    assert len(rows()) == 15
    for line, does, shown in rows():
        assert line
        assert does
        assert re.search(r"`tests/[^`]+`", shown), line


def test_what_is_named_is_there() -> None:
    named = re.findall(r"`((?:tests|examples|tools|src|docs|lab|catalog)/[^`*{ ]+)`", TEXT)
    places = (TOP, TOP / "src" / "natless")
    assert [each for each in named if not any((place / each).exists() for place in places)] == []
    assert len(named) > 30


def test_pages_that_documents_link_are_there() -> None:
    for document in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        links = re.findall(r"\]\(([^)#:]+)\)", document.read_text("utf-8"))
        assert [link for link in links if not (document.parent / link).exists()] == [], document.name
