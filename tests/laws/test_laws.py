"""Laws of the proof that hold for every Cloud."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

import worlds
from holes import holes

from natless.cloud import Cloud, GroupRule
from natless.finding import Blocked, Reachable, Unknown
from natless.prove import prove

anywhere = worlds.clouds() | worlds.clouds_on_instances()
lawful = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def kinds(cloud: Cloud) -> dict[str, type]:
    return {verdict.need: type(verdict.outcome) for verdict in prove(cloud).verdicts}


@lawful
@given(
    anywhere,
    st.sampled_from(worlds.GROUPS),
    st.booleans(),
    worlds.group_rule("more"),
)
def test_another_allow_rule_never_blocks(cloud: Cloud, name: str, ingress: bool, rule: GroupRule) -> None:  # noqa: FBT001
    group = cloud.security_groups[name]
    side = "ingress" if ingress else "egress"
    more = msgspec.structs.replace(group, **{side: (*getattr(group, side), rule)})
    wider = msgspec.structs.replace(cloud, security_groups={**cloud.security_groups, name: more})
    before, after = kinds(cloud), kinds(wider)
    assert {need for need, kind in before.items() if kind is Reachable} <= {
        need for need, kind in after.items() if kind is Reachable
    }


def backwards(value: Any) -> Any:
    """Turn every list and every collection round. ACL entries keep their numbers, and routes their destinations."""
    match value:
        case Mapping():
            return {key: backwards(inner) for key, inner in reversed(list(value.items()))}
        case tuple():
            return tuple(backwards(inner) for inner in reversed(value))
        case msgspec.Struct():
            fields = {name: backwards(getattr(value, name)) for name in value.__struct_fields__}
            return type(value)(**fields)
        case _:
            return value


@lawful
@given(anywhere)
def test_the_order_of_lists_never_matters(cloud: Cloud) -> None:
    assert kinds(cloud) == kinds(backwards(cloud))


@lawful
@given(anywhere, st.data())
def test_reading_more_only_resolves_what_is_unknown(cloud: Cloud, data: st.DataObject) -> None:
    """So the other way round: what is read less is unknown, or the verdict did not lean on it."""
    whole = kinds(cloud)
    where, holed = data.draw(st.sampled_from(list(holes(cloud))))
    for need, kind in kinds(holed).items():
        assert kind in {Unknown, whole.get(need, kind)}, f"{need} is {kind.__name__} without {where}"


@lawful
@given(anywhere)
def test_every_blocked_need_has_its_finding_at_its_gate(cloud: Cloud) -> None:
    proof = prove(cloud)
    found = {(finding.rule, finding.subject) for finding in proof.findings}
    for verdict in proof.verdicts:
        if isinstance(verdict.outcome, Blocked) and not verdict.kept:
            assert (verdict.outcome.rule, verdict.outcome.gate.element) in found
