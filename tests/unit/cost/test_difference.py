"""What a change costs by the month. By hand from the price list of us-east-1, as in test_cost and test_instances."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.cost.specs import cloud

from natless.cost import Changed, difference, estimate


def changed(before: str, after: str, region: str = "us-east-1") -> tuple[Changed, ...]:
    return difference(estimate(cloud(before, region)), estimate(cloud(after, region))).changed


def test_the_same_costs_the_same() -> None:
    found = difference(estimate(cloud()), estimate(cloud()))
    assert (found.before, found.after, found.more, found.changed) == (
        Decimal("76.54"),
        Decimal("76.54"),
        Decimal("0.00"),
        (),
    )


def test_what_is_new_is_added_and_what_is_free_is_not_told() -> None:
    found = difference(None, estimate(cloud()))
    assert (found.before, found.more) == (None, Decimal("76.54"))
    assert {each.resource for each in found.changed} == {
        "EcrApiEndpoint",
        "EcrDkrEndpoint",
        "LogsEndpoint",
        "Alb",
        "WebService",
    }


def test_a_larger_task_and_more_of_them() -> None:
    # 730 x (0.04048 + 2 x 0.004445) = 36.04
    assert changed("", "cpu = 1024\nmemory = 2048") == (
        Changed("WebService", "Fargate tasks", Decimal("9.01"), Decimal("36.04")),
    )
    assert changed("", "count = { min = 1, max = 3, cpu = 60 }") == (
        Changed("WebService", "Fargate tasks", Decimal("9.01"), Decimal("9.01"), Decimal("27.03")),
    )


def test_from_fargate_to_instances() -> None:
    found = difference(estimate(cloud()), estimate(cloud('launch = "ec2"\ninstance = "t3.small"')))
    # Three endpoints 43.80, t3.small 15.18, its volume 2.40, less the task's 9.01.
    assert found.more == Decimal("52.37")
    assert {(each.resource, each.before, each.after) for each in found.changed} == {
        ("EcsEndpoint", None, Decimal("14.60")),
        ("EcsAgentEndpoint", None, Decimal("14.60")),
        ("EcsTelemetryEndpoint", None, Decimal("14.60")),
        ("WebHosts", None, Decimal("15.18")),
        ("WebHosts", None, Decimal("2.40")),
        ("WebService", Decimal("9.01"), None),
    }


def test_a_nat_gateway_in_each_zone() -> None:
    found = changed("", "\n[network]\nnat = true")
    assert {(each.resource, each.after) for each in found} == {
        ("NatGateway1", Decimal("36.50")),
        ("NatGateway2", Decimal("36.50")),
    }


def test_what_has_no_price_is_said_and_not_counted() -> None:
    found = difference(None, estimate(cloud(region="sa-east-1")))
    assert (found.after, found.unpriced) == (Decimal(0), 5)
    assert all(each.after is None and "sa-east-1" in each.why for each in found.changed)
