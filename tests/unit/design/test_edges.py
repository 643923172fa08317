"""Hello's edges are those that docs/decisions.md lists with what AWS does without each."""

from __future__ import annotations

import re
from pathlib import Path

from natless import design
from natless.spec.model import Network, Service, Spec

DECISIONS = Path(__file__).parents[3] / "docs" / "decisions.md"
ROW = re.compile(r"^\| `(\w+)` \| `(\w+)` \| ..", re.MULTILINE)


def test_every_edge_is_listed_with_what_happens_without_it() -> None:
    service = Service("web", ".", None, 8080, public=True, health="/healthz")
    resources = design.write(Spec("t", "hello", None, Network(), (service,), {})).main["Resources"]
    edges = {(id_, wait) for id_, element in resources.items() for wait in element.get("DependsOn", [])}
    listed = ROW.findall(DECISIONS.read_text(encoding="utf-8"))
    assert set(listed) == edges
    assert len(listed) == len(edges)
