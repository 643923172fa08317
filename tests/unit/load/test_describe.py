"""Describe JSON written by hand, in the shapes of the AWS API references' examples."""

import json
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from natless.cloud import CidrPeer, GroupPeer, Icmp, Policy, Ports, PrefixListPeer, Role, Statement
from natless.finding import Gap
from natless.load import LoadError, describe

WHOLE: dict[str, list[Any]] = {
    key: []
    for key in [
        "InternetGateways",
        "ListenerRules",
        "Listeners",
        "LoadBalancers",
        "LogGroups",
        "NatGateways",
        "NetworkAcls",
        "NetworkInterfaces",
        "PrefixLists",
        "Repositories",
        "Roles",
        "RouteTables",
        "SecurityGroupRules",
        "SecurityGroups",
        "Services",
        "Subnets",
        "TargetGroups",
        "TaskDefinitions",
        "VpcEndpoints",
        "Vpcs",
        "VpcAttributes",
        "DhcpOptions",
    ]
}


def test_nothing_denied_leaves_no_gap() -> None:
    assert describe(WHOLE, "here").gaps == ()


@pytest.mark.parametrize("key", sorted(set(WHOLE) - {"SecurityGroupRules", "VpcAttributes", "DhcpOptions"}))
def test_a_missing_or_denied_key_is_a_gap_named_by_it(key: str) -> None:
    missing = describe({name: items for name, items in WHOLE.items() if name != key}, "here")
    denied = describe({**WHOLE, "Denied": {key: "describe_x: AccessDenied: no"}}, "here")
    assert [gap.what for gap in missing.gaps] == [key]
    assert [(gap.what, gap.why) for gap in denied.gaps] == [(key, "AWS refused: describe_x: AccessDenied: no")]


@pytest.mark.parametrize(
    ("tags", "name"),
    [
        ([{"Key": "Name", "Value": "prod"}], "prod"),
        ([{"Key": "Name", "Value": "prod"}, {"Key": "aws:cloudformation:logical-id", "Value": "Vpc"}], "Vpc"),
        ([], ""),
        ("no list", ""),
        ([None, {"Key": None}], ""),
    ],
)
def test_a_thing_is_called_by_its_tags(tags: Any, name: str) -> None:
    assert describe({**WHOLE, "Vpcs": [{"VpcId": "vpc-1", "Tags": tags}]}, "here").vpcs["vpc-1"].origin.name == name


def vpc_with(options: dict[str, Any] | None, **vpc: Any) -> Any:
    snapshot = {
        **WHOLE,
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "DhcpOptionsId": "dopt-1", **vpc}],
        "VpcAttributes": [{"VpcId": "vpc-1", "EnableDnsSupport": True, "EnableDnsHostnames": False}],
        "DhcpOptions": [options] if options else [],
    }
    return describe(snapshot, "here").vpcs["vpc-1"]


def dhcp(*servers: str) -> dict[str, Any]:
    # The example of DescribeDhcpOptions in the EC2 API reference.
    return {
        "DhcpOptionsId": "dopt-1",
        "DhcpConfigurations": [
            {"Key": "domain-name", "Values": [{"Value": "us-east-2.compute.internal"}]},
            {"Key": "domain-name-servers", "Values": [{"Value": server} for server in servers]},
        ],
    }


def test_dns_attributes_and_servers() -> None:
    vpc = vpc_with(dhcp("AmazonProvidedDNS"))
    assert (vpc.dns_support, vpc.dns_hostnames, vpc.dns_servers) == (True, False, ())
    assert vpc_with(dhcp("10.2.5.1", "10.2.5.2")).dns_servers == ("10.2.5.1", "10.2.5.2")
    assert vpc_with(None, DhcpOptionsId="default").dns_servers == ()
    assert isinstance(vpc_with(None).dns_servers, Gap)


def test_secondary_cidrs_that_are_associated_count() -> None:
    blocks = [
        {"CidrBlock": "10.0.0.0/16", "CidrBlockState": {"State": "associated"}},
        {"CidrBlock": "100.64.0.0/16", "CidrBlockState": {"State": "associated"}},
        {"CidrBlock": "10.9.0.0/16", "CidrBlockState": {"State": "disassociated"}},
    ]
    vpc = vpc_with(None, CidrBlockAssociationSet=blocks)
    assert vpc.cidrs == (IPv4Network("10.0.0.0/16"), IPv4Network("100.64.0.0/16"))


def routes(*found: dict[str, Any]) -> list[tuple[str, str, str]]:
    table = {
        "RouteTableId": "rtb-1",
        "VpcId": "vpc-1",
        "Associations": [{"Main": True, "AssociationState": {"State": "associated"}}],
        "Routes": list(found),
    }
    endpoint = {
        "VpcEndpointId": "vpce-1a",
        "VpcEndpointType": "Gateway",
        "VpcId": "vpc-1",
        "ServiceName": "com.amazonaws.us-east-1.s3",
        "State": "available",
        "RouteTableIds": ["rtb-1"],
    }
    cloud = describe({**WHOLE, "RouteTables": [table], "VpcEndpoints": [endpoint]}, "here")
    assert cloud.gateway_endpoints["vpce-1a"].route_tables == ("rtb-1",)
    return [
        (str(route.destination), route.target, str(route.target_id))
        for route in cloud.route_tables["rtb-1"].routes
        if not isinstance(route, Gap)
    ]


def test_routes_by_target() -> None:
    found = routes(
        {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"},
        {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"},
        {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-1", "State": "active"},
        {"DestinationPrefixListId": "pl-63a5400a", "GatewayId": "vpce-1a", "State": "active"},
        {"DestinationPrefixListId": "pl-0123", "TransitGatewayId": "tgw-1", "State": "active"},
        {"DestinationCidrBlock": "10.1.0.0/16", "GatewayId": "igw-1", "State": "active"},
        {"DestinationCidrBlock": "10.2.0.0/16", "NatGatewayId": "nat-2", "State": "blackhole"},
        {"DestinationCidrBlock": "10.3.0.0/16", "GatewayId": "vgw-1", "State": "active"},
        {"DestinationCidrBlock": "10.4.0.0/16", "GatewayId": "vpce-2b", "State": "active"},
        {"DestinationCidrBlock": "10.5.0.0/16", "NetworkInterfaceId": "eni-1", "State": "active"},
    )
    assert sorted(found) == [
        ("0.0.0.0/0", "nat-gateway", "nat-1"),
        ("10.1.0.0/16", "internet-gateway", "igw-1"),
        ("10.2.0.0/16", "blackhole", "nat-2"),
        ("10.3.0.0/16", "other", "vgw-1"),
        ("10.4.0.0/16", "other", "vpce-2b"),
        ("10.5.0.0/16", "other", "eni-1"),
        ("pl-0123", "other", "tgw-1"),
    ]


GROUP = {
    "GroupId": "sg-1",
    "GroupName": "tasks",
    "VpcId": "vpc-1",
    "IpPermissions": [
        {
            "IpProtocol": "tcp",
            "FromPort": 8080,
            "ToPort": 8080,
            "IpRanges": [{"CidrIp": "10.0.0.1/8"}],
            "Ipv6Ranges": [{"CidrIpv6": "::/0"}],
            "UserIdGroupPairs": [{"GroupId": "sg-2", "UserId": "123456789012"}],
        }
    ],
    "IpPermissionsEgress": [
        {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-63a5400a"}]},
        {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]},
    ],
}


def test_group_permissions_without_rule_ids() -> None:
    snapshot = {name: items for name, items in WHOLE.items() if name != "SecurityGroupRules"}
    group = describe({**snapshot, "SecurityGroups": [GROUP]}, "here").security_groups["sg-1"]
    rules = [rule for rule in (*group.ingress, *group.egress) if not isinstance(rule, Gap)]
    assert {(rule.protocol, rule.ports, rule.peer) for rule in rules} == {
        ("tcp", Ports(8080, 8080), CidrPeer(IPv4Network("10.0.0.0/8"))),
        ("tcp", Ports(8080, 8080), GroupPeer("sg-2")),
        ("all", Ports(), PrefixListPeer("pl-63a5400a")),
        ("icmp", Ports(), CidrPeer(IPv4Network("0.0.0.0/0"))),
    }
    assert [rule.icmp for rule in rules] == [None, None, None, Icmp(8)]
    assert [rule.id for rule in rules] == ["sg-1.ingress[0]", "sg-1.ingress[1]", "sg-1.egress[0]", "sg-1.egress[1]"]


def test_group_rules_with_their_own_ids() -> None:
    rule = {"GroupId": "sg-1", "IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    rules = [
        {**rule, "SecurityGroupRuleId": "sgr-1", "IsEgress": False, "CidrIpv4": "0.0.0.0/0"},
        {**rule, "SecurityGroupRuleId": "sgr-2", "IsEgress": True, "ReferencedGroupInfo": {"GroupId": "sg-2"}},
        {**rule, "SecurityGroupRuleId": "sgr-3", "IsEgress": True, "PrefixListId": "pl-63a5400a"},
        {**rule, "SecurityGroupRuleId": "sgr-4", "IsEgress": True, "CidrIpv6": "::/0"},
    ]
    snapshot = {**WHOLE, "SecurityGroups": [GROUP], "SecurityGroupRules": rules}
    group = describe(snapshot, "here").security_groups["sg-1"]
    found = [(rule.id, rule.peer) for rule in (*group.ingress, *group.egress) if not isinstance(rule, Gap)]
    assert found == [
        ("sgr-1", CidrPeer(IPv4Network("0.0.0.0/0"))),
        ("sgr-2", GroupPeer("sg-2")),
        ("sgr-3", PrefixListPeer("pl-63a5400a")),
    ]
    # Denied half-way, the list may miss rules that the group itself still tells.
    partly = describe({**snapshot, "SecurityGroupRules": rules[:1], "Denied": {"SecurityGroupRules": "x"}}, "here")
    assert len(partly.security_groups["sg-1"].egress) == 2


def test_acl_entries() -> None:
    entries = [
        {"RuleNumber": 100, "Protocol": "6", "RuleAction": "allow", "Egress": True, "CidrBlock": "0.0.0.0/0"},
        {"RuleNumber": 101, "Protocol": "-1", "RuleAction": "deny", "Egress": False, "Ipv6CidrBlock": "::/0"},
        {"RuleNumber": 32767, "Protocol": "-1", "RuleAction": "deny", "Egress": False, "CidrBlock": "0.0.0.0/0"},
    ]
    entries[0]["PortRange"] = {"From": 443, "To": 443}
    acl = {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": False, "Entries": entries, "Associations": []}
    (entry,) = describe({**WHOLE, "NetworkAcls": [acl]}, "here").network_acls["acl-1"].entries
    assert not isinstance(entry, Gap)
    assert (entry.protocol, entry.ports, entry.allow, entry.egress) == ("tcp", Ports(443, 443), True, True)


@pytest.mark.parametrize(
    ("said", "icmp"), [({"Type": 8, "Code": -1}, Icmp(8)), ({"Type": 3, "Code": 4}, Icmp(3, 4)), ({"Type": -1}, None)]
)
def test_an_acl_entry_for_icmp_has_its_type_and_code(said: dict[str, int], icmp: Icmp | None) -> None:
    # API reference, "IcmpTypeCode": -1 is all types, or all codes of a type.
    entry = {"RuleNumber": 1, "Protocol": "1", "RuleAction": "allow", "Egress": True, "CidrBlock": "0.0.0.0/0"}
    acl = {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": False, "Associations": []}
    acl["Entries"] = [{**entry, "IcmpTypeCode": said}]
    (found,) = describe({**WHOLE, "NetworkAcls": [acl]}, "here").network_acls["acl-1"].entries
    assert not isinstance(found, Gap)
    assert (found.protocol, found.icmp) == ("icmp", icmp)


def test_ipv6_cidrs_are_kept() -> None:
    found = vpc_with(None, Ipv6CidrBlockAssociationSet=[{"Ipv6CidrBlock": "2001:db8::/56"}])
    assert found.ipv6_cidrs == ("2001:db8::/56",)


def endpoint(**fields: Any) -> dict[str, Any]:
    return {
        "VpcEndpointId": "vpce-1",
        "VpcEndpointType": "Interface",
        "VpcId": "vpc-1",
        "ServiceName": "com.amazonaws.eu-west-1.ecr.api",
        "State": "Available",
        "SubnetIds": ["subnet-2", "subnet-1"],
        "Groups": [{"GroupId": "sg-1", "GroupName": "endpoints"}],
        "PrivateDnsEnabled": True,
        **fields,
    }


def test_endpoint_names_states_and_dns() -> None:
    def read(**fields: Any) -> Any:
        snapshot = {**WHOLE, "Region": "eu-west-1", "VpcEndpoints": [endpoint(**fields)]}
        return describe(snapshot, "here").interface_endpoints.get("vpce-1")

    assert (read().service, read().subnets, read().available) == ("ecr.api", ("subnet-1", "subnet-2"), True)
    assert read(State="pending").available is False
    assert read(State="Deleted") is None
    assert read(ServiceName="com.amazonaws.us-east-1.ecr.api").service == "com.amazonaws.us-east-1.ecr.api"
    assert read(ServiceName="com.amazonaws.vpce.eu-west-1.vpce-svc-1").service.endswith("vpce-svc-1")
    assert read(DnsOptions={"PrivateDnsOnlyForInboundResolverEndpoint": True}).private_dns is False
    assert read().policy is None
    assert isinstance(read(PolicyDocument="no json").policy, Gap)


def test_an_endpoint_of_china_has_its_short_name() -> None:
    found = endpoint(ServiceName="cn.com.amazonaws.cn-north-1.ecr.dkr")
    cloud = describe({**WHOLE, "Region": "cn-north-1", "VpcEndpoints": [found]}, "here")
    assert cloud.interface_endpoints["vpce-1"].service == "ecr.dkr"


@pytest.mark.parametrize(
    ("fields", "owner", "kind"),
    [
        ({"InterfaceType": "vpc_endpoint", "Description": "VPC Endpoint Interface vpce-0a"}, "vpce-0a", "endpoint"),
        ({"InterfaceType": "nat_gateway", "Description": "Interface for NAT Gateway nat-0b"}, "nat-0b", "nat-gateway"),
        ({"InterfaceType": "interface", "Description": "ELB app/web/50dc6c495c0c9188"}, "LB", "load-balancer"),
        ({"InterfaceType": "network_load_balancer", "Description": "ELB net/n/0c"}, "net/n/0c", "load-balancer"),
        ({"Description": "arn:aws:ecs:eu-west-1:123456789012:attachment/e5"}, "TASK", "task"),
        ({"Attachment": {"InstanceId": "i-1"}, "Description": ""}, "i-1", "other"),
    ],
)
def test_owners_of_interfaces(fields: dict[str, Any], owner: str, kind: str) -> None:
    balancer = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
    task = "arn:aws:ecs:eu-west-1:123456789012:task/hello/0f"
    eni = {
        "NetworkInterfaceId": "eni-1",
        "SubnetId": "subnet-1",
        "PrivateIpAddress": "10.0.0.9",
        "PrivateIpAddresses": [{"PrivateIpAddress": "10.0.0.9"}, {"PrivateIpAddress": "10.0.0.10"}],
        "Association": {"PublicIp": "203.0.113.7"},
        "Groups": [{"GroupId": "sg-1"}],
        **fields,
    }
    details = [{"name": "networkInterfaceId", "value": "eni-1"}]
    snapshot = {
        **WHOLE,
        "NetworkInterfaces": [eni],
        "LoadBalancers": [{"LoadBalancerArn": balancer, "Type": "application", "Scheme": "internal"}],
        "Tasks": [{"taskArn": task, "attachments": [{"details": details}]}] if kind == "task" else [],
    }
    found = describe(snapshot, "here").network_interfaces["eni-1"]
    assert (found.owner, found.kind) == ({"LB": balancer, "TASK": task}.get(owner, owner), kind)
    assert found.addresses == (IPv4Address("10.0.0.9"), IPv4Address("10.0.0.10"))
    assert found.public_address == IPv4Address("203.0.113.7")


TRUST = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"},
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["ecr:*"], "Resource": "*"}]}


def role_with(**fields: Any) -> Role:
    role = {
        "RoleName": "exec",
        "Arn": "arn:aws:iam::123456789012:role/exec",
        "AssumeRolePolicyDocument": TRUST,
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": ALLOW}],
        "AttachedManagedPolicies": [{"PolicyName": "a", "PolicyArn": "arn:aws:iam::aws:policy/A"}],
        **fields,
    }
    policies = [
        {"Arn": "arn:aws:iam::aws:policy/B", "PolicyVersionList": [{"IsDefaultVersion": True, "Document": ALLOW}]}
    ]
    return describe({**WHOLE, "Roles": [role], "Policies": policies}, "here").roles["exec"]


def statement(policy: object) -> Statement:
    assert isinstance(policy, Policy)
    (found,) = policy.statements
    assert isinstance(found, Statement)
    return found


def test_roles_and_their_policies() -> None:
    role = role_with()
    assert statement(role.trust).principals == ("ecs-tasks.amazonaws.com",)
    assert [statement(policy).actions for policy in role.policies] == [("ecr:*",)]
    assert role.managed == ("arn:aws:iam::aws:policy/A",)
    known = role_with(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::aws:policy/B"}])
    assert (len(known.policies), known.managed) == (2, ())


def test_what_was_denied_of_a_role_is_a_gap() -> None:
    assert isinstance(role_with(RolePolicyList=None).policies[0], Gap)
    assert isinstance(role_with(AttachedManagedPolicies=None).managed[0], Gap)


def test_a_permissions_boundary_is_its_text_where_that_was_read() -> None:
    unread = role_with(PermissionsBoundary={"PermissionsBoundaryArn": "arn:aws:iam::1:policy/B"})
    assert unread.boundary == "arn:aws:iam::1:policy/B"
    known = role_with(PermissionsBoundary={"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/B"})
    assert statement(known.boundary).effect == "Allow"
    assert role_with().boundary is None


def test_a_url_encoded_policy_is_read() -> None:
    encoded = "%7B" + json.dumps(ALLOW)[1:].replace('"', "%22").replace(" ", "%20")
    assert statement(role_with(AssumeRolePolicyDocument=encoded).trust).actions == ("ecr:*",)


DEFINITION = {
    "taskDefinitionArn": "arn:aws:ecs:eu-west-1:123456789012:task-definition/hello-web:7",
    "family": "hello-web",
    "revision": 7,
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "compatibilities": ["EC2", "FARGATE"],
    "cpu": "256",
    "memory": "512",
    "executionRoleArn": "arn:aws:iam::123456789012:role/exec",
    "taskRoleArn": "arn:aws:iam::210987654321:role/elsewhere",
    "containerDefinitions": [
        {
            "name": "web",
            "image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/hello/web@sha256:00",
            "portMappings": [{"containerPort": 8080}, {"containerPortRange": "9000-9002"}],
            "logConfiguration": {"logDriver": "awslogs", "options": {"awslogs-group": "hello"}},
            "secrets": [{"name": "DB", "valueFrom": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"}],
            "environment": [{"name": "A", "value": "1"}],
        }
    ],
}
SERVICE = {
    "serviceArn": "arn:aws:ecs:eu-west-1:123456789012:service/hello/web",
    "serviceName": "web",
    "clusterArn": "arn:aws:ecs:eu-west-1:123456789012:cluster/hello",
    "status": "ACTIVE",
    "taskDefinition": DEFINITION["taskDefinitionArn"],
    "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
    "platformVersion": "1.4.0",
    "networkConfiguration": {
        "awsvpcConfiguration": {"subnets": ["subnet-b", "subnet-a"], "securityGroups": [], "assignPublicIp": "DISABLED"}
    },
    "loadBalancers": [{"targetGroupArn": "tg-arn", "containerName": "web", "containerPort": 8080}],
    "deployments": [{"status": "PRIMARY", "serviceConnectConfiguration": {"enabled": True}}],
}


def test_services_and_task_definitions() -> None:
    role = {"RoleName": "exec", "Arn": "arn:aws:iam::123456789012:role/exec"}
    snapshot = {
        **WHOLE,
        "Services": [SERVICE],
        "TaskDefinitions": [DEFINITION],
        "Roles": [role],
        "Subnets": [{"SubnetId": "subnet-a", "VpcId": "vpc-1"}],
        "SecurityGroups": [{"GroupId": "sg-0", "GroupName": "default", "VpcId": "vpc-1"}],
    }
    cloud = describe(snapshot, "here")
    service = cloud.services[str(SERVICE["serviceArn"])]
    assert (service.task_definition, service.launch, service.platform_version) == ("hello-web:7", "fargate", "1.4.0")
    assert (service.subnets, service.groups, service.public_ip) == (("subnet-a", "subnet-b"), ("sg-0",), False)
    assert (service.targets[0].target_group, service.targets[0].port) == ("tg-arn", 8080)
    assert service.service_connect is True
    assert service.after is None
    definition = cloud.task_definitions["hello-web:7"]
    assert (definition.execution_role, definition.task_role) == ("exec", "arn:aws:iam::210987654321:role/elsewhere")
    assert definition.compatibilities == ("FARGATE",)
    assert not isinstance(definition.containers, Gap)
    (container,) = definition.containers
    assert container.ports == (8080, 9000, 9001, 9002)
    assert (container.log_driver, container.log_options) == ("awslogs", {"awslogs-group": "hello"})
    assert not isinstance(container.secrets[0], Gap)
    assert container.environment == {"A": "1"}


def test_load_balancing() -> None:
    prefix = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"
    balancer, listener = f"{prefix}:loadbalancer/app/web/5", f"{prefix}:listener/app/web/5/6"
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "b"}, {"TargetGroupArn": "a"}]}}
    snapshot = {
        **WHOLE,
        "LoadBalancers": [
            {
                "LoadBalancerArn": balancer,
                "Type": "application",
                "Scheme": "internet-facing",
                "AvailabilityZones": [{"SubnetId": "subnet-1"}],
                "SecurityGroups": ["sg-1"],
                "DNSName": "web-5.eu-west-1.elb.amazonaws.com",
            }
        ],
        "Listeners": [
            {
                "ListenerArn": listener,
                "LoadBalancerArn": balancer,
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": [forward],
            }
        ],
        "ListenerRules": [
            {"RuleArn": f"{prefix}:listener-rule/app/web/5/6/7", "Priority": "10", "Actions": [forward]},
            {"RuleArn": f"{prefix}:listener-rule/app/web/5/6/8", "Priority": "default", "IsDefault": True},
        ],
        "TargetGroups": [
            {"TargetGroupArn": "a", "VpcId": "vpc-1", "Port": 80, "Protocol": "HTTP", "TargetType": "ip"},
            {"TargetGroupArn": "b", "TargetType": "lambda"},
        ],
    }
    cloud = describe(snapshot, "here")
    assert cloud.load_balancers[balancer].internet_facing is True
    assert cloud.listeners[listener].target_groups == ("a", "b")
    (rule,) = cloud.listener_rules.values()
    assert (rule.listener, rule.priority, rule.target_groups) == (listener, 10, ("a", "b"))
    assert cloud.target_groups["b"].vpc is None


@pytest.mark.parametrize(
    ("snapshot", "subject"),
    [
        ({"Vpcs": {}}, "Vpcs"),
        ({"Vpcs": ["vpc-1"]}, "Vpcs[0]"),
        ({"Vpcs": [{"CidrBlock": "10.0.0.0/16"}]}, "Vpcs[0]"),
        ({"Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0/16"}]}, "Vpcs[vpc-1].CidrBlock"),
        ({"Subnets": [{"SubnetId": "s", "VpcId": 5}]}, "Subnets[s].VpcId"),
        ({"SecurityGroups": [{"GroupId": "g", "IpPermissions": [7]}]}, "SecurityGroups[g].IpPermissions[0]"),
        ({"Denied": ["x"]}, "Denied"),
        ([], "here"),
        ("text", "here"),
    ],
)
def test_malformed_parts_are_findings_that_name_their_place(snapshot: Any, subject: str) -> None:
    whole = {**WHOLE, **snapshot} if isinstance(snapshot, dict) else snapshot
    with pytest.raises(LoadError) as caught:
        describe(whole, "here")
    assert subject in {finding.subject for finding in caught.value.findings}
    assert {finding.rule for finding in caught.value.findings} == {"NL906"}
