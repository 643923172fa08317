"""The network of `network.yaml` with a patch merged in, proved; and what its fixes come to."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "pages"))

from fragments import merged, template

from natless import load
from natless.finding import Finding
from natless.prove import Proof, prove

HERE = Path(__file__).parent
REGION, ACCOUNT = "eu-west-1", "111122223333"
PLAIN = dict.fromkeys(
    ("image-source", "ecr.api", "ecr.dkr", "s3-layers", "logs", "internet->alb", "alb->task"), "reachable"
) | {"task->internet": "blocked"}


def network(patch: str = "") -> dict[str, Any]:
    """Give the network with `patch`, YAML: objects merge, null takes away, anything else replaces."""
    whole = template((HERE / "network.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = merged(whole, {"Resources": template(patch)})
    waits = found["Resources"]["Service"]["DependsOn"]
    found["Resources"]["Service"]["DependsOn"] = [name for name in waits if name in found["Resources"]]
    return found


def proof(whole: dict[str, Any], region: str | None = REGION, **parameters: str) -> Proof:
    """Prove a template that is held as data."""
    text = json.dumps(whole, indent=1, default=str)
    return prove(load.cloudformation(text, "network.yaml", parameters, region, ACCOUNT if region else None))


def said(found: Proof) -> dict[str, str]:
    """Give each need's verdict, in one word."""
    return {verdict.need: type(verdict.outcome).__name__.lower() for verdict in found.verdicts}


def mended(whole: dict[str, Any], finding: Finding) -> dict[str, Any]:
    """Give the template with what a finding prints merged in, edges added to those that are there."""
    assert finding.fix is not None
    changed = copy.deepcopy(whole)
    for name, change in template(finding.fix.text)["Resources"].items():
        there = changed["Resources"].setdefault(name, {})
        there["DependsOn"] = [*there.get("DependsOn", []), *change.pop("DependsOn", [])]
        changed["Resources"][name] = merged(there, change | {"Properties": {}})
        changed["Resources"][name].setdefault("Properties", {}).update(change.get("Properties", {}))
    return changed
