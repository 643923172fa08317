"""Security groups and their rules: the load balancer's, the tasks' and the endpoints'.

Groups that name each other do so by standalone rules, as each must stand before the other can name it. Every rule
is a resource of its own, so that a finding or a diff can name it.
"""

from __future__ import annotations

from typing import Any

from natless.design import names
from natless.design.names import ServiceIds
from natless.design.piece import Piece, attribute, name_tag, ref, resource
from natless.spec.model import Service

# CloudFormation leaves a group without inline egress EC2's allow-all egress, and standalone rules do not take it
# away. This rule, which lets nothing out that leaves the host, does (AWS CloudFormation User Guide,
# AWS::EC2::SecurityGroup, example 'Remove the default outbound rule').
_NO_TRAFFIC = [
    {"IpProtocol": "-1", "CidrIp": "127.0.0.1/32", "Description": "Nothing: takes the place of allow-all egress"}
]


def groups(service: Service, *, s3: bool) -> list[Piece]:
    """Give the three groups and their rules. `s3`: the tasks reach S3 through its gateway endpoint."""
    ids = ServiceIds(service)
    table = f"services.{service.name}"
    port = (f"{table}.port", table)
    pieces = [
        _group(names.ALB_GROUP, "Load balancer", (f"{table}.public", table)),
        _group(ids.task_group, f"Tasks of {service.name}", (table,)),
        _group(names.ENDPOINT_GROUP, "VPC endpoints", (table,)),
        _internet_to_alb((f"{table}.public", table)),
        _egress(ids.alb_to_task, names.ALB_GROUP, ids.task_group, _tcp(service.port, f"To {service.name}"), port),
        _ingress(ids.task_from_alb, ids.task_group, names.ALB_GROUP, _tcp(service.port, "From the ALB"), port),
        _egress(ids.task_to_endpoints, ids.task_group, names.ENDPOINT_GROUP, _tcp(443, "To VPC endpoints"), (table,)),
        _ingress(
            ids.endpoints_from_task, names.ENDPOINT_GROUP, ids.task_group, _tcp(443, f"From {service.name}"), (table,)
        ),
    ]
    return [*pieces, _task_to_s3(ids, (table,))] if s3 else pieces


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


def _tcp(port: int, description: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "Description": description}


def _internet_to_alb(causes: tuple[str, ...]) -> Piece:
    return resource(
        names.ALB_FROM_INTERNET,
        "AWS::EC2::SecurityGroupIngress",
        {"GroupId": attribute(names.ALB_GROUP, "GroupId"), "CidrIp": "0.0.0.0/0", **_tcp(80, "HTTP from anywhere")},
        causes=causes,
    )


def _egress(id_: str, group: str, peer: str, what: dict[str, Any], causes: tuple[str, ...]) -> Piece:
    ends = {"GroupId": attribute(group, "GroupId"), "DestinationSecurityGroupId": attribute(peer, "GroupId")}
    return resource(id_, "AWS::EC2::SecurityGroupEgress", ends | what, causes=causes)


def _ingress(id_: str, group: str, peer: str, what: dict[str, Any], causes: tuple[str, ...]) -> Piece:
    ends = {"GroupId": attribute(group, "GroupId"), "SourceSecurityGroupId": attribute(peer, "GroupId")}
    return resource(id_, "AWS::EC2::SecurityGroupIngress", ends | what, causes=causes)


def _task_to_s3(ids: ServiceIds, causes: tuple[str, ...]) -> Piece:
    # A gateway endpoint has no group: S3's own addresses must be let out.
    return resource(
        ids.task_to_s3,
        "AWS::EC2::SecurityGroupEgress",
        {
            "GroupId": attribute(ids.task_group, "GroupId"),
            "DestinationPrefixListId": ref(names.S3_PREFIX_LIST),
            **_tcp(443, "To S3: image layers"),
        },
        causes=causes,
    )
