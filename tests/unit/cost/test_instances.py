"""What instances cost, and the launch types side by side. Expected sums by hand from AWS's price list:

us-east-1, 2026-07: t3.small 0.0208 an hour, t3a.micro 0.0094, t4g.micro 0.0084, m7g.large 0.0816, g5.xlarge 1.006; gp3
0.08 a GB-month; eu-west-1: t3.small 0.0228, gp3 0.088. Fargate Linux x86 0.04048 a vCPU-hour and 0.004445 a GB-hour,
Spot 50 to 70 % off; interface endpoint 0.01 a zone and hour; 730 hours.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.unit.cost.specs import WEB, cloud

from natless import design, load
from natless.catalog.instance_prices import instance_hour
from natless.catalog.instance_types import instance_types
from natless.cloud import Cloud
from natless.cost import Line, Option, compare, estimate
from natless.finding import Gap
from natless.spec.read import read


def of(found: Cloud, word: str) -> Line:
    (line,) = (line for line in estimate(found).lines if word in line.what)
    return line


def options(found: Cloud) -> tuple[Option, ...]:
    return compare(found, found.services["WebService"])


def usd(least: str, most: str) -> tuple[Decimal, Decimal]:
    return Decimal(least), Decimal(most)


def test_instances_and_their_volumes_from_the_least_to_the_most() -> None:
    found = cloud('launch = "ec2"\ninstance = "t3.small"\ninstances = { min = 1, max = 3 }')
    machines, volumes = of(found, "instances t3.small"), of(found, "volumes")
    # 730 x 0.0208 = 15.184; 30 x 0.08 = 2.40
    assert (machines.usd, machines.most) == usd("15.18", "45.55")
    assert (volumes.usd, volumes.most) == usd("2.40", "7.20")
    # Six endpoints in two zones 87.60, an ALB with two addresses 23.725: 128.91 with one instance.
    assert estimate(found).total == Decimal("128.91")
    assert estimate(found).unpriced == 0


def test_as_many_instances_are_counted_as_the_tasks_need() -> None:
    # Two tasks on a t3.small, which has three interfaces: five tasks need three.
    found = cloud(
        'launch = "ec2"\ninstance = "t3.small"\ninstances = { min = 1, max = 6 }\n'
        "count = { min = 5, max = 8, cpu = 60 }"
    )
    assert (of(found, "instances t3.small").usd, of(found, "instances t3.small").most) == usd("45.55", "91.10")
    # On Docker's bridge memory bounds them: 1,792 MiB take three.
    bridge = cloud(
        'launch = "ec2"\ninstance = "t3.small"\nnetwork_mode = "bridge"\ninstances = { min = 1, max = 6 }\n'
        "count = { min = 5, max = 8, cpu = 60 }"
    )
    assert of(bridge, "instances t3.small").usd == Decimal("30.37")


def test_by_region_and_what_has_no_price_says_so() -> None:
    there = cloud('launch = "ec2"\ninstance = "t3.small"', "eu-west-1")
    # 730 x 0.0228 = 16.644; 30 x 0.088 = 2.64
    assert (of(there, "instances t3").usd, of(there, "volumes").usd) == usd("16.64", "2.64")
    nowhere = of(cloud('launch = "ec2"\ninstance = "m7i.large"', "eu-west-1"), "instances m7i")
    assert nowhere.usd is None
    assert nowhere.why == "no price of m7i.large is held for eu-west-1"
    volumes = of(cloud('launch = "ec2"\ninstance = "t3.small"', "ap-northeast-1"), "volumes")
    assert (volumes.usd, volumes.why) == (None, "no price of gp3-gb-month is held for ap-northeast-1")


def test_every_type_that_a_spec_may_name_has_a_price_in_us_east_1() -> None:
    assert [name for name in instance_types() if instance_hour("us-east-1", name) is None] == []
    assert instance_hour("us-east-1", "m7g.large") == Decimal("0.0816")
    assert instance_hour("us-east-1", "g5.xlarge") == Decimal("1.006")
    assert instance_hour("us-east-1", "t2.micro") is None


@pytest.mark.parametrize(
    ("change", "word", "why"),
    [
        ({"BlockDeviceMappings": None}, "volumes", "the AMI says it"),
        ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 30}}]}, "volumes", "the AMI says"),
        (
            {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeType": "io2", "VolumeSize": 30}}]},
            "volumes",
            "only that of gp3 is held",
        ),
        ({"InstanceType": None}, "instances", "nothing that was read says it"),
        ({"InstanceType": {"Ref": "Kind"}}, "instances", "Kind"),
    ],
)
def test_what_a_template_does_not_say_is_unknown_and_never_nothing(change: dict[str, Any], word: str, why: str) -> None:
    designed = design.write(read(WEB.format(region="us-east-1", more='launch = "ec2"\ninstance = "t3.small"'), "n"))
    template = json.loads(design.text(designed.main))
    template["Parameters"]["Kind"] = {"Type": "String"}
    data = template["Resources"]["WebHostTemplate"]["Properties"]["LaunchTemplateData"]
    data.update(change)
    for key in [key for key, value in data.items() if value is None]:
        del data[key]
    parameters = {each.name: each.value for each in designed.parameters}
    found = load.cloudformation(json.dumps(template), "t.json", parameters, "us-east-1", "123456789012")
    line = next(each for each in estimate(found).lines if each.what.startswith(word))
    assert line.usd is None
    assert why in line.why


def test_instances_that_lie_outside_are_said_and_one_instance_is_counted_once() -> None:
    found = cloud('launch = "ec2"\ninstance = "t3.small"')
    assert of(msgspec.structs.replace(found, instance_groups={}), "tasks on instances").usd is None
    group = found.instance_groups["WebHosts"]
    one = msgspec.structs.replace(group, id="i-1", auto_scaling_group="", least=1, most=1)
    older = msgspec.structs.replace(group, id="i-2", least=1, most=1)
    lines = estimate(
        msgspec.structs.replace(found, instance_groups={"i-1": one, "WebHosts": group, "i-2": older})
    ).lines
    assert [line.resource for line in lines if line.what == "instances t3.small"] == ["i-1", "WebHosts"]


@pytest.mark.parametrize(
    ("launch", "least", "most"),
    [
        ('"fargate-spot"', "2.70", "4.51"),  # 9.010025 x 0.3, x 0.5
        ("{ fargate = 1, fargate-spot = 1 }", "5.86", "6.76"),  # half a task on Spot: x 0.65, x 0.75
        ("{ base = 1, fargate = 1, fargate-spot = 3 }", "9.01", None),  # the only task is the base's
    ],
)
def test_spot_takes_off_what_its_share_of_the_tasks_says(launch: str, least: str, most: str | None) -> None:
    line = of(cloud(f"launch = {launch}"), "Fargate tasks")
    assert (line.usd, line.most) == (Decimal(least), Decimal(most) if most else None)


def test_base_and_weights_at_the_least_and_the_most() -> None:
    more = "launch = { base = 1, fargate = 1, fargate-spot = 3 }\ncount = { min = 4, max = 8, cpu = 60 }"
    line = of(cloud(more), "Fargate tasks")
    # Three of four beside the base, 2.25 on Spot: 9.010025 x (4 - 2.25 x 0.7); seven of eight: x (8 - 5.25 x 0.5).
    assert (line.usd, line.most) == usd("21.85", "48.43")
    assert "2.25 to 5.25 of them on Fargate Spot" in line.how


def test_side_by_side_from_fargate() -> None:
    fargate, spot, ec2 = options(cloud())
    assert fargate.usd == usd("9.01", "9.01")
    assert spot.usd == usd("2.70", "4.51")
    # t3a.micro takes one task (two interfaces): 730 x 0.0094 + 2.40 = 9.262; three endpoints in two zones 43.80.
    assert ec2.usd == usd("53.06", "53.06")
    assert "1 t3a.micro, which costs least for these tasks, 30 GiB each" in ec2.needs
    assert "ecs-agent, ecs-telemetry, ecs, once for all services: 43.80" in ec2.needs
    assert fargate.reason == "it costs 44.05 less a month than EC2, and there is no instance to patch or to fill"
    assert (spot.reason, ec2.reason) == ("", "")
    arm = options(cloud('architecture = "arm64"'))[2]
    assert "1 t4g.micro" in arm.needs


def test_side_by_side_from_instances() -> None:
    fargate, _, ec2 = options(cloud('launch = "ec2"\ninstance = "t3.small"'))
    assert fargate.usd == usd("9.01", "9.01")
    # 730 x 0.0208 + 2.40 = 17.584, and the endpoints
    assert ec2.usd == usd("61.38", "61.38")
    assert ec2.needs.startswith("1 t3.small, 30 GiB each")
    # 300 MiB is no Fargate task: 512 would have to do.
    larger = options(cloud('launch = "ec2"\ninstance = "t3.small"\nmemory = 300'))[0]
    assert larger.usd == usd("9.01", "9.01")
    assert larger.needs == "as 256 CPU units and 512 MiB, the nearest size of Fargate's that is enough"
    none = options(cloud('launch = "ec2"\ninstance = "r5.16xlarge"\nmemory = 300000'))[0]
    assert (none.usd, none.why) == (None, "Fargate has no task as large as 256 CPU units and 300000 MiB")


def test_the_advice_follows_the_figures_and_the_hardware() -> None:
    # 40 tasks of 2 vCPU and 4 GB: Fargate 40 x 730 x (2 x 0.04048 + 4 x 0.004445) = 2883.21.
    many = options(cloud("cpu = 2048\nmemory = 4096\ncount = 40"))
    assert many[0].usd == usd("2883.21", "2883.21")
    assert many[2].usd is not None
    assert many[2].usd[0] < Decimal("2883.21")
    assert "less a month than Fargate, if you patch the instances and keep them full" in many[2].reason
    gpu = options(cloud('launch = "ec2"\ninstance = "g5.xlarge"\ngpu = 1\ncpu = 1024\nmemory = 2048'))
    assert gpu[2].reason == "g5.xlarge has GPUs, and Fargate has none"
    unpriced = options(cloud(region="sa-east-1"))
    assert [option.usd for option in unpriced] == [None, None, None]
    assert "not all held" in unpriced[0].reason


def test_what_is_not_known_is_said_of_every_option() -> None:
    found = cloud()
    service = msgspec.structs.replace(
        found.services["WebService"], desired=Gap("Count", found.services["WebService"].origin, "no")
    )
    assert {option.why for option in compare(found, service)} == {"Count is not known: no"}
