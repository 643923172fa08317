"""Zones that lack an endpoint's service are left out. Shapes: EC2 API reference, DescribeVpcEndpointServices,
DescribeAvailabilityZones; which zones there are by default: "Fn::GetAZs", CloudFormation user guide."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from natless.deploy import DeployError, stacks
from natless.deploy.zones import settled
from natless.design import write
from natless.spec.model import Spec
from natless.spec.read import read

AT = datetime(2026, 11, 27, tzinfo=UTC)
REGION = "eu-west-1"
ALL = ("a", "b", "c", "d")
SERVICES = ("ecr.api", "ecr.dkr", "logs")


def spec(zones: str = "2") -> Spec:
    text = f'name = "hello"\n[network]\nzones = {zones}\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n'
    return read(text, "natless.toml")


def stack(script: Any, zones: str | None = None, status: str = "UPDATE_COMPLETE") -> None:
    about: dict[str, Any] = {"StackName": "hello", "StackId": "arn", "CreationTime": AT, "StackStatus": status}
    about["Parameters"] = [{"ParameterKey": "Zones", "ParameterValue": zones}] if zones is not None else []
    script.say("cloudformation", "describe_stacks", {"Stacks": [about]})


def no_stack(script: Any) -> None:
    script.say("cloudformation", "describe_stacks", ("ValidationError", "Stack with id hello does not exist"))


def offered(script: Any, defaults: tuple[str, ...] = ALL, **lacking: str) -> None:
    """Write where services are offered: `ecr_api="b"` says that this one is not in the second zone."""
    details: list[dict[str, Any]] = []
    for name in (*SERVICES, "sqs"):
        missing = lacking.get(name.replace(".", "_"), "")
        zones = [f"{REGION}{letter}" for letter in ALL if letter not in missing]
        service = {"ServiceName": f"com.amazonaws.{REGION}.{name}", "AvailabilityZones": zones}
        details.append({**service, "ServiceType": [{"ServiceType": "Interface"}]})
    # A gateway's zones are no matter.
    details.append({"ServiceName": f"com.amazonaws.{REGION}.s3", "AvailabilityZones": []})
    details[-1]["ServiceType"] = [{"ServiceType": "Gateway"}]
    script.say("ec2", "describe_vpc_endpoint_services", {"ServiceDetails": details})
    named = [{"ZoneName": f"{REGION}{letter}"} for letter in reversed(ALL)]
    script.say("ec2", "describe_availability_zones", {"AvailabilityZones": named})
    subnets = [{"AvailabilityZone": f"{REGION}{letter}"} for letter in defaults]
    script.say("ec2", "describe_subnets", {"Subnets": subnets})


def nobody(service: str) -> Any:
    raise AssertionError(service)


def names(found: Spec) -> list[str]:
    return [each.removeprefix(REGION) for each in found.network.zone_names]


def test_where_the_first_zones_offer_all_nothing_changes(script: Any) -> None:
    no_stack(script)
    offered(script, ecr_api="c", sqs="ab")
    given = spec()
    assert settled(given, script.connect, stacks.find(script.connect, "hello"), ask_first=True) == (given, ())


def test_a_zone_that_lacks_a_service_is_left_out_with_a_word(script: Any) -> None:
    no_stack(script)
    offered(script, ecr_api="b", logs="b")
    found, said = settled(spec(), script.connect, stacks.find(script.connect, "hello"), ask_first=True)
    assert names(found) == ["a", "c"]
    left_out, pinned = said
    assert left_out == (
        "eu-west-1b is left out: it does not offer com.amazonaws.eu-west-1.ecr.api, com.amazonaws.eu-west-1.logs"
    )
    assert pinned.startswith("the zones are eu-west-1a, eu-west-1c;")
    assert pinned.endswith('zones = ["eu-west-1a", "eu-west-1c"]')
    template = write(found).main
    assert template["Parameters"]["Zones"]["Default"] == "eu-west-1a,eu-west-1c"
    second = template["Resources"]["PrivateSubnet2"]["Properties"]["AvailabilityZone"]
    assert second == {"Fn::Select": [1, {"Ref": "Zones"}]}
    assert "Zones" not in write(spec()).main["Parameters"]


def test_zones_are_those_with_a_default_subnet(script: Any) -> None:
    no_stack(script)
    offered(script, defaults=("b", "c", "d"), ecr_dkr="c")
    assert names(settled(spec(), script.connect, stacks.find(script.connect, "hello"), ask_first=True)[0]) == ["b", "d"]


def test_too_few_zones_are_left_to_the_finding_that_refuses(script: Any) -> None:
    no_stack(script)
    offered(script, logs="bcd")
    given = spec()
    assert settled(given, script.connect, stacks.find(script.connect, "hello"), ask_first=True) == (given, ())


def test_what_stands_by_name_stays_whatever_is_offered_now(script: Any) -> None:
    stack(script, "eu-west-1a,eu-west-1c")
    found, said = settled(spec(), script.connect, stacks.find(script.connect, "hello"), ask_first=True)
    assert (names(found), said) == (["a", "c"], ())


def test_another_zone_joins_those_that_stand(script: Any) -> None:
    stack(script, "eu-west-1a,eu-west-1c")
    offered(script, ecr_api="b")
    assert names(settled(spec("3"), script.connect, stacks.find(script.connect, "hello"), ask_first=True)[0]) == [
        "a",
        "c",
        "d",
    ]


def test_a_further_zone_that_lacks_a_service_is_left_to_the_finding_and_nothing_moves(script: Any) -> None:
    stack(script, "eu-west-1a,eu-west-1c")
    offered(script, ecr_api="bd")
    found, _ = settled(spec("3"), script.connect, stacks.find(script.connect, "hello"), ask_first=True)
    assert names(found) == ["a", "c", "b"]


def test_on_a_lab_a_further_zone_joins_as_well(script: Any) -> None:
    stack(script, "eu-west-1a,eu-west-1c")
    offered(script)
    found, _ = settled(spec("3"), script.connect, stacks.find(script.connect, "hello"), ask_first=False)
    assert names(found) == ["a", "c", "b"]


def test_a_further_zone_that_nobody_can_be_asked_for_stops_before_anything_moves(script: Any) -> None:
    stack(script, "eu-west-1a,eu-west-1c")
    script.say("ec2", "describe_vpc_endpoint_services", ("UnauthorizedOperation", "no"))
    with pytest.raises(
        DeployError, match="asks for 3 zones, and which zones offer the endpoints could not be asked"
    ) as caught:
        settled(spec("3"), script.connect, stacks.find(script.connect, "hello"), ask_first=True)
    assert caught.value.advice == "name the zones: those that stand are eu-west-1a, eu-west-1c"


def test_what_stands_where_cloudformation_chose_stays_there_and_nobody_is_asked(script: Any) -> None:
    stack(script)
    given = spec()
    assert settled(given, script.connect, stacks.find(script.connect, "hello"), ask_first=True) == (given, ())


def test_names_in_the_spec_are_the_persons_own() -> None:
    given = spec('["eu-west-1a", "eu-west-1b"]')
    assert settled(given, nobody, None, ask_first=True) == (given, ())


def test_a_lab_is_asked_for_what_stands_alone(script: Any) -> None:
    no_stack(script)
    given = spec()
    assert settled(given, script.connect, stacks.find(script.connect, "hello"), ask_first=False) == (given, ())


def test_a_denied_call_is_a_word_and_no_error(script: Any) -> None:
    no_stack(script)
    script.say("ec2", "describe_vpc_endpoint_services", ("UnauthorizedOperation", "You are not authorized"))
    given = spec()
    found, [said] = settled(given, script.connect, stacks.find(script.connect, "hello"), ask_first=True)
    assert found == given
    assert said.endswith("could not be asked: UnauthorizedOperation: You are not authorized")


def test_who_is_not_known_is_no_matter_of_zones(script: Any) -> None:
    no_stack(script)
    script.say("ec2", "describe_vpc_endpoint_services", ("ExpiredToken", "expired"))
    with pytest.raises(ClientError):
        settled(spec(), script.connect, stacks.find(script.connect, "hello"), ask_first=True)
