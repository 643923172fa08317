"""Templates that CloudFormation refuses: every problem at once, each with its line and what to write."""

# One resource a line shows a network at a glance; broken over ten lines it does not.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

Read = Any
Refused = Any


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("  \n\t", "empty"),
        ("just words", "holds text"),
        ("[]", "holds a list"),
        ("- a\n- b\n", "holds a list"),
        ("12", "holds a number"),
        ("a: 1\n", "no Resources"),
        ("{}", "no Resources"),
        ('{"Resources": {}', "cut off"),
        ("x" * 1_100_000, "at most 1 MB"),
        ("Resources: {" + "".join(f"R{n}: {{Type: AWS::SQS::Queue}}, " for n in range(501)) + "}", "at most 500"),
    ],
)
def test_text_that_is_no_template(refused: Refused, text: str, words: str) -> None:
    ((line, rule, message),) = refused(text, whole=True)
    assert (line, rule) == (1, "NL901")
    assert words in message


def test_every_problem_is_said_at_once(refused: Refused) -> None:
    found = refused(
        """\
Parameters:
  P: text
  Q: {Type: Number, Default: many}
Conditions:
  A: !Condition B
  B: !Condition A
  C: maybe
Resources:
  Bare:
  NoType: {Properties: {}}
  Listed: {Type: AWS::EC2::VPC, Properties: [1]}
  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref Vpn, CidrBlock: 10.0.0.0/99}}
  Q1: {Type: AWS::SQS::Queue, Condition: Nowhere}
  V:
    Type: AWS::EC2::VPC
    Properties:
      CidrBlock: [10.0.0.0/16]
      EnableDnsSupport: perhaps
  W: {Type: AWS::SQS::Queue, DependsOn: 5}
""",
        whole=True,
    )
    assert [(line, rule) for line, rule, _ in found] == [
        (2, "NL902"),
        (3, "NL905"),
        (5, "NL904"),
        (7, "NL902"),
        (9, "NL902"),
        (10, "NL902"),
        (11, "NL902"),
        (12, "NL903"),
        (12, "NL902"),
        (13, "NL903"),
        (17, "NL902"),
        (18, "NL902"),
        (19, "NL902"),
    ]


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ("CidrBlock: 10.0.0.0", "V.CidrBlock is '10.0.0.0': write an IPv4 CIDR such as 10.0.0.0/16"),
        ("CidrBlock: {a: b, c: d}", "V.CidrBlock is an object: write text"),
        ("CidrBlock: ", "V.CidrBlock is empty: give a value or leave it out"),
        ("CidrBlock: 10.0.0.0/16, EnableDnsSupport: 2", "V.EnableDnsSupport is '2': write true or false"),
        ("CidrBlock: !Select [3, [a]]", "element 3 is asked for by Fn::Select: the list has 1, counted from 0"),
        ("CidrBlock: !Select x", "Fn::Select needs an index and a list: write [0, [a, b]]"),
        ("CidrBlock: !GetAtt [V]", "Fn::GetAtt needs a resource and an attribute: write Id.Attribute"),
        ("CidrBlock: !Join [a]", "Fn::Join needs a delimiter and a list: write [',', [a, b]]"),
        ("CidrBlock: !If [Nope, a, b]", "Fn::If asks for the condition Nope, which is not in Conditions"),
        ("CidrBlock: !FindInMap [M, a, b]", "Mappings holds no M, which Fn::FindInMap asks for"),
        (
            "CidrBlock: !Select [0, !Cidr [10.0.0.0/24, 9, 8]]",
            "Fn::Cidr cannot cut 9 blocks of 8 host bits out of 10.0.0.0/24",
        ),
        ("CidrBlock: !Ref [a]", "Ref names a list: write one name"),
        ("CidrBlock: !Sub [a, b, c]", "Fn::Sub is given a list: write text, or text and variables"),
        ("CidrBlock: !Split ['', a]", "Fn::Split needs a delimiter and text: write [',', text]"),
    ],
)
def test_what_is_wrong_and_what_to_write(refused: Refused, properties: str, message: str) -> None:
    found = refused("V: {Type: AWS::EC2::VPC, Properties: {" + properties + "}}")
    assert (2, message) in [(line, said) for line, _, said in found]


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ("{Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.0.0/24}}", "X has no VpcId"),
        ("{Type: AWS::EC2::Route, Properties: {RouteTableId: t, DestinationCidrBlock: 0.0.0.0/0}}", "a target"),
        (
            "{Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: g, IpProtocol: tcp, CidrIp: 0.0.0.0/0}}",
            "FromPort",
        ),
        (
            "{Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: g, IpProtocol: tcp, FromPort: 9, ToPort: 1, CidrIp: 0.0.0.0/0}}",
            "lower one first",
        ),
        (
            "{Type: AWS::EC2::SecurityGroup, Properties: {SecurityGroupIngress: [{IpProtocol: -1}]}}",
            "whom the rule lets through",
        ),
        ("{Type: AWS::EC2::SecurityGroup, Properties: {SecurityGroupIngress: [text]}}", "write an object"),
        (
            "{Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: v, ServiceName: s, VpcEndpointType: interface}}",
            "write Interface or Gateway",
        ),
        (
            "{Type: AWS::ECS::Service, Properties: {TaskDefinition: t, LaunchType: fargate}}",
            "write FARGATE, EC2 or EXTERNAL",
        ),
        ("{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: nonsense}}", "no JSON object"),
        (
            "{Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {Statement: [{Effect: allow}]}}}",
            "Allow or Deny",
        ),
        (
            "{Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: n, RuleNumber: 1, Protocol: 6, RuleAction: allow, CidrBlock: 0.0.0.0/0}}",
            "PortRange",
        ),
    ],
)
def test_resources_that_lack_what_aws_asks_for(refused: Refused, resource: str, words: str) -> None:
    (found, *_) = refused("X: " + resource)
    assert (found[0], found[1]) == (2, "NL902")
    assert words in found[2]


def test_references_to_nothing(refused: Refused) -> None:
    found = refused(
        """\
Conditions: {Never: !Equals [a, b]}
Resources:
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Gone: {Type: AWS::SQS::Queue, Condition: Never}
  A: {Type: AWS::SNS::Topic, Properties: {V: !Ref Vcp}}
  B: {Type: AWS::SNS::Topic, Properties: {V: !Sub "${Vcp.Id} ${!x} ${AWS::Region}"}}
  C: {Type: AWS::SNS::Topic, DependsOn: [Vpc, Gone, Vcp]}
  D: {Type: AWS::SNS::Topic, Properties: {V: !GetAtt [Gone, Arn], W: !If [Never, !Ref Gone, ok]}}
""",
        whole=True,
    )
    assert [(line, rule) for line, rule, _ in found] == [(5, "NL903"), (6, "NL903"), (7, "NL903"), (8, "NL903")]
    assert found[0][2] == "A refers to Vcp, which is not in the template: did you mean Vpc?"
    assert "whose condition is false: give D the same condition" in found[3][2]


def test_circles(refused: Refused) -> None:
    ((_, rule, message),) = refused(
        """
        A: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: v, SecurityGroupIngress: [{IpProtocol: -1, SourceSecurityGroupId: !Ref B}]}}
        B: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: v, SecurityGroupIngress: [{IpProtocol: -1, SourceSecurityGroupId: !Ref A}]}}
        C: {Type: AWS::SQS::Queue, DependsOn: A}
        """
    )
    assert rule == "NL904"
    assert message.startswith("A -> B -> A: these wait for each other")


def test_parameters_that_are_not_taken(refused: Refused) -> None:
    text = "Parameters: {Size: {Type: String, AllowedValues: [s, m]}}\nResources: {Q: {Type: AWS::SQS::Queue}}\n"
    assert refused(text, {"Size": "xl"}, whole=True) == [
        (1, "NL905", "parameter Size cannot be 'xl': AllowedValues are s, m")
    ]
    assert refused(text, {"Sise": "s"}, whole=True) == [
        (1, "NL905", "the template has no parameter Sise: did you mean Size?")
    ]


def test_a_key_written_twice_matters_only_where_it_decides(read: Read, refused: Refused) -> None:
    read(
        "Parameters:\n  P: {Type: String, Default: a,\n    Default: b}\nResources:\n  Q: {Type: AWS::SQS::Queue}\n",
        whole=True,
    )
    ((line, _, message),) = refused(
        "Resources:\n  Q: {Type: AWS::SQS::Queue}\n  Q: {Type: AWS::SQS::Queue}\n", whole=True
    )
    assert (line, message) == (3, "Q is written twice, first on line 2: the first is silently left out; keep one")
