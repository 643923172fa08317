"""The pages of what only an account can tell: their fragments are answers of its calls."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from answers import REGION, Answers
from fragments import PAGES

from natless.deploy import Pace
from natless.deploy.preflight import PreflightError, linked_roles, preflight
from natless.deploy.preflight.asking import refuse_errors
from natless.deploy.progress import Said
from natless.design import write
from natless.finding import Finding
from natless.finding.rules import rule
from natless.spec.read import read

CODES = ["NL809", "NL810", "NL811", "NL812", "NL813", "NL814", "NL817"]
TOML = f'name = "hello"\nregion = "{REGION}"\n[services.web]\nbuild = "."\nport = 8080\npublic = true\n'
FENCE = re.compile(
    r"^```json (?P<kind>bad|good)(?: subject=(?P<subject>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
QUICK = Pace(every=0.0, sleep=lambda _: None)


def fragment(code: str, kind: str) -> tuple[dict[str, Any], str]:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    [found] = [each for each in FENCE.finditer(text) if each["kind"] == kind]
    return json.loads(found["text"]), found["subject"] or ""


def asked(answers: dict[str, Any], more: str = "") -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    spec = read(TOML + more, "natless.toml")
    return preflight(Answers(answers), write(spec), spec)


def test_an_account_with_room_gives_no_finding_and_no_note() -> None:
    assert asked({}) == ((), ())


@pytest.mark.parametrize("code", CODES)
def test_the_bad_answers_give_the_finding(code: str) -> None:
    answers, subject = fragment(code, "bad")
    findings, notes = asked(answers)
    assert [(found.rule, found.subject) for found in findings] == [(code, subject)]
    assert notes == ()
    [finding] = findings
    named = rule(code)
    assert named is not None
    assert (finding.name, finding.severity) == (named.name, named.severity)


@pytest.mark.parametrize("code", CODES)
def test_the_good_answers_mend_it(code: str) -> None:
    assert asked({**fragment(code, "bad")[0], **fragment(code, "good")[0]} if code != "NL809" else {})[0] == ()


def test_a_quota_stops_the_deployment_and_a_denied_caller_does_not() -> None:
    with pytest.raises(PreflightError, match=r"NL810 quota-passed: the quota 'VPCs per Region' is 5 in eu-west-1"):
        refuse_errors(asked(fragment("NL810", "bad")[0])[0])
    refuse_errors(asked(fragment("NL814", "bad")[0])[0])


@pytest.mark.parametrize(
    ("call", "what"),
    [
        ("iam.simulate_principal_policy", "the caller's permissions"),
        ("guardduty.list_detectors", "GuardDuty's runtime monitoring"),
        ("ec2.describe_vpc_endpoint_services", "the zones of endpoint services"),
        ("elbv2.describe_account_limits", "load balancers' quotas"),
        ("service-quotas.get_service_quota/L-F678F1CE", "the quota 'VPCs per Region'"),
        ("iam.get_role/AWSServiceRoleForECS", "service-linked roles"),
    ],
)
def test_a_denied_call_is_a_note_and_no_error(call: str, what: str) -> None:
    findings, notes = asked({call: {"error": ["AccessDenied", "not authorized"]}})
    assert findings == ()
    assert notes == (f"{what} could not be asked: AccessDenied: not authorized",)


def test_tasks_that_want_more_cpus_than_the_quota_are_said_with_how_to_get_them() -> None:
    [finding], _ = asked({}, "cpu = 4096\nmemory = 8192\ncount = { min = 1, max = 2, cpu = 60 }\n")
    assert finding.message == (
        "the quota 'Fargate On-Demand vCPU resource count' is 5 in eu-west-1: the tasks alone may want 8 vCPU"
    )
    assert finding.fix is not None
    assert "--service-code fargate --quota-code L-3032A538" in finding.fix.text


def test_a_release_of_what_stands_asks_for_nothing_but_its_cpus_and_its_vpc() -> None:
    spec = read(TOML, "natless.toml")
    design = write(spec)
    stack = {"StackName": "hello", "StackId": "arn:hello", "CreationTime": 0, "StackStatus": "UPDATE_COMPLETE"}
    held = [
        {
            "LogicalResourceId": name,
            "PhysicalResourceId": name,
            "ResourceType": body["Type"],
            "LastUpdatedTimestamp": 0,
            "ResourceStatus": "CREATE_COMPLETE",
        }
        for name, body in design.main["Resources"].items()
    ]
    standing = {
        "cloudformation.describe_stacks": {"Stacks": [stack]},
        "cloudformation.list_stack_resources": {"StackResourceSummaries": held},
    }
    account = Answers(standing)
    assert preflight(account, design, spec) == ((), ())
    assert [call for call, _ in account.asked] == [
        "sts.get_caller_identity",
        "cloudformation.describe_stacks",
        "cloudformation.list_stack_resources",
        "service-quotas.get_service_quota",
        "ec2.describe_vpcs",
    ]


def test_nat_gateways_need_addresses() -> None:
    four = {"Addresses": [{"PublicIp": f"203.0.113.{number}"} for number in range(4)]}
    [finding], _ = asked({"ec2.describe_addresses": four}, "[network]\nnat = true\n")
    assert finding.message == "the quota 'EC2-VPC Elastic IPs' is 5 in eu-west-1: 4 stand, 2 more would"
    assert asked({"ec2.describe_addresses": four})[0] == ()


def test_what_stands_already_counts_against_no_quota() -> None:
    full = {"Vpcs": [{"VpcId": f"vpc-{number}"} for number in range(9)]}
    assert asked({**fragment("NL812", "bad")[0], **fragment("NL812", "good")[0], "ec2.describe_vpcs": full})[0] == ()


def test_zones_are_those_that_cloudformation_will_take() -> None:
    """With a default subnet in b and c alone, Fn::GetAZs gives these ("Fn::GetAZs", CloudFormation user guide)."""
    default = {"Subnets": [{"AvailabilityZone": "eu-west-1b"}, {"AvailabilityZone": "eu-west-1c"}]}
    findings, _ = asked({"ec2.describe_subnets": default})
    assert {found.subject for found in findings} == {"EcrApiEndpoint", "EcrDkrEndpoint", "LogsEndpoint"}
    assert all("is not offered in eu-west-1c" in found.message for found in findings)


def test_a_missing_role_is_made_and_waited_for() -> None:
    waited: list[float] = []
    gone = {"error": ["NoSuchEntity", "cannot be found"]}

    class Making(Answers):
        def answer(self, client: Any, service: str, operation: str, arguments: dict[str, Any]) -> Any:
            if operation == "create_service_linked_role":
                del self._answers["iam.get_role/AWSServiceRoleForECS"]
            return super().answer(client, service, operation, arguments)

    account = Making({"iam.get_role/AWSServiceRoleForECS": gone, "iam.create_service_linked_role": {}})
    types = ["AWS::ECS::Cluster", "AWS::ElasticLoadBalancingV2::LoadBalancer"]
    said = list(linked_roles.make(account, types, Pace(every=0.0, sleep=waited.append)))
    assert said[0] == Said("making the service-linked role AWSServiceRoleForECS, which the account lacks")
    made = [arguments for call, arguments in account.asked if call == "iam.create_service_linked_role"]
    assert made == [{"AWSServiceName": "ecs.amazonaws.com"}]
    assert max(waited) > 10
    assert list(linked_roles.make(account, types, QUICK)) == []


def test_a_role_that_may_not_be_made_stops_nothing() -> None:
    gone = {"error": ["NoSuchEntity", "cannot be found"]}
    denied = {"error": ["AccessDenied", "not authorized"]}
    account = Answers({"iam.get_role/AWSServiceRoleForECS": gone, "iam.create_service_linked_role": denied})
    said = list(linked_roles.make(account, ["AWS::ECS::Cluster"], QUICK))
    assert said[-1] == Said("service-linked roles were not made: AccessDenied: not authorized")


STANDS = {
    "cloudformation.describe_stacks": {
        "Stacks": [{"StackName": "hello", "StackId": "arn", "CreationTime": 0, "StackStatus": "CREATE_COMPLETE"}]
    },
    "cloudformation.list_stack_resources": {
        "StackResourceSummaries": [
            {
                "LogicalResourceId": f"PrivateSubnet{number}",
                "PhysicalResourceId": f"subnet-{number}",
                "ResourceType": "AWS::EC2::Subnet",
                "LastUpdatedTimestamp": 0,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for number in (1, 2)
        ]
    },
    "ec2.describe_subnets": {
        "Subnets": [
            {"SubnetId": f"subnet-{number}", "AvailabilityZone": f"{REGION}{letter}", "CidrBlock": "10.0.128.0/18"}
            for number, letter in ((1, "a"), (2, "b"))
        ]
    },
}


def zones(*letters: str) -> str:
    names = ", ".join(f'"{REGION}{letter}"' for letter in letters)
    return f"[network]\nzones = [{names}]\n"


def test_a_subnet_that_would_move_to_another_zone_is_refused_before_anything_is_done() -> None:
    findings, _ = asked(STANDS, zones("a", "c"))
    [finding] = [each for each in findings if each.rule == "NL817"]
    assert finding.subject == "PrivateSubnet2"
    assert f'subnet-2 stands in {REGION}b and cannot move to {REGION}c: write zones = ["{REGION}a", "{REGION}b"]' in (
        finding.message
    )
    assert finding.symptom.endswith("The CIDR '10.0.128.0/18' conflicts with another subnet")


def test_names_of_the_zones_in_which_it_stands_change_nothing() -> None:
    findings, _ = asked(STANDS, zones("a", "b"))
    assert "NL817" not in [each.rule for each in findings]


def test_a_named_zone_that_lacks_a_service_says_which_have_all() -> None:
    findings, _ = asked({}, zones("a", "c"))
    assert {each.rule for each in findings} == {"NL811"}
    assert findings[0].message.endswith(
        f"is not offered in {REGION}c, where private subnets lie; all are offered in {REGION}a, {REGION}b:"
        f' zones = ["{REGION}a", "{REGION}b"]'
    )


def test_the_line_to_write_has_as_many_zones_as_were_asked_for() -> None:
    # us-east-1 has six, and `zones` takes four at the most.
    everywhere = [f"{REGION}{letter}" for letter in "bcdefg"]
    details = [
        {
            "ServiceName": f"com.amazonaws.{REGION}.{name}",
            "ServiceType": [{"ServiceType": "Interface"}],
            "AvailabilityZones": everywhere,
        }
        for name in ("ecr.api", "ecr.dkr", "logs")
    ]
    findings, _ = asked({"ec2.describe_vpc_endpoint_services": {"ServiceDetails": details}}, zones("a", "b"))
    assert findings[0].message.endswith(
        f'; all are offered in {", ".join(everywhere)}: zones = ["{REGION}b", "{REGION}c"]'
    )
