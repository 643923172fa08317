"""Whatever the text, the loader gives a Cloud or a LoadError: never another exception, never a long wait."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from natless.finding import Finding
from natless.load import LoadError, cloudformation

TEMPLATE: dict[str, Any] = {
    "Parameters": {"P": {"Type": "String"}, "L": {"Type": "CommaDelimitedList", "Default": "a,b"}},
    "Mappings": {"M": {"a": {"b": "c"}}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}, "D": {"Fn::Not": [{"Condition": "C"}]}},
    "Resources": {
        "V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": "true"}},
        "S": {
            "Type": "AWS::EC2::Subnet",
            "Properties": {
                "VpcId": {"Ref": "V"},
                "CidrBlock": {"Fn::Select": [1, {"Fn::Cidr": [{"Fn::GetAtt": ["V", "CidrBlock"]}, 4, 8]}]},
                "AvailabilityZone": {"Fn::Select": [0, {"Fn::GetAZs": ""}]},
            },
        },
        "G": {
            "Type": "AWS::EC2::SecurityGroup",
            "Condition": "C",
            "Properties": {
                "VpcId": {"Ref": "V"},
                "SecurityGroupIngress": [{"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "0.0.0.0/0"}],
                "SecurityGroupEgress": {
                    "Fn::If": ["D", [{"IpProtocol": -1, "CidrIp": "0.0.0.0/0"}], {"Ref": "AWS::NoValue"}]
                },
            },
        },
        "T": {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": {"Ref": "V"}}},
        "TA": {
            "Type": "AWS::EC2::SubnetRouteTableAssociation",
            "Properties": {"RouteTableId": {"Ref": "T"}, "SubnetId": {"Ref": "S"}},
        },
        "R": {
            "Type": "AWS::EC2::Route",
            "DependsOn": ["T"],
            "Properties": {
                "RouteTableId": {"Ref": "T"},
                "DestinationCidrBlock": "0.0.0.0/0",
                "GatewayId": {"Ref": "P"},
            },
        },
        "E": {
            "Type": "AWS::EC2::VPCEndpoint",
            "Properties": {
                "VpcId": {"Ref": "V"},
                "VpcEndpointType": "Interface",
                "ServiceName": {"Fn::Sub": "com.amazonaws.${AWS::Region}.ecr.api"},
                "SubnetIds": [{"Ref": "S"}],
                "SecurityGroupIds": [{"Fn::GetAtt": ["V", "DefaultSecurityGroup"]}],
                "PolicyDocument": {
                    "Statement": [{"Effect": "Allow", "Action": "*", "Principal": {"AWS": "*"}, "Resource": "*"}]
                },
            },
        },
        "X": {"Type": "AWS::IAM::Role", "Properties": {"ManagedPolicyArns": {"Fn::Split": [",", {"Ref": "P"}]}}},
        "TD": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "ExecutionRoleArn": {"Fn::GetAtt": "X.Arn"},
                "ContainerDefinitions": [
                    {
                        "Name": "a",
                        "Image": "i",
                        "PortMappings": [{"ContainerPort": 80}],
                        "Secrets": [{"Name": "n", "ValueFrom": "v"}],
                    }
                ],
            },
        },
        "N": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "TaskDefinition": {"Ref": "TD"},
                "LaunchType": "FARGATE",
                "NetworkConfiguration": {
                    "AwsvpcConfiguration": {"Subnets": [{"Ref": "S"}], "SecurityGroups": [{"Ref": "G"}]}
                },
            },
        },
        "K": {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"Parameters": {"A": {"Ref": "V"}, "B": {"Fn::Join": ["", {"Ref": "L"}]}}},
        },
    },
}

FUNCTIONS = (
    "GetAtt",
    "Sub",
    "If",
    "Join",
    "Select",
    "Split",
    "Cidr",
    "FindInMap",
    "GetAZs",
    "ImportValue",
    "Transform",
)
WORDS = st.sampled_from(
    (
        *(f"Fn::{name}" for name in FUNCTIONS),
        *("Ref", "Fn::ForEach::x", "Condition", "Properties", "Type", "V", "S", "G", "T", "P", "L", "C", "M", "a", ""),
        *("AWS::NoValue", "AWS::Region", "${V}", "${P.x}", "10.0.0.0/8", "true", "-1", "V.CidrBlock", "Custom::A"),
        *("\x00", "\U0001f600"),
    )
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=8)
)
NODES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=12
)


def load(text: str, parameters: dict[str, str] | None = None) -> None:
    findings: tuple[Finding, ...] = ()
    try:
        cloudformation(text, "t", parameters or {}, None, None)
    except LoadError as error:
        findings = error.findings or (pytest.fail("a LoadError without findings"),)
    assert all(finding.origin.line and finding.message for finding in findings)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Give every (container, key) of a tree."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [place for key in keys for place in places(node[key])]


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    load(text)


@given(st.text(alphabet="{}[]:,\"'\\ \n-&*!|>#a1tfn%@`?<~", max_size=120))
def test_any_punctuation(text: str) -> None:
    load(text)
    load("Resources:\n  V: " + text)
    load('{"Resources": {"V": ' + text)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10_000), NODES, st.booleans()), min_size=1, max_size=4))
def test_mutated_templates(changes: list[tuple[int, Any, bool]]) -> None:
    template = json.loads(json.dumps(TEMPLATE))
    for index, value, drop in changes:
        found = places(template)
        container, key = found[index % len(found)]
        if drop:
            del container[key]
        else:
            container[key] = value
        if not places(template):
            return
    load(json.dumps(template))
    load(json.dumps(template), {"P": "x"})


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(WORDS, NODES, max_size=4))
def test_any_resources(resources: dict[str, Any]) -> None:
    load(json.dumps({"Resources": resources}))


@settings(max_examples=100, deadline=None)
@given(st.integers())
def test_cut_and_shuffled_text(seed: int) -> None:
    chance = random.Random(seed)
    text = json.dumps(TEMPLATE, indent=1)
    first, second = sorted(chance.sample(range(len(text)), 2))
    load(text[:first] + text[second:])
    load(text[first:] + text[:first])


def test_the_template_that_is_mutated_loads() -> None:
    cloud = cloudformation(json.dumps(TEMPLATE), "t", {}, None, None)
    assert set(cloud.services) == {"N"}
