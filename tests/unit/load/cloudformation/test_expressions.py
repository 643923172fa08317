"""Parameters, conditions, intrinsic functions. Expected: CloudFormation template reference, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest

from natless.cloud import Cloud
from natless.finding import Gap

Read = Any

PARAMETERS = """
Parameters:
  Open: {Type: String}
  Name: {Type: String, Default: shop}
  Zones: {Type: CommaDelimitedList, Default: "a, b ,c"}
  Subnets: {Type: "List<AWS::EC2::Subnet::Id>"}
  Ami: {Type: "AWS::SSM::Parameter::Value<String>", Default: /path}
  Flag: {Type: String, Default: false, AllowedValues: [true, false]}
Mappings:
  ByRegion:
    eu-west-1: {Id: pl-6da54004, Zones: [x, y]}
Conditions:
  IsShop: !Equals [!Ref Name, shop]
  NotShop: !Not [!Condition IsShop]
  IsOn: !Equals [!Ref Flag, true]
  Unsaid: !Equals [!Ref Open, "1"]
Resources:
  Repo: {Type: AWS::ECR::Repository, Properties: {RepositoryName: !Sub "${Name}/web"}}
  Nameless: {Type: AWS::ECR::Repository}
  Secret: {Type: AWS::SecretsManager::Secret, Properties: {Name: db}}
  Queue: {Type: AWS::SQS::Queue}
  Vpc: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: """


def log_name(
    read: Read, expression: str, region: str | None = None, account: str | None = None, **given: str
) -> str | Gap:
    cloud: Cloud = read(PARAMETERS + expression + "}}\n", given, region, account, whole=True)
    return cloud.log_groups["Log"].name


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Name", "shop"),
        ("!Ref Open", "${Open}"),
        ("!Ref Ami", "${Ami}"),
        ("!Sub '${Name}-${Open}-${!Literal}'", "shop-${Open}-${Literal}"),
        ("!Sub ['${a}.${Name}', {a: !Ref Open}]", "${Open}.shop"),
        ("!Join ['-', [a, !Ref Name, !If [NotShop, x, !Ref AWS::NoValue], b]]", "a-shop-b"),
        ("!Join ['/', !Ref Zones]", "a/b/c"),
        ("!Join ['/', !Ref Subnets]", "${Fn::Join:Subnets}"),
        ("!Select [1, [a, b]]", "b"),
        ("!Select ['2', !Ref Zones]", "c"),
        ("!Select [1, !Ref Subnets]", "${Subnets}[1]"),
        ("!Select [1, !Split ['.', a.b.c]]", "b"),
        ("!Select [0, !Split [',', !ImportValue shared]]", "${Fn::Split:,:Fn::ImportValue:shared}[0]"),
        ("!Select [0, !GetAZs '']", "${AWS::Region}[0]"),
        ("!Select [1, !GetAZs {Ref: 'AWS::Region'}]", "${AWS::Region}[1]"),
        ("!If [IsShop, 1, 2]", "1"),
        ("!If [NotShop, 1, 2]", "2"),
        ("!If [IsOn, 1, 2]", "2"),
        ("!If [Unsaid, same, same]", "same"),
        ("!FindInMap [ByRegion, eu-west-1, Id]", "pl-6da54004"),
        ("!FindInMap [ByRegion, !Ref AWS::Region, Id]", "${Fn::FindInMap:ByRegion.AWS::Region.Id}"),
        ("!Select [1, !FindInMap [ByRegion, eu-west-1, Zones]]", "y"),
        ("!FindInMap [ByRegion, mars, Id, {DefaultValue: none}]", "none"),
        ("!ImportValue x", "${Fn::ImportValue:x}"),
        ("!Sub 'arn:${AWS::Partition}:s3:::b'", "arn:aws:s3:::b"),
        ("!Ref Repo", "shop/web"),
        ("!GetAtt Repo.RepositoryUri", "${AWS::AccountId}.dkr.ecr.${AWS::Region}.amazonaws.com/shop/web"),
        ("!GetAtt Nameless.Arn", "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/${Nameless}"),
        ("!Sub '${Secret}:key::'", "arn:aws:secretsmanager:${AWS::Region}:${AWS::AccountId}:secret:db-${Secret}:key::"),
        ("!GetAtt [Queue, Arn]", "arn:aws:sqs:${AWS::Region}:${AWS::AccountId}:${Queue}"),
        ("!GetAtt Vpc.CidrBlock", "10.0.0.0/16"),
        ("!GetAtt Vpc.Ipv6CidrBlocks", "${Vpc.Ipv6CidrBlocks}"),
        ("!Select [3, !Cidr [!GetAtt Vpc.CidrBlock, 4, 8]]", "10.0.3.0/24"),
        ("!Select [1, !Cidr [10.0.0.0/16, 2, '12']]", "10.0.16.0/20"),
        ("!Select [0, !Cidr [!Ref Open, 2, 8]]", "${Fn::Cidr:Open}[0]"),
        ("'x-{{resolve:ssm:/a/b:1}}'", "x-${resolve:ssm:/a/b:1}"),
        ("8080", "8080"),
        ("true", "true"),
    ],
)
def test_without_region_and_account(read: Read, expression: str, expected: str) -> None:
    assert log_name(read, expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref AWS::Region", "eu-west-1"),
        ("!FindInMap [ByRegion, !Ref AWS::Region, Id]", "pl-6da54004"),
        ("!GetAtt Repo.RepositoryUri", "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop/web"),
        ("!Select [0, !GetAZs eu-west-1]", "${AWS::Region}[0]"),
        ("!Select [0, !GetAZs us-east-1]", "${us-east-1}[0]"),
    ],
)
def test_with_region_and_account(read: Read, expression: str, expected: str) -> None:
    assert log_name(read, expression, "eu-west-1", "123456789012") == expected


def test_partition_follows_the_region(read: Read) -> None:
    assert (
        log_name(read, "!Sub 'arn:${AWS::Partition}:x.${AWS::URLSuffix}'", "cn-north-1")
        == "arn:aws-cn:x.amazonaws.com.cn"
    )


def test_given_parameters(read: Read) -> None:
    assert log_name(read, "!Ref Name", Name="other") == "other"
    assert log_name(read, "!If [Unsaid, 1, 2]", Open="1") == "1"
    assert log_name(read, "!If [IsOn, 1, 2]", Flag="true") == "1"
    assert log_name(read, "!Select [1, !Ref Subnets]", Subnets="subnet-1, subnet-2") == "subnet-2"
    assert log_name(read, "!Ref Ami", Ami="/other/path") == "${Ami}"


def gap_of(read: Read, expression: str) -> Gap:
    cidr = (
        read(
            "Parameters: {Open: {Type: String}}\n"
            "Conditions: {Unsaid: !Equals [!Ref Open, x]}\n"
            "Mappings: {M: {r: {C: 1}}}\n"
            f"Resources:\n  V: {{Type: AWS::EC2::VPC, Properties: {{CidrBlock: {expression}}}}}\n",
            whole=True,
        )
        .vpcs["V"]
        .cidrs
    )
    assert isinstance(cidr, Gap)
    return cidr


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("!Ref Open", "parameter Open has no default: give --param Open=..."),
        (
            "!If [Unsaid, 10.0.0.0/8, 10.1.0.0/16]",
            "the condition Unsaid cannot be decided: parameter Open has no default",
        ),
        ("!ImportValue Net", "Net is exported by another stack"),
        ("!Transform {Name: m}", "Fn::Transform is not followed"),
        ("!Length [1]", "Fn::Length is not followed"),
        ("!FindInMap [M, !Ref AWS::Region, C]", "give --region"),
    ],
)
def test_a_gap_says_why(read: Read, expression: str, why: str) -> None:
    gap = gap_of(read, expression)
    assert why in gap.why
    assert (gap.what, gap.origin.line, gap.origin.resource) == ("V.CidrBlock", 5, "V")


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("!Or [!Condition Open, !Equals [a, a]]", "1"),
        ("!And [!Condition Open, !Equals [a, b]]", "2"),
        ("!And [!Equals [a, a], !Not [!Equals [a, b]]]", "1"),
        ("!And [!Condition Open, !Equals [a, a]]", None),
        ("!Or [!Condition Open, !Equals [a, b]]", None),
        ("!Not [!Condition Open]", None),
        ("!Equals [!Ref P, !Ref P]", "1"),
        ("!Equals [!Ref P, !Ref AWS::Region]", None),
        ("!Equals [!Join [',', !Ref L], 'a,b']", "1"),
        ("!Equals [8080, '8080']", "1"),
    ],
)
def test_conditions_in_three_values(read: Read, condition: str, expected: str | None) -> None:
    cloud = read(
        "Parameters: {P: {Type: String}, L: {Type: CommaDelimitedList, Default: 'a,b'}}\n"
        f"Conditions:\n  Open: !Equals [!Ref P, x]\n  C: {condition}\n"
        "Resources: {V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !If [C, 10.1.0.0/16, 10.2.0.0/16]}}}\n",
        whole=True,
    )
    cidrs = cloud.vpcs["V"].cidrs
    assert isinstance(cidrs, Gap) if expected is None else str(cidrs[0]) == f"10.{expected}.0.0/16"


def test_names_made_of_names_do_not_grow_without_end(read: Read) -> None:
    chain = "".join(
        f"  R{n}: {{Type: AWS::ECR::Repository, Properties: {{RepositoryName: !Sub '{f'${{R{n + 1}}}' * 10}'}}}}\n"
        for n in range(12)
    )
    cloud = read(
        "Resources:\n" + chain + "  R12: {Type: AWS::ECR::Repository, Properties: {RepositoryName: abcdefghij}}\n",
        whole=True,
    )
    assert all(len(str(repository.name)) <= 100_000 for repository in cloud.repositories.values())


def test_json_and_yaml_give_the_same_cloud(read: Read) -> None:
    yaml_cloud = read("Resources: {V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: !Sub 10.0.0.0/16}}}", whole=True)
    json_cloud = read(
        '{"Resources": {"V": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": {"Fn::Sub": "10.0.0.0/16"}}}}}',
        whole=True,
    )
    assert yaml_cloud == json_cloud
