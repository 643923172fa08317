"""Security groups and their rules: the load balancer's, the tasks' and the endpoints', or a single one for all three.

Groups that name each other do so by standalone rules, as each must stand before the other can name it. Every rule
is a resource of its own, so that a finding or a diff can name it.
"""

from __future__ import annotations

from typing import Any

from natless.catalog.instances import DYNAMIC_PORTS_ASKED
from natless.design import names
from natless.design.access import Ask, asks, gateways
from natless.design.balancer import public_causes, service_port
from natless.design.names import GroupIds, ServiceIds, behind_host
from natless.design.piece import Piece, attribute, name_tag, ref, resource
from natless.spec.model import Service, Spec

# CloudFormation leaves a group without inline egress EC2's allow-all egress, and standalone rules do not take it
# away. This rule, which lets nothing out that leaves the host, does (AWS CloudFormation User Guide,
# AWS::EC2::SecurityGroup, example 'Remove the default outbound rule').
_NO_TRAFFIC = [
    {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "Nothing: takes the place of allow-all egress"}
]
_ANYWHERE = "0.0.0.0/0"
# EC2 changes a rule's description by another call than CloudFormation's, which makes the rule anew: words that stay.
_GATEWAYS = {"s3": "To S3: image layers", "dynamodb": "To DynamoDB"}
_HTTPS = (443, 443)


def groups(spec: Spec) -> list[Piece]:
    """Give the groups and their rules."""
    return [*_groups(spec), *_ingress_rules(spec), *_all_task_rules(spec).values()]


def task_rules(spec: Spec, service: Service) -> tuple[str, ...]:
    """Give the ids of the rules without which a task cannot start or be reached by the load balancer."""
    standing = _all_task_rules(spec)
    return tuple(dict.fromkeys(standing[_content(piece)].id for piece in _task_rules(spec, service)))


def fetching_rules(spec: Spec, service: Service) -> tuple[str, ...]:
    """Give the ids of those of the rules that let the tasks, or their instances, ask AWS."""
    standing = _all_task_rules(spec)
    return tuple(dict.fromkeys(standing[_content(piece)].id for piece in _asking(spec, service)))


def _all_task_rules(spec: Spec) -> dict[str, Piece]:
    """Give all services' rules by what they say: in a single group several want the same, and EC2 takes it once."""
    found: dict[str, Piece] = {}
    for service in spec.services:
        for piece in _task_rules(spec, service):
            found.setdefault(_content(piece), piece)
    return found


def _content(piece: Piece) -> str:
    properties = {key: value for key, value in piece.body["Properties"].items() if key != "Description"}
    return repr((piece.body["Type"], sorted(properties.items())))


def _groups(spec: Spec) -> list[Piece]:
    tables = tuple(f"services.{service.name}" for service in spec.services)
    if spec.network.security_groups == "single":
        causes = ("network.security_groups", *tables)
        return [_group(names.SHARED_GROUP, "Load balancer, tasks and VPC endpoints", causes)]
    public = public_causes(spec)
    return [
        *([_group(names.ALB_GROUP, "Load balancer", public)] if public else []),
        *(group for service in spec.services for group in _own_groups(service)),
        _group(names.ENDPOINT_GROUP, "VPC endpoints", tables),
    ]


def _own_groups(service: Service) -> list[Piece]:
    """Give the group of the tasks, and that of their instances: one of both where they share an interface."""
    ids, table = ServiceIds(service), f"services.{service.name}"
    found = [] if behind_host(service) else [_group(ids.task_group, f"Tasks of {service.name}", (table,))]
    if service.launch.instances is not None:
        found.append(_group(ids.host_group, f"Instances of {service.name}", (f"{table}.launch", table)))
    return found


def _ingress_rules(spec: Spec) -> list[Piece]:
    """Give the rules that let the internet, or the given blocks, reach the load balancer."""
    public = public_causes(spec)
    causes = ("network.ingress", *public)
    ways = [("HTTP", 80, names.alb_ingress)]
    if spec.network.certificates:
        ways.append(("HTTPS", 443, names.https_ingress))
    return [
        _by_cidr(
            named(number),
            "Ingress",
            GroupIds(spec).alb,
            cidr,
            _tcp((port, port), f"{protocol} from {'anywhere' if cidr == _ANYWHERE else cidr}"),
            causes=causes,
        )
        for protocol, port, named in ways
        for number, cidr in enumerate(spec.network.ingress, 1)
        if public
    ]


def _task_rules(spec: Spec, service: Service) -> list[Piece]:
    """Give the rules between load balancer and tasks, and from the tasks to what they need in order to start."""
    groups_ = GroupIds(spec)
    balanced = _balanced(ServiceIds(service), groups_.alb, groups_.task(service), service) if service.public else []
    return [*balanced, *_calling(spec, service), *_asking(spec, service)]


def _calling(spec: Spec, service: Service) -> list[Piece]:
    """Give the rules from the tasks to those of the services that they call, and from their port back."""
    groups_, found = GroupIds(spec), []
    for callee in (other for other in spec.services if other.name in service.calls):
        caller, called = groups_.task(service), groups_.task(callee)
        ends = names.word(callee.name), names.word(service.name)
        ports = (service_port(callee), service_port(callee))
        causes = (f"services.{service.name}.calls", f"services.{service.name}")
        out, in_ = _tcp(ports, f"To {callee.name}"), _tcp(ports, f"From {service.name}")
        found += [
            _egress(f"{_own_group(service)}EgressCalls{ends[0]}", caller, called, out, causes),
            _ingress(f"{_own_group(callee)}IngressCalls{ends[1]}", called, caller, in_, causes),
        ]
    return found


def _own_group(service: Service) -> str:
    """Give what ids of rules of the tasks' group begin with, also where a single group stands for all."""
    ids = ServiceIds(service)
    return ids.host_group if behind_host(service) else ids.task_group


def _asking(spec: Spec, service: Service) -> list[Piece]:
    """Give the rules to AWS: of who fetches image, logs and secrets, and of the containers where that is another."""
    ids, groups_ = ServiceIds(service), GroupIds(spec)
    fetching, task = groups_.fetching(service), groups_.task(service)
    https = spec.network.egress == "https"
    asked = asks(spec, service)
    if fetching == task:
        anywhere = https or spec.network.nat
        return _to_aws(spec, asked, fetching, ids.fetching_group, ids.endpoints_from_task, anywhere=anywhere)
    # A NAT gateway is for containers alone: what their instances need, endpoints give.
    fetched = tuple(ask for ask in asked if ask.by != "task role")
    called = tuple(ask for ask in asked if ask.by == "task role")
    anywhere = https or spec.network.nat
    return [
        *_to_aws(spec, fetched, fetching, ids.fetching_group, ids.endpoints_from_task, anywhere=https),
        *_to_aws(spec, called, task, ids.task_group, ids.endpoints_from_caller, anywhere=anywhere),
        *([] if called or not anywhere else [_to_anywhere(service.name, task, ids.task_group)]),
    ]


def _to_aws(
    spec: Spec, asked: tuple[Ask, ...], group: str, named: str, arriving: str, *, anywhere: bool
) -> list[Piece]:
    """Give the rules of one group for what it asks: to the endpoints and back in there, to gateways, to anywhere.

    `named` is what their ids begin with, `arriving` the id of the endpoints' own.
    """
    if not asked:
        return []
    groups_, causes = GroupIds(spec), (f"services.{asked[0].service}",)
    closed, pieces = spec.network.egress == "endpoints", []
    if any(ask.kind == "interface" for ask in asked):
        if closed:
            what = _tcp(_HTTPS, "To VPC endpoints")
            pieces.append(_egress(f"{named}EgressEndpoints", group, groups_.endpoint, what, causes))
        from_tasks = _tcp(_HTTPS, f"From {asked[0].service}")
        pieces.append(_ingress(arriving, groups_.endpoint, group, from_tasks, causes))
    if closed:
        pieces += [_to_gateway(named, group, ask) for ask in gateways(asked)]
    return pieces + ([_to_anywhere(asked[0].service, group, named)] if anywhere else [])


def _to_anywhere(service: str, group: str, named: str) -> Piece:
    causes = ("network.egress", "network.nat", f"services.{service}")
    what = _tcp(_HTTPS, "HTTPS to anywhere")
    return _by_cidr(f"{named}EgressHttps", "Egress", group, _ANYWHERE, what, causes=causes)


def _balanced(ids: ServiceIds, alb: str, group: str, service: Service) -> list[Piece]:
    ports = _ports(service)
    causes = (f"services.{service.name}.port", f"services.{service.name}")
    return [
        _egress(ids.alb_to_task, alb, group, _tcp(ports, f"To {service.name}"), causes),
        _ingress(ids.task_from_alb, group, alb, _tcp(ports, "From the ALB"), causes),
    ]


def _ports(service: Service) -> tuple[int, int]:
    """Give the ports at which the load balancer reaches the containers, first and last."""
    instances = service.launch.instances
    if instances is not None and instances.network_mode == "bridge":
        return DYNAMIC_PORTS_ASKED
    return service_port(service), service_port(service)


def _group(id_: str, description: str, causes: tuple[str, ...]) -> Piece:
    # EC2 cannot change a description: another wording would replace the group, and with it what stands in it.
    return resource(
        id_,
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": description,
            "VpcId": ref(names.VPC),
            "SecurityGroupEgress": _NO_TRAFFIC,
            "Tags": name_tag(description.lower()),
        },
        causes=causes,
    )


def _tcp(ports: tuple[int, int], description: str) -> dict[str, Any]:
    first, last = ports
    return {"IpProtocol": "tcp", "FromPort": first, "ToPort": last, "Description": description}


def _by_cidr(id_: str, way: str, group: str, cidr: str, what: dict[str, Any], *, causes: tuple[str, ...]) -> Piece:
    properties = {"GroupId": attribute(group, "GroupId"), "CidrIp": cidr, **what}
    return resource(id_, f"AWS::EC2::SecurityGroup{way}", properties, causes=causes)


def _egress(id_: str, group: str, peer: str, what: dict[str, Any], causes: tuple[str, ...]) -> Piece:
    ends = {"GroupId": attribute(group, "GroupId"), "DestinationSecurityGroupId": attribute(peer, "GroupId")}
    return resource(id_, "AWS::EC2::SecurityGroupEgress", ends | what, causes=causes)


def _ingress(id_: str, group: str, peer: str, what: dict[str, Any], causes: tuple[str, ...]) -> Piece:
    ends = {"GroupId": attribute(group, "GroupId"), "SourceSecurityGroupId": attribute(peer, "GroupId")}
    return resource(id_, "AWS::EC2::SecurityGroupIngress", ends | what, causes=causes)


def _to_gateway(named: str, group: str, ask: Ask) -> Piece:
    # A gateway endpoint has no group: the service's own addresses must be let out.
    return resource(
        f"{named}Egress{names.word(ask.endpoint)}",
        "AWS::EC2::SecurityGroupEgress",
        {
            "GroupId": attribute(group, "GroupId"),
            "DestinationPrefixListId": ref(names.prefix_list(ask.endpoint)),
            **_tcp(_HTTPS, _GATEWAYS[ask.endpoint]),
        },
        causes=ask.causes,
    )
