"""What a person reads, by hand."""

from __future__ import annotations

from natless.finding import Blocked, Finding, Fix, Gap, Gate, Hop, Origin, Path, Reachable, Severity, Unknown, Verdict
from natless.report.check_json import overall
from natless.report.check_text import check_text
from natless.report.difference import difference
from natless.report.paint import Paint

ARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
HERE = Origin("t.yaml", 7, "Group")
REACHABLE = Verdict(
    "Task", "logs", Reachable(Path((Hop("name", "Vpc", "", HERE), Hop("route", "Table", "", HERE)))), "", kept=True
)
KEPT = Verdict(
    "Task", "task->internet", Blocked(Path(), Gate("route", "Table", HERE), "NL201", "no route"), "no route", kept=True
)
BROKEN = Verdict("Task", "ecr.api", Blocked(Path(), Gate("route", "Table", HERE), "NL401", "gone"), "gone", kept=False)
OPEN = Verdict("Task", "s3-layers", Unknown((Gap("Policy", HERE, "not read"),)), "not read", kept=False)


def test_only_what_differs_is_shown() -> None:
    before = '[{"Name": "web", "Image": "a@sha256:1", "Ports": [80]}]'
    after = '[{"Name": "web", "Image": "a@sha256:2", "Ports": [80, 81]}]'
    assert difference("Containers", before, after) == [
        "Containers[0].Image: a@sha256:1 → a@sha256:2",
        "Containers[0].Ports[1]: (none) → 81",
    ]
    assert difference("Cpu", "256", "512") == ["Cpu: 256 → 512"]
    assert difference("Policy", "", "") == ["Policy"]
    assert len(difference("Text", "", "x" * 500)[0]) < 200


def test_the_worst_of_what_was_promised_counts() -> None:
    assert overall(()) == "unknown"
    assert overall((REACHABLE, KEPT)) == "reachable"
    assert overall((REACHABLE, OPEN)) == "unknown"
    assert overall((REACHABLE, OPEN, BROKEN)) == "blocked"


def test_a_finding_has_its_place_its_symptom_and_its_fix() -> None:
    finding = Finding(
        "NL401", "endpoint-missing", Severity.ERROR, "Table", HERE, "gone", "you wait", Fix("cli", "aws a\naws b")
    )
    said = check_text("t.yaml", (BROKEN, OPEN), (finding,), (Gap("Policy", HERE, "not read"),), Paint(on=False))
    assert "t.yaml:7: error NL401 endpoint-missing (Table)\n    gone\n    you will see: you wait\n" in said
    assert "    to mend it: aws a\n                aws b\n" in said
    assert "  unknown    s3-layers       t.yaml:7: Policy: not read\n" in said
    assert "t.yaml:7: Policy: not read" in said
    assert said.endswith("t.yaml: blocked: 0 of 2 promises hold, 1 finding")


def test_things_of_an_account_are_called_by_name_and_fixes_stay_to_be_typed() -> None:
    table = Origin("aws:eu-west-1", resource="rtb-0a1b")
    finding = Finding(
        "NL201",
        "route-missing",
        Severity.ERROR,
        "rtb-0a1b",
        table,
        "rtb-0a1b has no route",
        "",
        Fix("cli", "aws rtb-0a1b"),
    )
    hops = (Hop("name", "vpc-01", "", table), Hop("route", "rtb-0a1b", "", table), Hop("identity", ARN, "", table))
    way = Verdict("td:1", "logs", Reachable(Path(hops)), "", kept=True)
    called = {"rtb-0a1b": "PrivateTable", "vpc-01": "Vpc"}
    said = check_text("aws:c/s", (way,), (finding,), (), Paint(on=False), called=called)
    assert "logs            Vpc → PrivateTable → app/web/50dc6c495c0c9188" in said
    assert "NL201 route-missing (rtb-0a1b, PrivateTable)\n    rtb-0a1b (PrivateTable) has no route" in said
    assert "to mend it: aws rtb-0a1b\n" in said


def test_colour_adds_nothing_but_colour() -> None:
    plain = check_text("t.yaml", (REACHABLE, KEPT, BROKEN), (), (), Paint(on=False))
    colour = check_text("t.yaml", (REACHABLE, KEPT, BROKEN), (), (), Paint(on=True))
    for code in ("\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[0m"):
        assert code in colour
        colour = colour.replace(code, "")
    assert colour == plain
