"""A plan as a person reads it, by hand."""

from __future__ import annotations

import json
from decimal import Decimal

from natless.cost import Changed, Difference
from natless.deploy.plan import Plan
from natless.deploy.progress import Change, Changes, PropertyChange, Unchanged
from natless.deploy.reach import Turn
from natless.report.paint import Paint
from natless.report.plan_text import plan_json, plan_text

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
REPLACED = Change("Modify", "Alb", BALANCER, "a", "True", (PropertyChange("Scheme", "Always", "x", "y"),))
GONE = Change("Remove", "Old", "AWS::Logs::LogGroup", "old-1", "", (), "Delete")
OPENED = Turn("web", "logs", "blocked", "reachable", "by the endpoint", kept=True, drift=False)
DRIFTED = Turn("web", "ssm", "blocked", "reachable", "the group is shut", kept=True, drift=True)
CHANGING = Plan(
    "hello",
    (Unchanged("hello-images"), Changes("hello", "set", "UPDATE", (REPLACED, GONE))),
    (),
    (OPENED, DRIFTED),
    (),
    ("the image of web is taken as it stands",),
    Difference(
        "us-east-1",
        730,
        Decimal("76.54"),
        Decimal("125.03"),
        1,
        (
            Changed("WebHosts", "instances t3.small", None, Decimal("15.18"), Decimal("30.37")),
            Changed("WebService", "Fargate tasks", Decimal("9.01"), None),
            Changed("Nlb", "network load balancer", None, None, None, "no price of a network load balancer is held"),
        ),
    ),
)


def test_what_changes_is_shown_with_its_cost_and_with_what_it_opens() -> None:
    assert plan_text(CHANGING, Paint(on=False)).splitlines() == [
        "hello-images: nothing to change",
        "hello: update, 2 changes",
        f"  ~ {'Alb':<36} {BALANCER} replaced",
        "      Scheme: x → y",
        "      its DNS name, and so the URL, changes",
        f"  - {'Old':<36} AWS::Logs::LogGroup",
        "      lost: its log events",
        "what becomes of reachability",
        "  web logs            blocked → reachable: by the endpoint",
        "changed past the stack, and not mended by a deploy",
        "  web ssm             blocked → reachable: the group is shut",
        "what it costs by the month: +48.49 USD, from 76.54 to 125.03, and what has no price (1)",
        "     +15.18  WebHosts: instances t3.small (to 30.37 scaled out)",
        "      -9.01  WebService: Fargate tasks",
        "          ?  Nlb: network load balancer: no price of a network load balancer is held",
        "the image of web is taken as it stands",
    ]


def test_the_json_says_whether_there_is_anything_to_do() -> None:
    found = json.loads(plan_json(CHANGING))
    assert (found["name"], found["nothing"]) == ("hello", False)
    assert [each["event"] for each in found["stacks"]] == ["unchanged", "changes"]
    assert found["turns"][1]["drift"] is True
    assert (found["cost"]["before"], found["cost"]["after"], found["cost"]["changed"][0]["after"]) == (
        "76.54",
        "125.03",
        "15.18",
    )
    still = Plan("hello", (Unchanged("hello-images"), Unchanged("hello")), (), (), (), ())
    assert json.loads(plan_json(still))["nothing"] is True
