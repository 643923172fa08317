"""What it costs by the month. Expected sums by hand from AWS's price list as published for 2026-09 to 2026-10:

us-east-1: interface endpoint 0.01 a zone and hour, NAT gateway 0.045 an hour and a GB, public IPv4 0.005 an hour, ALB
0.0225 an hour, Fargate Linux x86 0.04048 a vCPU-hour and 0.004445 a GB-hour, ARM 0.03238 and 0.00356; 730 hours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.typed import typed

from natless import load
from natless.cloud import Cloud
from natless.cost import BreakEven, Line, break_even, estimate
from natless.finding import Gap

GOLDEN = Path(__file__).parents[2] / "golden" / "hello.main.json"
HELLO = Path(__file__).parents[3] / "examples" / "hello"
Change = Callable[[dict[str, Any]], object]


def cloud(*changes: Change, region: str = "us-east-1") -> Cloud:
    template = json.loads(GOLDEN.read_text(encoding="utf-8"))
    for change in changes:
        change(template["Resources"])
    parameters = {"WebImageDigest": "sha256:0", "S3PrefixListId": "pl-63a5400a"}
    return load.cloudformation(json.dumps(template), "hello.json", parameters, region, "123456789012")


def lines(found: Cloud) -> dict[str, Line]:
    return {line.resource: line for line in estimate(found).lines}


def more_endpoints(resources: dict[str, Any]) -> None:
    for service in ("ecs", "ecs-agent", "ecs-telemetry"):
        like = json.loads(json.dumps(resources["LogsEndpoint"]))
        like["Properties"]["ServiceName"] = {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"}
        resources[f"{service.title().replace('-', '')}Endpoint"] = like


def nat_gateways(number: int) -> Change:
    def add(resources: dict[str, Any]) -> None:
        for zone in range(1, number + 1):
            subnet = {"SubnetId": {"Ref": f"PublicSubnet{zone}"}}
            resources[f"Nat{zone}"] = {"Type": "AWS::EC2::NatGateway", "Properties": subnet}

    return add


def task(**properties: Any) -> Change:
    return lambda resources: resources["WebTaskDefinition"]["Properties"].update(properties)


def of_kind(found: Cloud, word: str) -> Decimal:
    return sum((line.usd for line in estimate(found).lines if word in line.what and line.usd), Decimal(0))


def test_endpoints_and_nat_gateways_to_the_cent() -> None:
    assert of_kind(cloud(), "interface endpoint") == Decimal("43.80")
    assert of_kind(cloud(more_endpoints), "interface endpoint") == Decimal("87.60")
    assert of_kind(cloud(nat_gateways(1)), "NAT") == Decimal("36.50")
    assert of_kind(cloud(nat_gateways(2)), "NAT") == Decimal("73.00")


def test_three_endpoints_break_even_with_one_nat_gateway_near_162_gb() -> None:
    # By hand: 7.30 more by the month, at 0.045 a GB.
    assert break_even(cloud(), 1) == BreakEven(
        3, 2, Decimal("43.80"), 1, Decimal("36.50"), Decimal("0.045"), Decimal("162.2")
    )
    against_two = break_even(cloud(), 2)
    assert against_two is not None
    assert (against_two.nats_usd, against_two.gb) == (Decimal("73.00"), None)


def test_a_load_balancer_has_an_address_in_each_zone() -> None:
    # 730 x (0.0225 + 2 x 0.005) = 23.725
    assert lines(cloud())["Alb"].usd == Decimal("23.73")
    internal: Change = lambda resources: resources["Alb"]["Properties"].update(Scheme="internal")  # noqa: E731
    assert lines(cloud(internal))["Alb"].usd == Decimal("16.43")


@pytest.mark.parametrize(
    ("properties", "usd"),
    [
        ({}, "9.01"),  # 730 x (0.25 x 0.04048 + 0.5 x 0.004445)
        ({"Cpu": ".25 vCPU", "Memory": "0.5 GB"}, "9.01"),
        ({"Cpu": "1024", "Memory": "2048"}, "36.04"),  # 730 x (0.04048 + 2 x 0.004445)
        ({"RuntimePlatform": {"CpuArchitecture": "ARM64"}}, "7.21"),  # 730 x (0.25 x 0.03238 + 0.5 x 0.00356)
    ],
)
def test_a_fargate_task_by_its_size(properties: dict[str, Any], usd: str) -> None:
    assert lines(cloud(task(**properties)))["WebService"].usd == Decimal(usd)


def test_tasks_are_counted_and_scaled_ones_from_least_to_most() -> None:
    three: Change = lambda resources: resources["WebService"]["Properties"].update(DesiredCount=3)  # noqa: E731
    assert lines(cloud(three))["WebService"].usd == Decimal("27.03")

    def scaled(resources: dict[str, Any]) -> None:
        resources["WebService"]["Properties"].pop("DesiredCount", None)
        name = {"Fn::GetAtt": ["WebService", "Name"]}
        resources["Scaling"] = {
            "Type": "AWS::ApplicationAutoScaling::ScalableTarget",
            "Properties": {
                "ServiceNamespace": "ecs",
                "ScalableDimension": "ecs:service:DesiredCount",
                "ResourceId": {"Fn::Join": ["/", ["service", {"Ref": "Cluster"}, name]]},
                "MinCapacity": 2,
                "MaxCapacity": 10,
            },
        }

    found = lines(cloud(scaled))["WebService"]
    assert (found.usd, found.most) == (Decimal("18.02"), Decimal("90.10"))
    assert estimate(cloud(scaled)).most - estimate(cloud(scaled)).total == Decimal("72.08")


def test_logs_are_told_by_what_they_cost_and_flow_logs_apart() -> None:
    def flow_log(**properties: Any) -> Change:
        body = {"Type": "AWS::EC2::FlowLog", "Properties": {"ResourceType": "VPC", "ResourceId": {"Ref": "Vpc"}}}
        body["Properties"] = {**body["Properties"], **properties}  # type: ignore[dict-item]
        return lambda resources: resources.update(FlowLog=body)

    def logs(found: Cloud) -> list[tuple[str, Decimal | None]]:
        return [(each.what, each.usd) for each in estimate(found).traffic if "logs" in each.what]

    own = ("of containers' logs, taken in by CloudWatch Logs", Decimal("0.50"))
    assert logs(cloud()) == [own]
    assert logs(cloud(flow_log())) == [own, ("of flow logs, taken in by CloudWatch Logs", Decimal("0.50"))]
    assert logs(cloud(flow_log(LogDestinationType="s3", LogDestination="arn:aws:s3:::b"))) == [own]
    assert logs(cloud(region="eu-west-1")) == [(own[0], None)]


def test_a_private_namespace_is_a_hosted_zone_by_the_whole_month() -> None:
    properties = {"Name": "hello.internal", "Vpc": {"Ref": "Vpc"}}
    body = {"Type": "AWS::ServiceDiscovery::PrivateDnsNamespace", "Properties": properties}
    base = found = cloud(lambda resources: resources.update(Names=body))
    (named,) = base.billed
    assert lines(found)["Names"].usd == Decimal("0.50")
    assert {line.resource: line for line in estimate(found, 73).lines}["Names"].usd == Decimal("0.50")
    perhaps = msgspec.structs.replace(named, maybe=Gap("Names", named.origin, "its condition is not known"))
    assert lines(msgspec.structs.replace(base, billed=(perhaps,)))["Names"].usd is None


def test_what_has_no_price_says_so_and_is_never_nothing() -> None:
    found = lines(cloud(region="ap-northeast-2"))
    assert found["Alb"].usd is None
    assert "ap-northeast-2" in found["Alb"].why
    assert estimate(cloud(region="ap-northeast-2")).unpriced == 5
    assert break_even(cloud(region="ap-northeast-2"), 1) is None
    # A NAT gateway's hour is held for eu-central-1, its address is not: half a price is none.
    assert lines(cloud(nat_gateways(1), region="eu-central-1"))["Nat1"].usd is None
    unread = lines(cloud(task(Cpu={"Ref": "AWS::NoValue"})))["WebService"]
    assert unread.usd is None
    assert "WebTaskDefinition.Cpu" in unread.why


def test_the_command_says_it_as_text_and_as_json() -> None:
    said = typed("cost", str(HELLO), "--prices-of", "us-east-1", "--compare")
    assert said.exit_code == 0, said.output
    assert "until 162.2 GB a month" in said.output
    assert "Fargate Spot: 2.70 to 4.51" in said.output
    assert "take Fargate: it costs 44.05 less a month than EC2" in said.output
    done = typed("cost", str(HELLO), "--prices-of", "us-east-1", "--json", "--compare")
    answer = json.loads(done.stdout)
    assert answer["against_nat"]["break_even_gb"] == "162.2"
    assert answer["total"] == "76.54"
    assert [option["name"] for option in answer["options"]["WebService"]] == ["Fargate", "Fargate Spot", "EC2"]
    unknown = typed("cost", str(HELLO))
    assert unknown.exit_code == 3
    assert "--prices-of" in unknown.output
