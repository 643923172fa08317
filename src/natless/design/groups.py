"""Security groups and their rules: the load balancer's, the tasks' and the endpoints', or a single one for all three.

Groups that name each other do so by standalone rules, as each must stand before the other can name it. Every rule
is a resource of its own, so that a finding or a diff can name it.
"""

from __future__ import annotations

from typing import Any

from natless.catalog.instances import DYNAMIC_PORTS_ASKED
from natless.design import names
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
_HTTPS = (443, 443)


def groups(spec: Spec, service: Service, *, s3: bool) -> list[Piece]:
    """Give the groups and their rules. `s3`: layers are fetched from S3 through its gateway endpoint."""
    return [*_groups(spec, service), *_ingress_rules(spec, service), *_task_rules(spec, service, s3=s3)]


def task_rules(spec: Spec, service: Service, *, s3: bool) -> tuple[str, ...]:
    """Give the ids of the rules without which a task cannot start or be reached by the load balancer."""
    return tuple(piece.id for piece in _task_rules(spec, service, s3=s3))


def fetching_rules(spec: Spec, service: Service, *, s3: bool) -> tuple[str, ...]:
    """Give the ids of those of the rules that image, logs and secrets are fetched by."""
    shared = _reaching(spec, service) if _same_rules(spec, service) else []
    return tuple(piece.id for piece in [*shared, *_fetching(spec, service, s3=s3)])


def _groups(spec: Spec, service: Service) -> list[Piece]:
    table = f"services.{service.name}"
    if spec.network.security_groups == "single":
        causes = ("network.security_groups", table)
        return [_group(names.SHARED_GROUP, "Load balancer, tasks and VPC endpoints", causes)]
    return [
        _group(names.ALB_GROUP, "Load balancer", (f"{table}.public", table)),
        *_own_groups(service, table),
        _group(names.ENDPOINT_GROUP, "VPC endpoints", (table,)),
    ]


def _own_groups(service: Service, table: str) -> list[Piece]:
    """Give the group of the tasks, and that of their instances: one of both where they share an interface."""
    ids, launch = ServiceIds(service), (f"{table}.launch", table)
    found = [] if behind_host(service) else [_group(ids.task_group, f"Tasks of {service.name}", (table,))]
    if service.launch.instances is not None:
        found.append(_group(ids.host_group, f"Instances of {service.name}", launch))
    return found


def _ports(service: Service) -> tuple[int, int]:
    """Give the ports at which the load balancer reaches the containers, first and last."""
    instances = service.launch.instances
    if instances is not None and instances.network_mode == "bridge":
        return DYNAMIC_PORTS_ASKED
    return service.port, service.port


def _ingress_rules(spec: Spec, service: Service) -> list[Piece]:
    """Give the rules that let the internet, or the given blocks, reach the load balancer."""
    table = f"services.{service.name}"
    group = GroupIds(spec, service).alb
    causes = ("network.ingress", f"{table}.public", table)
    return [
        _by_cidr(
            names.alb_ingress(number),
            "Ingress",
            group,
            cidr,
            _tcp((80, 80), f"HTTP from {'anywhere' if cidr == _ANYWHERE else cidr}"),
            causes=causes,
        )
        for number, cidr in enumerate(spec.network.ingress, 1)
    ]


def _task_rules(spec: Spec, service: Service, *, s3: bool) -> list[Piece]:
    """Give the rules between load balancer and tasks, and from the tasks to what they need in order to start."""
    return [*_reaching(spec, service), *_fetching(spec, service, s3=s3), *_calling(spec, service)]


def _reaching(spec: Spec, service: Service) -> list[Piece]:
    ids, group, ports = ServiceIds(service), GroupIds(spec, service), _ports(service)
    port = (f"services.{service.name}.port", f"services.{service.name}")
    return [
        _egress(ids.alb_to_task, group.alb, group.task, _tcp(ports, f"To {service.name}"), port),
        _ingress(ids.task_from_alb, group.task, group.alb, _tcp(ports, "From the ALB"), port),
    ]


def _same_rules(spec: Spec, service: Service) -> bool:
    """Say whether the load balancer's rules are the endpoints' as well: EC2 takes none twice.

    In a single group they are, for a container that listens on 443.
    """
    group = GroupIds(spec, service)
    return group.task == group.alb and _ports(service) == _HTTPS


def _fetching(spec: Spec, service: Service, *, s3: bool) -> list[Piece]:
    """Give the rules by which image, logs and secrets are fetched: by the task itself, or by its instance."""
    ids, group = ServiceIds(service), GroupIds(spec, service)
    causes, same = (f"services.{service.name}",), _same_rules(spec, service)
    pieces = []
    if spec.network.egress == "endpoints" and not same:
        what = _tcp(_HTTPS, "To VPC endpoints")
        pieces.append(_egress(ids.task_to_endpoints, group.fetching, group.endpoint, what, causes))
    if not same:
        what = _tcp(_HTTPS, f"From {service.name}")
        pieces.append(_ingress(ids.endpoints_from_task, group.endpoint, group.fetching, what, causes))
    if spec.network.egress == "endpoints" and s3:
        pieces.append(_task_to_s3(ids, group.fetching, causes))
    if spec.network.egress == "https":
        id_ = ids.task_to_anywhere if group.fetching == group.task else ids.host_to_anywhere
        pieces.append(_to_anywhere(id_, group.fetching, causes))
    return pieces


def _calling(spec: Spec, service: Service) -> list[Piece]:
    """Give the rule that lets the containers' own HTTPS out, where the network has such and none does yet.

    NAT gateways are for containers alone: what instances need, endpoints give.
    """
    ids, group, network = ServiceIds(service), GroupIds(spec, service), spec.network
    standing = network.egress == "https" and group.fetching == group.task
    if standing or not (network.nat or network.egress == "https"):
        return []
    return [_to_anywhere(ids.task_to_anywhere, group.task, (f"services.{service.name}",))]


def _to_anywhere(id_: str, group: str, causes: tuple[str, ...]) -> Piece:
    why = ("network.egress", "network.nat", *causes)
    return _by_cidr(id_, "Egress", group, _ANYWHERE, _tcp(_HTTPS, "HTTPS to anywhere"), causes=why)


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


def _task_to_s3(ids: ServiceIds, group: str, causes: tuple[str, ...]) -> Piece:
    # A gateway endpoint has no group: S3's own addresses must be let out.
    return resource(
        ids.task_to_s3,
        "AWS::EC2::SecurityGroupEgress",
        {
            "GroupId": attribute(group, "GroupId"),
            "DestinationPrefixListId": ref(names.S3_PREFIX_LIST),
            **_tcp(_HTTPS, "To S3: image layers"),
        },
        causes=causes,
    )
