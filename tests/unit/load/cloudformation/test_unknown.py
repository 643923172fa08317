"""What cannot be read is unknown: never fine, never absent."""

# One resource a line shows a network at a glance; broken over ten lines it does not.
# ruff: noqa: E501

from __future__ import annotations

from typing import Any

import pytest

from natless.finding import Gap

Read = Any

MAYBE = """
Parameters: {Open: {Type: String}}
Conditions: {Unsaid: !Equals [!Ref Open, x]}
Resources:
  V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
  S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}
  T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref V}}
  N: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref V}}
  G: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}}
  R: {Type: AWS::IAM::Role}
  I: {Type: AWS::EC2::InternetGateway}
  X: {Condition: Unsaid, %s}
"""


@pytest.mark.parametrize(
    ("resource", "where"),
    [
        (
            "Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref I}",
            "route_tables.T.routes",
        ),
        (
            "Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !Ref T, SubnetId: !Ref S}",
            "route_tables.X.routes",
        ),
        (
            "Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {NetworkAclId: !Ref N, SubnetId: !Ref S}",
            "network_acls.X.entries",
        ),
        (
            "Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref N, RuleNumber: 1, Protocol: -1, RuleAction: allow, CidrBlock: 0.0.0.0/0}",
            "network_acls.N.entries",
        ),
        (
            "Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref G, IpProtocol: -1, CidrIp: 0.0.0.0/0}",
            "security_groups.G.ingress",
        ),
        (
            "Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !Ref G, IpProtocol: -1, CidrIp: 0.0.0.0/0}",
            "security_groups.G.egress",
        ),
        ("Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}", "security_groups.X.egress"),
        (
            "Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref V, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.logs}",
            "interface_endpoints.X.private_dns",
        ),
        (
            "Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref V, ServiceName: com.amazonaws.us-east-1.s3, RouteTableIds: [!Ref T]}",
            "gateway_endpoints.X.route_tables",
        ),
        (
            "Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref V, InternetGatewayId: !Ref I}",
            "internet_gateways.I.vpc",
        ),
        ("Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref V, CidrBlock: 10.1.0.0/16}", "vpcs.V.cidrs"),
        (
            "Type: AWS::EC2::VPCDHCPOptionsAssociation, Properties: {VpcId: !Ref V, DhcpOptionsId: x}",
            "vpcs.V.dns_servers",
        ),
        ("Type: AWS::IAM::Policy, Properties: {Roles: [!Ref R], PolicyDocument: {Statement: []}}", "roles.R.policies"),
        (
            "Type: AWS::IAM::RolePolicy, Properties: {RoleName: !Ref R, PolicyDocument: {Statement: []}}",
            "roles.R.policies",
        ),
        ("Type: AWS::IAM::Role", "roles.X.policies"),
        ("Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref S}", "nat_gateways.X.public"),
        (
            "Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [!Ref S]}",
            "load_balancers.X.internet_facing",
        ),
        ("Type: AWS::ECS::TaskDefinition, Properties: {ContainerDefinitions: []}", "task_definitions.X.containers"),
        ("Type: AWS::ECS::Service, Properties: {TaskDefinition: t, LaunchType: FARGATE}", "services.X.launch"),
        ("Type: AWS::Logs::LogGroup", "log_groups.X.name"),
        ("Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.3.0.0/16}", "vpcs.X.dns_support"),
    ],
)
def test_a_resource_that_may_not_stand_leaves_a_gap(read: Read, resource: str, where: str) -> None:
    cloud = read(MAYBE % resource, whole=True)
    collection, name, field = where.split(".")
    found = getattr(getattr(cloud, collection)[name], field)
    gaps = [part for part in (found if isinstance(found, tuple) else (found,)) if isinstance(part, Gap)]
    assert gaps
    assert "give --param Open=..." in gaps[0].why
    assert "X" not in getattr(read(MAYBE % resource, {"Open": "y"}, whole=True), collection)


def test_a_resource_whose_condition_holds_is_whole(read: Read) -> None:
    cloud = read(MAYBE % "Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.3.0.0/16}", {"Open": "x"}, whole=True)
    assert cloud.vpcs["X"].dns_support is True


HANDED = """
V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}
S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}
T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref V}}
G: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}}
R: {Type: AWS::IAM::Role}
Other: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}}
"""


@pytest.mark.parametrize(
    "resource",
    [
        "{Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: u, Parameters: {%s}}}",
        "{Type: Custom::Thing, Properties: {%s}}",
        "{Type: My::Own::Thing::MODULE, Properties: {%s}}",
        "{Type: AWS::CloudFormation::CustomResource, Properties: {%s}}",
    ],
)
def test_what_is_handed_to_something_opaque_may_have_been_changed(read: Read, resource: str) -> None:
    handed = "a: !Ref V, b: !Join [',', [!Ref S]], c: !Ref T, d: !Sub '${G}', e: !GetAtt R.Arn"
    cloud = read(HANDED + "X: " + resource % handed)
    assert [gap.what for gap in cloud.gaps] == ["X"]
    assert isinstance(cloud.security_groups["G"].ingress[-1], Gap)
    assert isinstance(cloud.security_groups["G"].egress[-1], Gap)
    assert isinstance(cloud.route_tables["T"].routes[-1], Gap)
    assert isinstance(cloud.roles["R"].policies[-1], Gap)
    (unknown,) = cloud.interface_endpoints.values()
    assert (unknown.vpc, type(unknown.service)) == ("V", Gap)
    tables = [table for table in cloud.route_tables.values() if "S" in table.subnets]
    assert [type(table.routes[-1]) for table in tables] == [Gap]
    assert [type(acl.entries[-1]) for acl in cloud.network_acls.values() if "S" in acl.subnets] == [Gap]
    assert not [part for part in cloud.security_groups["Other"].egress if isinstance(part, Gap)]


@pytest.mark.parametrize(
    "head",
    [
        "Transform: MyMacro\nResources:\n",
        "Transform: [AWS::LanguageExtensions]\nResources:\n  Fn::ForEach::Loop: [x, [a, b], {'T${x}': {Type: AWS::EC2::RouteTable}}]\n",
        "Resources:\n  Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}\n",
        "Resources:\n  Y: {Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://b/k}}}\n",
    ],
)
def test_macros_leave_everything_open(read: Read, head: str) -> None:
    cloud = read(
        head
        + "".join(f"  {line}\n" for line in HANDED.splitlines())
        + "  Z: {Type: AWS::SQS::Queue, Properties: {N: !Ref Y}}\n",
        whole=True,
    )
    assert cloud.gaps
    assert isinstance(cloud.security_groups["Other"].egress[-1], Gap)
    assert isinstance(cloud.route_tables["T"].routes[-1], Gap)


def test_sam_changes_nothing_that_is_read(read: Read) -> None:
    cloud = read(
        "Transform: AWS::Serverless-2016-10-31\nResources:\n  F: {Type: AWS::Serverless::Function}\n"
        "  P: {Type: AWS::Lambda::Permission, Properties: {FunctionName: !Ref FRole}}\n",
        whole=True,
    )
    assert cloud.gaps == ()


@pytest.mark.parametrize(
    ("resource", "collection", "name", "field"),
    [
        (
            "{Type: AWS::EC2::VPNGatewayRoutePropagation, Properties: {RouteTableIds: [!Ref T], VpnGatewayId: g}}",
            "route_tables",
            "T",
            "routes",
        ),
        (
            "{Type: AWS::Route53Resolver::ResolverRuleAssociation, Properties: {VPCId: !Ref V, ResolverRuleId: r}}",
            "vpcs",
            "V",
            "dns_servers",
        ),
    ],
)
def test_types_that_matter_and_are_not_read(read: Read, resource: str, collection: str, name: str, field: str) -> None:
    cloud = read(HANDED + "X: " + resource)
    found = getattr(getattr(cloud, collection)[name], field)
    assert any(isinstance(part, Gap) for part in (found if isinstance(found, tuple) else (found,)))
    assert [gap.what for gap in cloud.gaps] == ["X"]


def test_types_that_no_packet_meets_are_passed_over(read: Read) -> None:
    assert read("Q: {Type: AWS::SQS::Queue}\nA: {Type: AWS::CloudWatch::Alarm}").gaps == ()


def test_a_property_by_transform_leaves_the_others_open(read: Read) -> None:
    vpc = read(
        "V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16, Fn::Transform: {Name: AWS::Include}}}"
    ).vpcs["V"]
    assert isinstance(vpc.dns_hostnames, Gap)


def test_lists_that_are_not_known(read: Read) -> None:
    cloud = read(
        "Parameters: {L: {Type: 'List<AWS::EC2::Subnet::Id>'}, V: {Type: AWS::EC2::VPC::Id}}\nResources:\n"
        "  N: {Type: AWS::ECS::Service, Properties: {TaskDefinition: t, LaunchType: FARGATE, NetworkConfiguration: {AwsvpcConfiguration: {Subnets: !Ref L}}}}\n"
        "  E: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref V, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.logs, SubnetIds: !Ref L}}\n"
        "  F: {Type: AWS::EC2::VPCEndpoint, Properties: {VpcId: !Ref V, VpcEndpointType: Interface, ServiceName: com.amazonaws.us-east-1.logs, SubnetIds: [!Select [0, !Ref L]]}}\n",
        whole=True,
    )
    assert isinstance(cloud.services["N"].subnets, Gap)
    assert "give --param L=..." in cloud.services["N"].subnets.why
    assert isinstance(cloud.interface_endpoints["E"].subnets[0], Gap)
    assert cloud.interface_endpoints["F"].subnets == ("${L}[0]",)
    assert cloud.interface_endpoints["F"].vpc == "${V}"
