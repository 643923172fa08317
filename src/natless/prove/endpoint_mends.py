"""The endpoint that a service lacks, for every subnet that its tasks may stand in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from natless.catalog.services import service as catalog_service
from natless.cloud import GatewayEndpoint, RouteTable, SecurityGroup, Subnet
from natless.finding import Gap
from natless.prove.answers import Mend
from natless.prove.ends import End
from natless.prove.mends import is_nameless, reference, word
from natless.prove.world import World

_GROUP = "EndpointGroup"


def add_endpoint(world: World, service: str, source: End, name: str = "") -> Mend:
    """Give the endpoint that a service lacks. `name` is one that stands with the wrong type."""
    subnet = source.subnet
    if subnet is None or isinstance(subnet.vpc, Gap):
        return Mend(words=f"Add a VPC endpoint for {service}.")
    known = catalog_service(service)
    if known is not None and known.kind == "gateway":
        return _gateway(world, service, subnet.vpc, _homes(world, source))
    return _interface(world, service, source, subnet.vpc, name)


def _homes(world: World, source: End) -> list[Subnet]:
    """Give the subnets of the service that the task belongs to, or of the instances, the one it stands in first."""
    service, hosts = world.cloud.services.get(source.owner), world.cloud.instance_groups.get(source.owner)
    named = service.subnets if service is not None and not isinstance(service.subnets, Gap) else ()
    named = hosts.subnets if hosts is not None else named
    others = [found for name in named if not isinstance(found := world.subnet(name), Gap)]
    return [found for found in (source.subnet, *others) if found is not None]


def tables(world: World, source: End) -> list[RouteTable]:
    """Give the route tables of the subnets that a task may stand in, each once."""
    found = {table.id: table for home in _homes(world, source) if not isinstance(table := world.table(home), Gap)}
    return list(found.values())


def _gateway(world: World, service: str, vpc: str, homes: list[Subnet]) -> Mend:
    """Give a gateway endpoint; a subnet that uses the VPC's main table, which has no name, gets a table of its own."""
    resources: dict[str, Any] = {}
    found: dict[str, None] = {}
    for home in dict.fromkeys(homes):
        table = world.table(home)
        if isinstance(table, Gap):
            continue
        if is_nameless(table):
            resources |= _own_table(home, vpc)
            found[f"{word(home.id)}RouteTable"] = None
        else:
            found[table.id] = None
    properties = {"VpcEndpointType": "Gateway", "RouteTableIds": [reference(table) for table in found]}
    command = f"{_create(world, vpc, service)} --vpc-endpoint-type Gateway --route-table-ids {' '.join(found)}"
    return Mend(resources | _endpoint(world, service, vpc, properties), (command,))


def _own_table(home: Subnet, vpc: str) -> dict[str, Any]:
    table = f"{word(home.id)}RouteTable"
    properties = {"SubnetId": reference(home.id), "RouteTableId": {"Ref": table}}
    return {
        table: {"Type": "AWS::EC2::RouteTable", "Properties": {"VpcId": reference(vpc)}},
        f"{table}Association": {"Type": "AWS::EC2::SubnetRouteTableAssociation", "Properties": properties},
    }


def _interface(world: World, service: str, source: End, vpc: str, name: str) -> Mend:
    """Give an interface endpoint: a subnet a zone, and the group of other endpoints or a new one that lets tasks in."""
    zones = {home.zone if isinstance(home.zone, str) else "": home.id for home in reversed(_homes(world, source))}
    subnets = list(reversed(zones.values()))
    groups = [group.id for group in endpoint_groups(world, vpc) if not isinstance(group, Gap)]
    resources: dict[str, Any] = {}
    commands: list[str] = []
    group = "$GROUP"
    if groups:
        refs = [reference(known, "GroupId") for known in groups]
        group = " ".join(groups)
    else:
        resources, commands = _new_group(world, vpc, source)
        refs = [{"Fn::GetAtt": [next(iter(resources)), "GroupId"]}]
    properties = {
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [reference(subnet) for subnet in subnets],
        "SecurityGroupIds": refs,
    }
    command = (
        f"{_create(world, vpc, service)} --vpc-endpoint-type Interface --private-dns-enabled"
        f" --subnet-ids {' '.join(subnets)} --security-group-ids {group}"
    )
    return Mend(resources | _endpoint(world, service, vpc, properties, name), (*commands, command))


def _new_group(world: World, vpc: str, source: End) -> tuple[dict[str, Any], list[str]]:
    """Give a group for endpoints that lets the task's group in: the task's own would ask for a rule to itself."""
    name = _free(world.cloud.security_groups, _GROUP)
    group = next((known.id for known in source.groups or () if not isinstance(known, Gap)), None)
    cidr = str(source.subnet.cidr) if source.subnet is not None else "0.0.0.0/0"
    peer = {"SourceSecurityGroupId": reference(group, "GroupId")} if group else {"CidrIp": cidr}
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, **peer}
    properties = {"GroupDescription": "VPC endpoints", "VpcId": reference(vpc), "SecurityGroupIngress": [rule]}
    who = f"--source-group {group}" if group else f"--cidr {cidr}"
    make = "aws ec2 create-security-group --group-name vpc-endpoints --description 'VPC endpoints'"
    commands = [
        f"GROUP=$({make} --vpc-id {vpc} --query GroupId --output text)",
        f"aws ec2 authorize-security-group-ingress --group-id $GROUP --protocol tcp --port 443 {who}",
    ]
    return {name: {"Type": "AWS::EC2::SecurityGroup", "Properties": properties}}, commands


def _create(world: World, vpc: str, service: str) -> str:
    return f"aws ec2 create-vpc-endpoint --vpc-id {vpc} --service-name com.amazonaws.{world.cloud.region}.{service}"


def _endpoint(world: World, service: str, vpc: str, properties: Mapping[str, Any], name: str = "") -> dict[str, Any]:
    taken = world.cloud.interface_endpoints.keys() | world.cloud.gateway_endpoints.keys()
    name = name or _free(dict.fromkeys(taken), f"{word(service)}Endpoint")
    body = {
        "ServiceName": {"Fn::Sub": f"com.amazonaws.${{AWS::Region}}.{service}"},
        "VpcId": reference(vpc),
        **properties,
    }
    return {name: {"Type": "AWS::EC2::VPCEndpoint", "Properties": body}}


def _free(taken: Mapping[str, object], name: str) -> str:
    """Give a logical id that nothing of its kind has: merged into a template, it must replace nothing."""
    return name if name not in taken else next(f"{name}{n}" for n in range(2, 1000) if f"{name}{n}" not in taken)


def endpoint_groups(world: World, vpc: str) -> tuple[SecurityGroup | Gap, ...]:
    """Give the groups of another interface endpoint of the VPC, for a new one to share; () where there is none."""
    for endpoint in world.cloud.interface_endpoints.values():
        if endpoint.vpc == vpc and endpoint.groups:
            return world.groups(endpoint.groups, vpc)
    return ()


def put_on_tables(world: World, endpoint: GatewayEndpoint, table: RouteTable, source: End) -> Mend:
    """Give the change that puts a gateway endpoint on the route tables that it lacks for a service's tasks."""
    known = [other for other in endpoint.route_tables if isinstance(other, str)]
    lacking = [other.id for other in (table, *tables(world, source)) if not is_nameless(other)]
    lacking = [other for other in dict.fromkeys(lacking) if other not in known]
    properties = {"RouteTableIds": [reference(other) for other in (*known, *lacking)]}
    command = f"aws ec2 modify-vpc-endpoint --vpc-endpoint-id {endpoint.id} --add-route-table-ids {' '.join(lacking)}"
    return Mend({endpoint.id: {"Type": "AWS::EC2::VPCEndpoint", "Properties": properties}}, (command,))
