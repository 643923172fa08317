"""VPC, subnets, routes, groups, ACLs. Defaults from the CloudFormation template reference, read 2026-11."""

# One resource a line shows a network at a glance; broken over ten lines it does not.
# ruff: noqa: E501

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest

from natless.cloud import AclEntry, CidrPeer, GroupPeer, GroupRule, Icmp, PrefixListPeer, Route
from natless.finding import Gap

Read = Any
VPC = "V: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.0.0.0/16}}\n"


def test_a_vpc_has_dns_support_and_no_hostnames_unless_it_says_so(read: Read) -> None:
    cloud = read(
        VPC
        + "W: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.1.0.7/16, EnableDnsHostnames: 'true', EnableDnsSupport: 'false'}}"
    )
    assert (cloud.vpcs["V"].dns_support, cloud.vpcs["V"].dns_hostnames, cloud.vpcs["V"].dns_servers) == (
        True,
        False,
        (),
    )
    assert (cloud.vpcs["W"].dns_support, cloud.vpcs["W"].dns_hostnames) == (False, True)
    assert cloud.vpcs["W"].cidrs == (IPv4Network("10.1.0.0/16"),)


def test_what_aws_adds_to_a_vpc(read: Read) -> None:
    cloud = read(VPC + "S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}")
    table, acl, group = (
        cloud.route_tables["V"],
        cloud.network_acls["V"],
        cloud.security_groups["V.DefaultSecurityGroup"],
    )
    assert (table.main, table.routes, table.subnets) == (True, (), ())
    assert (acl.default, acl.subnets) == (True, ("S",))
    assert [(entry.number, entry.egress, entry.allow) for entry in acl.entries] == [
        (100, False, True),
        (100, True, True),
    ]
    assert [rule.peer for rule in group.ingress] == [GroupPeer("V.DefaultSecurityGroup")]
    assert [rule.peer for rule in group.egress] == [CidrPeer(IPv4Network("0.0.0.0/0"))]


def test_more_cidrs_and_dhcp_options(read: Read) -> None:
    cloud = read(
        VPC
        + """
B: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref V, CidrBlock: 10.9.0.0/16}}
B6: {Type: AWS::EC2::VPCCidrBlock, Properties: {VpcId: !Ref V, AmazonProvidedIpv6CidrBlock: true}}
O: {Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [10.0.0.5, 10.0.0.6]}}
A: {Type: AWS::EC2::VPCDHCPOptionsAssociation, Properties: {VpcId: !Ref V, DhcpOptionsId: !Ref O}}
"""
    )
    assert cloud.vpcs["V"].cidrs == (IPv4Network("10.0.0.0/16"), IPv4Network("10.9.0.0/16"))
    assert cloud.vpcs["V"].dns_servers == ("10.0.0.5", "10.0.0.6")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("{Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [AmazonProvidedDNS]}}", ()),
        ("{Type: AWS::EC2::DHCPOptions, Properties: {DomainName: x}}", Gap),
        ("{Type: AWS::EC2::DHCPOptions, Properties: {DomainNameServers: [!ImportValue d]}}", Gap),
    ],
)
def test_dns_servers(read: Read, options: str, expected: object) -> None:
    cloud = read(
        VPC
        + f"O: {options}\nA: {{Type: AWS::EC2::VPCDHCPOptionsAssociation, Properties: {{VpcId: !Ref V, DhcpOptionsId: !Ref O}}}}"
    )
    servers = cloud.vpcs["V"].dns_servers
    assert isinstance(servers, Gap) if expected is Gap else servers == expected


ROUTES = (
    VPC
    + """
G: {Type: AWS::EC2::InternetGateway}
GA: {Type: AWS::EC2::VPCGatewayAttachment, Properties: {VpcId: !Ref V, InternetGatewayId: !Ref G}}
Loose: {Type: AWS::EC2::InternetGateway}
S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24, AvailabilityZone: !Select [0, !GetAZs ""], MapPublicIpOnLaunch: true}}
T: {Type: AWS::EC2::RouteTable, Properties: {VpcId: !Ref V}}
TA: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: !GetAtt T.RouteTableId, SubnetId: !GetAtt S.SubnetId}}
N: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref S}}
P: {Type: AWS::EC2::NatGateway, Properties: {SubnetId: !Ref S, ConnectivityType: private}}
R1: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 0.0.0.0/0, GatewayId: !Ref G}}
R2: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 10.2.0.0/16, NatGatewayId: !Ref N}}
R3: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 10.3.0.0/16, TransitGatewayId: tgw-1}}
R4: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationPrefixListId: pl-1, VpcPeeringConnectionId: pcx-1}}
R5: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationIpv6CidrBlock: "::/0", GatewayId: !Ref G}}
R6: {Type: AWS::EC2::Route, Properties: {RouteTableId: !Ref T, DestinationCidrBlock: 10.6.0.0/16, GatewayId: !ImportValue Gw}}
"""
)


def test_routes_by_their_targets(read: Read) -> None:
    table = read(ROUTES).route_tables["T"]
    assert (table.vpc, table.subnets, table.main) == ("V", ("S",), False)
    routes = [route for route in table.routes if isinstance(route, Route)]
    assert [(route.id, str(route.destination), route.target, route.target_id) for route in routes] == [
        ("R1", "0.0.0.0/0", "internet-gateway", "G"),
        ("R2", "10.2.0.0/16", "nat-gateway", "N"),
        ("R3", "10.3.0.0/16", "other", "tgw-1"),
        ("R4", "pl-1", "other", "pcx-1"),
        ("R6", "10.6.0.0/16", "other", "${Fn::ImportValue:Gw}"),
    ]


def test_gateways_subnets_and_nat(read: Read) -> None:
    cloud = read(ROUTES)
    assert (cloud.internet_gateways["G"].vpc, cloud.internet_gateways["Loose"].vpc) == ("V", None)
    subnet = cloud.subnets["S"]
    assert (subnet.zone, subnet.map_public_ip, subnet.cidr) == ("${AWS::Region}[0]", True, IPv4Network("10.0.1.0/24"))
    assert (cloud.nat_gateways["N"].public, cloud.nat_gateways["P"].public, cloud.nat_gateways["N"].subnet) == (
        True,
        False,
        "S",
    )


def test_parts_of_things_outside_the_template(read: Read) -> None:
    cloud = read(
        """
S: {Type: AWS::EC2::Subnet, Properties: {VpcId: vpc-1, CidrBlock: 10.0.1.0/24}}
A: {Type: AWS::EC2::SubnetRouteTableAssociation, Properties: {RouteTableId: rtb-1, SubnetId: !Ref S}}
R: {Type: AWS::EC2::Route, Properties: {RouteTableId: rtb-1, DestinationCidrBlock: 0.0.0.0/0, GatewayId: igw-1}}
I: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: sg-1, IpProtocol: tcp, FromPort: 443, ToPort: 443, CidrIp: 10.0.0.0/8}}
N: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {NetworkAclId: acl-1, SubnetId: !Ref S}}
"""
    )
    table, group, acl = cloud.route_tables["rtb-1"], cloud.security_groups["sg-1"], cloud.network_acls["acl-1"]
    assert (table.subnets, acl.subnets) == (("S",), ("S",))
    first = table.routes[0]
    assert isinstance(first, Route)
    assert first.target == "internet-gateway"
    assert isinstance(table.routes[-1], Gap)
    assert isinstance(group.ingress[-1], Gap)
    assert isinstance(group.egress[-1], Gap)
    assert isinstance(acl.entries[-1], Gap)
    assert "rtb-1" in table.routes[-1].why


GROUPS = (
    VPC
    + """
A:
  Type: AWS::EC2::SecurityGroup
  Properties:
    VpcId: !Ref V
    SecurityGroupIngress:
      - {IpProtocol: tcp, FromPort: "80", ToPort: 80, CidrIp: 0.0.0.0/0}
      - {IpProtocol: tcp, FromPort: 80, ToPort: 80, CidrIpv6: "::/0"}
      - {IpProtocol: "-1", SourceSecurityGroupId: !GetAtt V.DefaultSecurityGroup}
    SecurityGroupEgress:
      - {IpProtocol: 6, FromPort: 443, ToPort: 443, DestinationPrefixListId: pl-1}
B: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V}}
E: {Type: AWS::EC2::SecurityGroupEgress, Properties: {GroupId: !GetAtt B.GroupId, IpProtocol: udp, FromPort: 53, ToPort: 53, DestinationSecurityGroupId: !Ref A}}
I: {Type: AWS::EC2::SecurityGroupIngress, Properties: {GroupId: !Ref B, IpProtocol: icmp, FromPort: 8, ToPort: -1, SourceSecurityGroupId: !GetAtt A.GroupId}}
C: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V, SecurityGroupEgress: []}}
"""
)


def rules(found: tuple[GroupRule | Gap, ...]) -> list[GroupRule]:
    assert not [rule for rule in found if isinstance(rule, Gap)]
    return [rule for rule in found if isinstance(rule, GroupRule)]


def test_inline_rules(read: Read) -> None:
    group = read(GROUPS).security_groups["A"]
    http, everything = rules(group.ingress)
    assert (http.id, http.protocol, str(http.ports), http.origin.line) == (
        "A.SecurityGroupIngress[0]",
        "tcp",
        "Ports(first=80, last=80)",
        9,
    )
    assert (everything.id, everything.protocol, everything.peer) == (
        "A.SecurityGroupIngress[2]",
        "all",
        GroupPeer("V.DefaultSecurityGroup"),
    )
    (out,) = rules(group.egress)
    assert (out.protocol, out.peer) == ("tcp", PrefixListPeer("pl-1"))


def test_default_egress_stands_unless_a_rule_is_named_inline(read: Read) -> None:
    groups = read(GROUPS).security_groups
    for name, count in (("B", 2), ("C", 1)):
        egress = rules(groups[name].egress)
        assert len(egress) == count
        assert (egress[0].protocol, egress[0].peer) == ("all", CidrPeer(IPv4Network("0.0.0.0/0")))
    standalone = rules(groups["B"].egress)[1]
    assert (standalone.id, standalone.protocol, standalone.peer) == ("E", "udp", GroupPeer("A"))
    assert rules(groups["B"].ingress)[0].protocol == "icmp"


def test_acl_entries_in_both_spellings(read: Read) -> None:
    cloud = read(
        VPC
        + """
S: {Type: AWS::EC2::Subnet, Properties: {VpcId: !Ref V, CidrBlock: 10.0.1.0/24}}
N: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref V}}
NA: {Type: AWS::EC2::SubnetNetworkAclAssociation, Properties: {NetworkAclId: !Ref N, SubnetId: !Ref S}}
E1: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref N, RuleNumber: "100", Protocol: "6", RuleAction: allow, Egress: "true", CidrBlock: 0.0.0.0/0, PortRange: {From: 443, To: "443"}}}
E2: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !Ref N, RuleNumber: 90, Protocol: -1, RuleAction: deny, CidrBlock: 10.0.0.0/8}}
E3: {Type: AWS::EC2::NetworkAclEntry, Properties: {NetworkAclId: !GetAtt V.DefaultNetworkAcl, RuleNumber: 50, Protocol: -1, RuleAction: deny, CidrBlock: 10.0.0.0/8}}
"""
    )
    acl, default = cloud.network_acls["N"], cloud.network_acls["V"]
    found = [
        (entry.id, entry.number, entry.egress, entry.allow, entry.protocol, str(entry.ports))
        for entry in acl.entries
        if isinstance(entry, AclEntry)
    ]
    assert found == [
        ("E1", 100, True, True, "tcp", "Ports(first=443, last=443)"),
        ("E2", 90, False, False, "all", "Ports(first=0, last=65535)"),
    ]
    assert (acl.subnets, default.subnets, len(default.entries)) == (("S",), (), 3)


# API reference, "IpPermission" and "IcmpTypeCode": -1 is all types, or all codes of a type.
ICMP_RULES = {
    "FromPort: 8, ToPort: -1": Icmp(8),
    "FromPort: 3, ToPort: '4'": Icmp(3, 4),
    "FromPort: -1, ToPort: -1": None,
}


@pytest.mark.parametrize("ports", ICMP_RULES)
def test_a_groups_rule_for_icmp_has_its_type_and_code(read: Read, ports: str) -> None:
    cloud = read(
        VPC
        + "G: {Type: AWS::EC2::SecurityGroup, Properties: {VpcId: !Ref V, GroupDescription: g, "
        + f"SecurityGroupIngress: [{{IpProtocol: icmp, {ports}, CidrIp: 0.0.0.0/0}}]}}}}\n"
    )
    (rule,) = cloud.security_groups["G"].ingress
    assert (rule.protocol, rule.icmp) == ("icmp", ICMP_RULES[ports])


def test_an_acl_entry_for_icmp_has_its_type_and_code(read: Read) -> None:
    entry = "NetworkAclId: !Ref N, RuleNumber: 100, Protocol: 1, RuleAction: allow, CidrBlock: 0.0.0.0/0"
    cloud = read(
        VPC
        + "N: {Type: AWS::EC2::NetworkAcl, Properties: {VpcId: !Ref V}}\n"
        + f"E: {{Type: AWS::EC2::NetworkAclEntry, Properties: {{{entry}, Icmp: {{Type: 8, Code: -1}}}}}}\n"
    )
    assert [each.icmp for each in cloud.network_acls["N"].entries] == [Icmp(8)]


def test_own_prefix_list(read: Read) -> None:
    cloud = read(
        "P: {Type: AWS::EC2::PrefixList, Properties: {PrefixListName: n, AddressFamily: IPv4, MaxEntries: 2, Entries: [{Cidr: 10.0.0.0/8}]}}"
    )
    assert cloud.prefix_lists["P"].cidrs == (IPv4Network("10.0.0.0/8"),)
